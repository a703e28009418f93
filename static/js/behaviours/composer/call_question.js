import { ask } from "../../lib/page/question.js"
import { part } from "../../lib/page/dom.js"
import { room } from "../../lib/room/room.js"
import { callIn } from "../../models/call.js"

/** Asks before a message calls many people: `room.calls` has whether the reader may, and above how many it asks. */
export function mount(form) {
  let confirmed = false
  const onSubmit = async (event) => {
    const call = callIn(part(form, "text").value)
    if (confirmed || !call || !room.calls.may || room.info.members <= room.calls.ask_above) {
      confirmed = false
      return
    }
    event.preventDefault()
    // Before the composer, which would send it.
    event.stopImmediatePropagation()
    const people = call === "room" ? `all ${room.info.members} people` : `everybody who is online, of ${room.info.members} people`
    confirmed = await ask({ question: `Call ${people} in this room?`, detail: "Each of them is told, wherever they are.", yes: "Send", danger: false })
    if (confirmed) form.requestSubmit()
    part(form, "text").focus()
  }
  form.addEventListener("submit", onSubmit, { capture: true })
}
