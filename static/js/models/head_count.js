/**
 * How many of a room's members are here and away. The lists beside the talk say it, but for a large room: there the
 * server tells a number and no names.
 */
export class HeadCount {
  constructor(members) {
    this.members = members
    this.online = null
  }

  /** The ack of a join: in a room that tells names, mine is among them. */
  joined({ online, room }) {
    this.members = room.members
    this.online = online.length ? null : room.online
  }

  get large() {
    return this.online !== null
  }

  /** `{here, away}`; `listed` are those of the lists. */
  counts(listed) {
    if (!this.large) return listed
    const here = Math.min(this.online, this.members)
    return { here, away: this.members - here }
  }
}
