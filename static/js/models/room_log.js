/**
 * A room's log as this page has it: applies each event once, in the order of `seq`, whether it came live or by a sync.
 * An event beyond a hole is held until the hole is filled.
 */
export class RoomLog {
  constructor({ seq, epoch }) {
    this.seq = seq
    this.epoch = epoch
    this.held = new Map()
  }

  /** The events that can be applied now, in order: none, this one, or this one and those it was holding up. */
  receive(entry) {
    if (entry.data.seq > this.seq) this.held.set(entry.data.seq, entry)
    return this.#release()
  }

  receiveAll(entries) {
    return entries.flatMap((entry) => this.receive(entry))
  }

  /** Whether something is known to be missing: an event behind a hole, or a head beyond what is here. */
  misses(head = this.seq) {
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
