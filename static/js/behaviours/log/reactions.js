import { connection } from "../../lib/connection/connection.js"
import { withModule } from "../../lib/page/later.js"
import { toast } from "../../lib/page/toast.js"
import { distinctName } from "../../lib/people/names.js"
import { announce } from "../../lib/room/announce.js"
import { noteUse } from "../../lib/room/frequent_emoji.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { canReact, forgetMissed, noteMissed, noteName, reactionsOf, renderReactions } from "../../lib/room/reactions.js"
import { room } from "../../lib/room/room.js"

const GATHER_MS = 1500

/** Shows reactions as the room's log has them, and puts the reader's own: by a press, the palette, `+` or a double click. */
export function mount(element) {
  room.on("reaction-added", (data) => receive(data, true))
  room.on("reaction-removed", (data) => receive(data, false))
  room.on("message-edited", ({ id }) => forgetMissed(id))
  room.on("message-deleted", ({ id }) => forgetMissed(id))
  connection.on("user-updated", (user) => rename(element, user))

  element.addEventListener("click", (event) => {
    const chip = event.target.closest(".reaction")
    if (!chip) return
    event.preventDefault()
    const row = chip.closest(".message")
    if (chip.ariaDisabled || chip.dataset.held) delete chip.dataset.held
    else if (chip.name) toggle(row, chip.value)
    else choose(row)
  })
  if (!canReact) return
  messagePane.on("react", choose)
  element.addEventListener("keydown", (event) => {
    const row = event.target.closest(".message[data-id]")
    if (event.key !== "+" || event.ctrlKey || event.metaKey || !row) return
    event.preventDefault()
    choose(row)
  })
  element.addEventListener("dblclick", onDoubleClick)
}

function receive(data, added) {
  noteName(data.user)
  const row = messagePane.list.row(data.message)
  if (!row) return noteMissed(data, added)
  change(row, (state) => state.receive(data, added))
  if (added && row.dataset.user === room.me.username && data.user.username !== room.me.username) announceToMe(data)
}

async function choose(row) {
  if (row.classList.contains("deleted")) return
  const emoji = await withModule(() => import("../../lib/room/emoji_palette.js"), ({ chooseEmoji }) => chooseEmoji(row))
  if (emoji && !reactionsOf(row).shown().find((entry) => entry.emoji === emoji)?.mine) toggle(row, emoji)
}

function onDoubleClick(event) {
  const row = event.target.closest(".message[data-id]:not(.deleted)")
  const emoji = room.double_click_reaction
  if (!emoji || !row || event.target.closest("a, button, .palette")) return
  // The word that the double click selected.
  getSelection().removeAllRanges()
  toggle(row, emoji)
}

/** Shows a press at once, and sends what was pressed last until the server has it; what it refuses goes back. */
async function toggle(row, emoji) {
  const state = reactionsOf(row)
  change(row, () => state.press(emoji) && noteUse(emoji))
  if (state.sending.has(emoji)) return
  state.sending.add(emoji)
  let sent
  while (state.wanted(emoji) !== undefined && state.wanted(emoji) !== sent) {
    sent = state.wanted(emoji)
    await send(row, emoji, sent)
  }
  state.sending.delete(emoji)
}

async function send(row, emoji, wanted) {
  const id = Number(row.dataset.id)
  try {
    await (wanted ? connection.request("react", { id, emoji }) : connection.request("unreact", { id, emoji }))
    change(row, (state) => state.answered(emoji, wanted))
  } catch (error) {
    // Where it was stored all the same, the room's log says so once the page is connected again.
    if (reactionsOf(row).wanted(emoji) !== wanted) return
    change(row, (state) => state.revert(emoji))
    toast(`${wanted ? "Not added" : "Not taken back"}: ${error.detail}`)
  }
}

/** Changes a row's reactions; who is at the bottom stays there, and nothing moves under anybody else. */
function change(row, apply) {
  const { scroller } = messagePane
  const update = () => {
    apply(reactionsOf(row))
    renderReactions(row)
  }
  if (scroller.pinned) scroller.follow(update)
  else scroller.keepPlace(update)
}

/** Says a person's new name, once the page's other listeners show it. */
function rename(element, user) {
  noteName(user)
  queueMicrotask(() => {
    const chips = element.querySelectorAll(`.reaction[data-users~="${CSS.escape(user.username)}"]`)
    for (const row of new Set([...chips].map((chip) => chip.closest(".message")))) renderReactions(row)
  })
}

let waiting = []
let timer = null

/** Has a screen reader say who reacted to the reader's messages, gathered over GATHER_MS. */
function announceToMe({ user, emoji }) {
  waiting.push(`${distinctName(user)} reacted with ${emoji} to your message`)
  timer ??= setTimeout(() => {
    announce(waiting.length > 2 ? `${waiting.length} reactions to your messages` : waiting.join(". "))
    waiting = []
    timer = null
  }, GATHER_MS)
}
