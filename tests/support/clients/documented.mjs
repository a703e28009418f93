// docs/clients/chat_client.mjs at work: node documented.mjs URL TOKEN ROOM MANY. It sends MANY messages into ROOM, and prints
// what it hears of all rooms as lines of JSON: [event, room, seq, id], ["loaded", room, seq], ["sent", n, id, client_id].
import { Client } from "../../../docs/clients/chat_client.mjs";

const [url, token, room, many] = process.argv.slice(2);
const print = (...line) => console.log(JSON.stringify(line));
const chat = new Client(url, token, { first: 0.3, longest: 1 });

chat.on("room-loaded", (loaded) => print("loaded", loaded.room.slug, loaded.seq));
for (const event of ["chat-message", "message-edited", "message-deleted", "member-joined"]) {
  chat.on(event, (data) => print(event, data.room, data.seq, data.id ?? null));
}
for (let n = 0; n < Number(many); n += 1) {
  chat.send(room, `js ${n}`).then((message) => print("sent", n, message.id, message.client_id));
}
print("ended", await chat.ended);
