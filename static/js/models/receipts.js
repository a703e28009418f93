/**
 * How far the other people of a small room have read: {user, read_seq} by username. Each is shown at one message, the last
 * one that they have read.
 */
export class Receipts {
  #receipts = new Map()

  /** Takes all receipts there are; those of others are gone. */
  reset(receipts) {
    this.#receipts = new Map(receipts.map((receipt) => [receipt.user.username, receipt]))
  }

  /** Takes a newer receipt of somebody; one that comes late takes nothing back. The place 0 is of who shows none any more. */
  apply(receipt) {
    const { username } = receipt.user
    if (receipt.read_seq === 0) this.remove(username)
    else if (receipt.read_seq >= (this.#receipts.get(username)?.read_seq ?? 0)) this.#receipts.set(username, receipt)
  }

  remove(username) {
    this.#receipts.delete(username)
  }

  /**
   * The people to show, by the index of their row. `rows` are {seq, user}, oldest first, of which the last is the room's
   * newest message where `complete`. Nobody is shown at a message of their own, and nobody whose last one isn't among the rows.
   */
  place(rows, { complete = true } = {}) {
    const shown = new Map()
    for (const { user, read_seq: seq } of this.#receipts.values()) {
      const index = lastUpTo(rows, seq)
      if (index < 0 || rows[index].user === user.username) continue
      if (!complete && index === rows.length - 1 && rows[index].seq < seq) continue
      shown.set(index, [...(shown.get(index) ?? []), user])
    }
    return shown
  }
}

/** Binary search: the index of the last row whose seq isn't beyond `seq`; -1 where all are. */
function lastUpTo(rows, seq) {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle].seq <= seq) low = middle + 1
    else high = middle
  }
  return low - 1
}
