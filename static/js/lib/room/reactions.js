import { byWhom, labelOf, Reactions } from "../../models/reactions.js"
import { get } from "../connection/rest.js"
import { showEmoji } from "../emoji/site_emoji.js"
import { cloneTemplate, part } from "../page/dom.js"
import { me } from "../page/me.js"
import { isLookalike } from "../people/names.js"
import { displayNameOf } from "./members.js"
import { insertPart } from "./message_parts.js"

// Messages that aren't loaded whose events are kept.
const MAX_MISSED = 200

/** Whether the reader may react in this room, and whether they may take back what they gave: its page has the form for it. */
const form = document.getElementById("reaction-form")
export const canReact = form?.dataset.mayAdd !== undefined
const canTakeBack = Boolean(form)
const template = document.getElementById("reactions-template")
const states = new WeakMap()
const names = new Map()
// Events, in order, of messages that have no row: a page of older ones may be on its way that doesn't have them.
const missed = new Map()

/** The reactions of a row; of a row that the server rendered, what it has. */
export function reactionsOf(row) {
  if (!states.has(row)) states.set(row, new Reactions(me, [...row.querySelectorAll(".reaction[name]")].map(entryOf)))
  return states.get(row)
}

/** Takes the reactions of a message into its row, as it is built or changes. */
export function fillReactions(row, message) {
  const state = reactionsOf(row)
  if (message.deleted) state.clear()
  else state.load(message.reactions ?? [])
  for (const { data, added } of missed.get(message.id) ?? []) state.receive(data, added)
  missed.delete(message.id)
  renderReactions(row)
  if (state.unsure) askWhetherMine(row, state)
}

/** Keeps an event of a message that has no row. */
export function noteMissed(data, added) {
  missed.set(data.message, [...(missed.get(data.message) ?? []), { data, added }])
  if (missed.size > MAX_MISSED) missed.delete(missed.keys().next().value)
}

/** Forgets the events of a message before it was changed: the change has them. */
export function forgetMissed(message) {
  missed.delete(message)
}

export function renderReactions(row) {
  const shown = reactionsOf(row).shown()
  const bar = part(row, "reactions") ?? (shown.length ? addBar(row) : null)
  if (!bar) return
  const chips = new Map([...bar.querySelectorAll(".reaction[name]")].map((chip) => [chip.value, chip]))
  const kept = new Set(shown.map(({ emoji }) => emoji))
  for (const [emoji, chip] of chips) if (!kept.has(emoji)) removeChip(row, chip)
  if (!shown.length) return bar.remove()
  shown.forEach((entry, place) => {
    const chip = chips.get(entry.emoji) ?? buildChip(row)
    if (bar.children[place] !== chip) bar.insertBefore(chip, bar.children[place] ?? null)
    fillChip(chip, entry)
  })
}

/** Takes the name of somebody who reacted, of whom the page may show nothing else. */
export function noteName({ username, display_name }) {
  names.set(username, display_name)
}

/** A person's name as the page knows it; the username behind it where the name looks like another's. */
export function nameOf(username) {
  const shown = displayNameOf(username)
  const name = shown === username ? (names.get(username) ?? username) : shown
  return isLookalike(username) && name !== username ? `${name} @${username}` : name
}

function entryOf(chip) {
  const users = chip.dataset.users.split(" ").filter(Boolean)
  return { emoji: chip.value, count: Number(part(chip, "count").textContent), users, mine: chip.getAttribute("aria-pressed") === "true" }
}

function addBar(row) {
  const bar = cloneTemplate(template)
  bar.querySelector(".reaction[name]").remove()
  insertPart(row, "reactions", bar)
  return bar
}

function buildChip(row) {
  const chip = cloneTemplate(template).querySelector(".reaction[name]")
  chip.removeAttribute("title")
  if (canTakeBack) chip.formAction = `${part(row, "link").getAttribute("href")}/reaction`
  return chip
}

function fillChip(chip, { emoji, count, users, mine }) {
  chip.value = emoji
  chip.dataset.users = users.join(" ")
  showEmoji(chip.querySelector(".reaction-emoji"), emoji)
  part(chip, "count").textContent = count
  const pressable = canReact || (mine && canTakeBack)
  if (pressable) chip.removeAttribute("aria-disabled")
  else chip.setAttribute("aria-disabled", "true")
  chip.setAttribute("aria-pressed", String(mine))
  chip.setAttribute("aria-label", labelOf(emoji, byWhom(users.map(nameOf), count), mine, pressable))
}

function removeChip(row, chip) {
  if (chip.contains(document.activeElement)) row.focus({ preventScroll: true })
  chip.remove()
}

async function askWhetherMine(row, state) {
  try {
    const { results } = await get(`/message/${row.dataset.id}/reaction`, { user: me, limit: 20 })
    state.own(results.map(({ emoji }) => emoji))
    renderReactions(row)
  } catch {
    // It counts as not the reader's: a press puts it there, which changes nothing if it was.
  }
}
