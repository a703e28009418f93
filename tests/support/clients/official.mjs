// The official client against the server: node official.mjs URL TRANSPORTS. Prints one JSON object of what it saw.
import { io } from "socket.io-client";

const [url, transports] = process.argv.slice(2);
const seen = { transports: [], events: [], order: [], refused: null, reconnected: false };
const options = { transports: transports.split(","), reconnectionDelay: 50, forceNew: true };

function connected(socket) {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
}

function upgraded(engine) {
  return new Promise((resolve) => {
    if (!options.transports.includes("websocket") || engine.transport.name === "websocket") resolve();
    else engine.once("upgrade", resolve);
  });
}

const socket = io(url, { ...options, auth: { token: "js" } });
const other = io(url, { ...options, auth: { token: "other" } });
await Promise.all([connected(socket), connected(other)]);
seen.transports.push(socket.io.engine.transport.name);

// A stream of events while the transport changes under it.
socket.on("said", ({ n }) => seen.events.push(n));
await socket.emitWithAck("join", { room: "js" });
other.emit("say", { room: "js", times: 200, pause: 0.002 });
const acks = [];
for (let n = 0; n < 100; n += 1) acks.push(socket.emitWithAck("echo", { n }).then(() => seen.order.push(n)));
await Promise.all(acks);
await upgraded(socket.io.engine);
while (seen.events.length < 200) await new Promise((resolve) => setTimeout(resolve, 20));
seen.transports.push(socket.io.engine.transport.name);

seen.echo = await socket.emitWithAck("echo", { text: "é🙂\u2028", deep: [[{}]] });
seen.unknown = await socket.emitWithAck("nope", {});
const failed = new Promise((resolve) => socket.once("request-failed", resolve));
socket.emit("nope", {});
seen.failed = await failed;

const stranger = io(url, { ...options, auth: { token: "stranger" } });
seen.refused = await connected(stranger).catch((error) => ({ message: error.message, data: error.data }));
stranger.disconnect();

// The transport breaks: it comes back by itself, and says so.
const back = connected(socket);
socket.io.engine.close();
await back;
seen.reconnected = (await socket.emitWithAck("echo", {})).ok;

// The server ends the session: the client stays away.
const ended = new Promise((resolve) => socket.once("session-ended", resolve));
const gone = new Promise((resolve) => socket.once("disconnect", resolve));
other.emit("end", { user: "js" });
seen.ended = await ended;
seen.reason = await gone;
other.disconnect();
console.log(JSON.stringify(seen));
process.exit(0);
