/**
 * How many members of a room are here and away. The lists beside the messages are counted, but for a large room: of that
 * the server sends the number of those who are online and no names.
 */
export class MemberCount {
  constructor(members) {
    this.members = members
    this.online = null
  }

  /** Takes the ack of a join; a room that sends names has at least the reader's among them. */
  joined({ online, room }) {
    this.members = room.members
    this.online = online.length ? null : room.online
  }

  get large() {
    return this.online !== null
  }

  /** Returns {here, away}; `listed` has the lengths of the lists in the same shape. */
  counts(listed) {
    if (!this.large) return listed
    const here = Math.min(this.online, this.members)
    return { here, away: this.members - here }
  }
}
