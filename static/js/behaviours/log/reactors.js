import { get } from "../../lib/connection/rest.js"
import { showEmoji } from "../../lib/emoji/site_emoji.js"
import { me } from "../../lib/page/me.js"
import { distinctName } from "../../lib/people/names.js"
import { nameOf } from "../../lib/room/reactions.js"
import { joined } from "../../models/reactions.js"

const HOVER_MS = 250
const LONG_PRESS_MS = 450
const MAX_LISTED = 50

/** Shows who reacted: to a pointer that rests on a reaction, to the keyboard's focus, and by a long press. */
export function mount(element) {
  const card = document.createElement("span")
  card.className = "reactors"
  card.setAttribute("aria-hidden", "true")
  let timer = null

  const hide = () => {
    clearTimeout(timer)
    card.remove()
  }
  const show = (chip) => {
    fill(card, chip, usersOf(chip).map((username) => [username, nameOf(username)]))
    place(card, chip, element)
    if (isPartial(chip)) loadNames(chip, card)
  }
  const showAfter = (delay, chip, held) => {
    hide()
    timer = setTimeout(() => {
      // The click that ends a long press is none.
      if (held) chip.dataset.held = "true"
      if (held || chip.matches(":hover")) show(chip)
    }, delay)
  }

  for (const chip of element.querySelectorAll(".reaction[title][name]")) chip.removeAttribute("title")
  element.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return
    const chip = chipOf(event)
    if (chip && !chip.contains(card)) showAfter(HOVER_MS, chip)
    else if (!chip) hide()
  })
  element.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide())
  // A press gives the focus, too: what the pointer shows stays.
  element.addEventListener("focusin", (event) => chipOf(event)?.matches(":focus-visible") && show(chipOf(event)))
  element.addEventListener("focusout", hide)
  element.addEventListener("pointerdown", (event) => {
    const chip = chipOf(event)
    if (!chip) return
    delete chip.dataset.held
    if (event.pointerType !== "touch") return
    showAfter(LONG_PRESS_MS, chip, true)
  })
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, (event) => event.pointerType === "touch" && clearTimeout(timer))
  // After the listener that changes what is pressed.
  element.addEventListener("click", () => setTimeout(() => card.isConnected && show(card.parentElement)))
  element.addEventListener("scroll", () => card.remove(), { passive: true })
  document.addEventListener("pointerdown", (event) => !chipOf(event) && hide())
}

const chipOf = (event) => event.target.closest?.(".reaction[name]")
const usersOf = (chip) => chip.dataset.users.split(" ").filter(Boolean)
const countOf = (chip) => Number(chip.querySelector("[data-part=count]").textContent)
const isPartial = (chip) => countOf(chip) > usersOf(chip).length

/** Writes "You, Ada, Ben and 3 others reacted with 👍": the reader first, then `people` ([username, name]). */
function fill(card, chip, people) {
  const others = people.filter(([username]) => username !== me).map(([, name]) => name)
  const names = chip.getAttribute("aria-pressed") === "true" ? ["You", ...others] : others
  const emoji = document.createElement("span")
  emoji.className = "reactors-emoji"
  showEmoji(emoji, chip.value)
  card.replaceChildren(`${joined(names, countOf(chip))} reacted with `, emoji)
}

async function loadNames(chip, card) {
  try {
    const id = chip.closest(".message").dataset.id
    const { results } = await get(`/message/${id}/reaction`, { emoji: chip.value, limit: MAX_LISTED })
    if (card.parentElement === chip) fill(card, chip, results.map(({ user }) => [user.username, distinctName(user)]))
  } catch {
    // The first names stay.
  }
}

/** Puts the card at a reaction: above it, or below where that is out of the log; from the side that has room. */
function place(card, chip, element) {
  const [box, pane] = [chip.getBoundingClientRect(), element.getBoundingClientRect()]
  card.classList.toggle("below", box.top - pane.top < 120)
  const onRight = box.left + box.width / 2 > pane.left + pane.width / 2
  card.classList.toggle("from-end", onRight !== (getComputedStyle(element).direction === "rtl"))
  chip.append(card)
}
