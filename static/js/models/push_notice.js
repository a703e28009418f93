const MAX_CLOSED = 20

/**
 * What a push becomes on the device: the title and the options of the one notification of its room, which takes the place of
 * that before it, and the tags of those to close because they were read elsewhere. A push always shows something: browsers
 * end subscriptions that don't.
 */
export function noticeOf(payload) {
  const told = payload && typeof payload === "object" ? payload : {}
  const tag = text(told.tag)
  const options = {
    body: text(told.body),
    tag,
    // With a tag, a device that shows the notification already would say nothing.
    renotify: tag !== "",
    data: { room: text(told.room), url: text(told.url) || "/" },
  }
  const at = Date.parse(text(told.at))
  if (!Number.isNaN(at)) options.timestamp = at
  return { title: titleOf(told), options, closed: tagsOf(told.read).filter((one) => one !== tag) }
}

function titleOf({ title, count }) {
  const named = text(title) || "Something new"
  return Number.isInteger(count) && count > 1 ? `${named} (${count})` : named
}

function tagsOf(list) {
  return Array.isArray(list) ? list.map(text).filter(Boolean).slice(0, MAX_CLOSED) : []
}

function text(value) {
  return typeof value === "string" ? value : ""
}
