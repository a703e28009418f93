import { WebSocket as WebSocketTransport } from "../../../vendor/socket.io.esm.min.js"

// What opening.js has sent already. The client says it, without more, as the first thing.
const CONNECT = "40"

/** Engine.IO's websocket, which begins with the one that opening.js has opened, if that is still good. */
export class OpenedEarly extends WebSocketTransport {
  createSocket(...address) {
    const early = take()
    if (!early) return super.createSocket(...address)
    leaveOut(CONNECT, early.socket)
    // When the client listens: nothing comes in between.
    queueMicrotask(() => replay(early))
    return early.socket
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
