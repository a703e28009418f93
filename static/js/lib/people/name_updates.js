import { connection } from "../connection/connection.js"
import { part } from "../page/dom.js"
import { me } from "../page/me.js"
import { renderAvatar } from "./avatar.js"
import { renderName, renderUsername } from "./names.js"
import { presence } from "./presence.js"
import { renderStatus } from "./status.js"

/** Updates a person's new name, picture, status and availability wherever the page shows it: messages, quotes, members, and the reader's own in the sidebar. */
export function followNameUpdates() {
  const update = (user) => {
    const username = CSS.escape(user.username)
    for (const row of document.querySelectorAll(`.message[data-user="${username}"], .member[data-user="${username}"]`)) updateRow(row, user)
    for (const name of document.querySelectorAll(`[data-part=quote-name][title="@${username}"]`)) updateQuote(name, user)
    for (const dot of document.querySelectorAll(`.side-mark [data-presence="${username}"]`)) renderAvatar(dot.parentElement, user)
    if (user.username === me) updateOwnName(user)
    renderStatus(user)
  }
  connection.on("user-updated", update)
  presence.on("refreshed", update)
}

function updateRow(row, user) {
  renderName(row, user)
  if (part(row, "handle")) renderUsername(part(row, "handle"), user)
  renderAvatar(part(row, "avatar"), user)
}

function updateQuote(name, user) {
  name.textContent = user.display_name
  renderUsername(part(name.parentElement, "quote-username"), user)
}

function updateOwnName(user) {
  const footer = document.querySelector(".sidebar-me")
  footer.querySelector(".me-name").textContent = user.display_name
  renderAvatar(part(footer, "avatar"), user)
}
