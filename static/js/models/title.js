/** "(3) workshop · Northside": a tab's title with the number of unread messages. */
export function titleWithCount(title, unread) {
  return unread ? `(${unread > 99 ? "99+" : unread}) ${title}` : title
}
