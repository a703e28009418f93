// The official client through a proxy: node through.mjs URL TOKEN TRANSPORTS. Prints what it said and heard.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";

const [url, token, transports] = process.argv.slice(2);
const socket = io(url, { auth: { token }, transports: transports.split(","), reconnection: false });
const said = [];
const heard = [];
const gone = new Promise((_, reject) => {
  socket.on("connect_error", reject);
  socket.on("disconnect", (reason) => reject(new Error(reason)));
});
gone.catch(() => {});

async function talk() {
  socket.on("chat-message", (message) => heard.push(message.client_id));
  await socket.emitWithAck("join", { room: "general" });
  for (let n = 0; n < 20; n += 1) {
    const client_id = randomUUID();
    said.push(client_id);
    const answer = await socket.emitWithAck("chat-message", { room: "general", body: `${n}`, client_id });
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }
  while (heard.length < said.length || socket.io.engine.transport.name !== transports.split(",").at(-1)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await Promise.race([talk(), gone]);
console.log(JSON.stringify({ said, heard, transport: socket.io.engine.transport.name }));
process.exit(0);
