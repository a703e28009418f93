/**
 * Opens the page's websocket, and asks to be let in, while the scripts that will speak by it are on their way:
 * lib/connection/connection.js takes it over. It runs as soon as it is here, so it is short, a script of its own, and no module.
 */
{
  // Who comes first out of a cache may be main.js; it opens one itself then.
  const late = "scripted" in document.documentElement.dataset
  // As lib/connection/connection.js notes it, where websockets are swallowed on the way.
  const fallen = () => sessionStorage.getItem("websocket-fails")
  if (!late && !fallen()) {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`)
    const heard = []
    // Engine.IO's "message" (4) with Socket.IO's CONNECT (0).
    socket.addEventListener("open", () => socket.send("40"))
    socket.onmessage = (event) => heard.push(event)
    globalThis.opening = { socket, heard }
  }
}
