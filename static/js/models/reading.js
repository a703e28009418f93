/** How far I have read, and what has come since. Only what was shown at the bottom of a page that I look at counts as read. */
export class Reading {
  constructor({ me, seq = 0 }) {
    this.me = me
    this.read = seq
    this.unread = 0
    this.firstUnread = null
  }

  /** A message came; true where it is the first that I haven't seen. */
  arrived(message, looking) {
    if (looking || message.sender.username === this.me) return false
    this.unread += 1
    if (this.firstUnread !== null) return false
    this.firstUnread = message.seq
    return true
  }

  /** What to tell the server when I look at the end of the log: the seq, or null where it knows already. */
  seen(head) {
    this.unread = 0
    this.firstUnread = null
    if (head <= this.read) return null
    this.read = head
    return head
  }
}

/** "(3) workshop · Northside" for the tab. */
export function title(plain, unread) {
  return unread ? `(${unread > 99 ? "99+" : unread}) ${plain}` : plain
}
