/** Older ones come after a pause of the server, and startle nobody any more. */
const MAX_AGE_MS = 60_000

/** What sounds there are: notes of each, as [hertz, seconds from the beginning]. */
export const SOUNDS = {
  none: [],
  knock: [[180, 0], [150, 0.12]],
  bell: [[880, 0], [1320, 0.08]],
  drop: [[660, 0], [440, 0.1], [550, 0.2]],
}

/** Lets each message alert once, and none that was read meanwhile. */
export class Alerts {
  #last = new Map()
  #read = new Map()

  /** Whether an alert is new. The server tells at least once. */
  accept({ room, message_seq: seq, at }, now = Date.now()) {
    if (seq <= (this.#last.get(room) ?? 0)) return false
    this.#last.set(room, seq)
    return now - Date.parse(at) < MAX_AGE_MS
  }

  /** Notes how far a room was read, on whichever device. */
  noteRead({ room, read_seq: seq }) {
    this.#read.set(room, seq)
  }

  isRead({ room, message_seq: seq }) {
    return seq <= (this.#read.get(room) ?? 0)
  }
}

/** The title of a notification: who, and where, unless the room is just the two. */
export function titleOf({ user, room_name: name }) {
  return name ? `${user.display_name} · #${name}` : user.display_name
}
