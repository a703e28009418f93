import { WebSocket as WebSocketTransport } from "../../../vendor/socket.io.esm.min.js"

// What opening.js has sent already. The client says it, without more, as the first thing.
const CONNECT = "40"
// Longer than CONNECT_TIMEOUT_MS of connection.js, which tells the first handshake's failure from others.
const OPENING_MS = 10_000

/**
 * Engine.IO's websocket, which begins with the one that opening.js has opened, if that is still good. A socket that is neither
 * opened nor refused is closed after OPENING_MS: browsers open one websocket at a time at an address, so that a hung upgrade
 * would keep all later ones waiting.
 */
export class OpenedEarly extends WebSocketTransport {
  createSocket(...address) {
    const early = take()
    const socket = early?.socket ?? super.createSocket(...address)
    setTimeout(() => socket.readyState === WebSocket.CONNECTING && socket.close(), OPENING_MS)
    if (!early) return socket
    leaveOut(CONNECT, early.socket)
    // When the client listens: nothing comes in between.
    queueMicrotask(() => replay(early))
    return socket
  }
}

function take() {
  const early = globalThis.opening
  delete globalThis.opening
  return early && early.socket.readyState <= WebSocket.OPEN ? early : null
}

function leaveOut(words, socket) {
  socket.send = (data) => {
    delete socket.send
    if (data !== words) socket.send(data)
  }
}

function replay({ socket, heard }) {
  if (socket.readyState !== WebSocket.OPEN) return
  socket.onopen()
  for (const event of heard) socket.onmessage(event)
}
