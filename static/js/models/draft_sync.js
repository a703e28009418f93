import { countCharacters } from "./message_length.js"
import { TRANSIENT_ERRORS } from "./retry.js"

// The server gets what is typed once in this time at most; and what another device wrote waits so long for typing to end.
export const SAVE_MS = 3000
const TYPING_MS = 5000

/**
 * Keeps a Draft and the server's in step, one request at a time. What is typed here is never replaced: where another device
 * has written something else meanwhile, `onConflict` is called with that, and with null once the person has decided by
 * `keepMine` or `takeTheirs`. `onAdopt` is called when the draft has become what another device wrote.
 *
 * `save({body, reply_to, version})` and `read()` resolve with the server's draft, `remove(version)` with nothing; all reject
 * with {code, draft?, retry_after?}.
 */
export class DraftSync {
  conflict = null

  constructor({ draft, save, remove, read, maxLength, onAdopt = () => {}, onConflict = () => {}, schedule = (run, after) => setTimeout(run, after), now = Date.now }) {
    Object.assign(this, { draft, save, remove, read, maxLength, onAdopt, onConflict, schedule, now })
    this.typedAt = -Infinity
    // What the page before sent as it was left may have come or not.
    this.unsure = draft.sent !== null
  }

  /** Notes that the person has typed. */
  typed() {
    this.typedAt = this.now()
    this.saveSoon()
  }

  saveSoon(after = SAVE_MS) {
    if (this.waiting || !this.draft.dirty) return
    this.waiting = true
    this.schedule(() => {
      this.waiting = false
      this.push()
    }, after)
  }

  /** Sends what the server hasn't got, at once. */
  async push() {
    const { draft } = this
    if (this.unsure && !this.busy) await this.#ask()
    if (this.busy || this.conflict || !draft.dirty || countCharacters(draft.newText) > this.maxLength) return
    this.busy = true
    const { changes } = draft
    try {
      const version = await this.#send()
      draft.see(version, draft.changes === changes)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.busy = false
    }
    const { heard } = this
    this.heard = null
    if (heard) this.receive(heard)
    if (draft.dirty && draft.changes !== changes) this.saveSoon()
  }

  async #ask() {
    this.busy = true
    const theirs = await this.read().catch(() => null)
    this.busy = false
    if (!theirs) return
    this.unsure = false
    this.receive(theirs)
  }

  async #send() {
    const { draft } = this
    if (draft.empty) {
      await this.remove(draft.version)
      return 0
    }
    draft.noteSent()
    const answer = await this.save({ body: draft.newText, reply_to: draft.reply?.id ?? null, version: draft.version })
    return answer.version
  }

  #onError(error) {
    if (error.code === "conflict" && error.draft) this.heard = error.draft
    else if (TRANSIENT_ERRORS.has(error.code) && error.code !== "offline") this.saveSoon((error.retry_after ?? 10) * 1000)
  }

  /** Takes the server's draft as it is now. */
  receive(theirs) {
    const { draft } = this
    if (this.busy) {
      if (!this.heard || !theirs.version || theirs.version > this.heard.version) this.heard = theirs
      return
    }
    if (theirs.version === draft.version || (theirs.version && theirs.version < draft.version)) return
    if (this.conflict) this.#setConflict(null)
    const mine = { text: draft.newText, reply: draft.reply?.id ?? null }
    if (isSame(theirs, mine)) return draft.see(theirs.version, true)
    if (!draft.dirty) return this.#adoptInTime(theirs)
    if (!theirs.version || isSame(theirs, draft.sent)) {
      // Gone, or what this device wrote before: what it has now comes behind that.
      draft.see(theirs.version, false)
      this.saveSoon()
    } else if (draft.empty) this.#adopt(theirs)
    else this.#setConflict(theirs)
  }

  /** Adopts at once, or when the person has stopped typing. */
  #adoptInTime(theirs) {
    const rest = this.typedAt + TYPING_MS - this.now()
    if (rest > 0) this.schedule(() => this.receive(theirs), rest)
    else this.#adopt(theirs)
  }

  #adopt(theirs) {
    this.draft.adopt(theirs)
    this.onAdopt()
  }

  #setConflict(theirs) {
    this.conflict = theirs
    this.onConflict(theirs)
  }

  keepMine() {
    const { conflict } = this
    this.#setConflict(null)
    this.draft.see(conflict.version, false)
    return this.push()
  }

  takeTheirs() {
    const { conflict } = this
    this.#setConflict(null)
    this.#adopt(conflict)
  }
}

function isSame({ body, reply_to }, own) {
  return own !== null && body === own.text && (reply_to?.id ?? null) === own.reply
}
