/**
 * A room's log on this page: yields each event once, in the order of `seq`, whether it came live or by a sync.
 * An event beyond a gap is held until the gap is filled.
 */
export class RoomLog {
  constructor({ seq, epoch }) {
    this.seq = seq
    this.epoch = epoch
    this.held = new Map()
  }

  /** Takes an event; returns those that can be applied now, in order: none, this one, or this one and held ones. */
  receive(entry) {
    if (entry.data.seq > this.seq) this.held.set(entry.data.seq, entry)
    return this.#release()
  }

  receiveAll(entries) {
    return entries.flatMap((entry) => this.receive(entry))
  }

  /** Whether events are known to be missing: one is held, or the server's `head` is beyond `seq`. */
  isBehind(head = this.seq) {
    return this.held.size > 0 || head > this.seq
  }

  #release() {
    const ready = []
    while (this.held.has(this.seq + 1)) {
      this.seq += 1
      ready.push(this.held.get(this.seq))
      this.held.delete(this.seq)
    }
    return ready
  }
}
