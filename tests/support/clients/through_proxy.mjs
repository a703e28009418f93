// Official clients through a proxy: node through_proxy.mjs URL TOKEN TRANSPORTS WORKERS ADDRESS…
// WORKERS is as many as each group meets, such as "2,4": the workers of all groups so far. A group begins with a line on
// stdin; "met" is printed once so many have some of the clients, "in" when all of the group are in.
// Eight say something to all. Prints what was said, what each heard, by which transport, and the workers.
import { randomUUID } from "node:crypto";
import { Agent } from "node:https";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, token, transports, workers, ...addresses] = process.argv.slice(2);
// The first takes two of the proxy's connections each. The others are more than it can have idle then.
const FIRST = 8;
const OTHERS = 32;
const TALKERS = 8;
const clients = [];
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

class Client {
  constructor(localAddress) {
    this.heard = [];
    this.socket = io(url, {
      auth: { token },
      transports: transports.split(","),
      reconnection: false,
      forceNew: true,
      agent: new Agent({ keepAlive: true, localAddress, family: 4 }),
    });
    this.gone = new Promise((_, reject) => {
      this.socket.on("connect_error", reject);
      this.socket.on("disconnect", (reason) => reject(new Error(reason)));
    });
    this.gone.catch(() => {});
    this.socket.on("chat-message", (message) => this.heard.push(message.client_id));
  }

  async join() {
    await this.ask("join", { room: "general" });
    // The first letters of a session's id name its worker.
    this.worker = this.socket.io.engine.id.slice(0, 8);
  }

  async ask(event, data) {
    const answer = await Promise.race([this.socket.emitWithAck(event, data), this.gone]);
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }

  async say(said) {
    const client_id = randomUUID();
    said.push(client_id);
    await this.ask("chat-message", { room: "general", body: "hello", client_id });
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }
}

const met = () => new Set(clients.map((client) => client.worker).filter(Boolean));
for (const wanted of workers.split(",").map(Number)) {
  await lines.next();
  const more = Array.from(
    { length: clients.length ? OTHERS : Math.max(FIRST, addresses.length) },
    (_, n) => new Client(addresses[n % addresses.length]),
  );
  clients.push(...more);
  const joined = Promise.all(more.map((client) => client.join()));
  while (met().size < wanted) await Promise.race([new Promise((resolve) => setTimeout(resolve, 10)), failed(joined)]);
  process.stdout.write("met\n");
  await joined;
  process.stdout.write("in\n");
}
const said = [];
for (let n = 0; n < 3; n += 1) await Promise.all(clients.slice(0, TALKERS).map((client) => client.say(said)));
const last = transports.split(",").at(-1);
while (clients.some((client) => client.heard.length < said.length || client.transport !== last)) {
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ...clients.map((client) => client.gone)]);
}
const heard = clients.map((client) => client.heard);
const seen = { said, heard, transports: clients.map((client) => client.transport), workers: [...met()] };
process.stdout.write(`${JSON.stringify(seen)}\n`);
// The program ends when the server knows that they are gone: one person may have a hundred connections.
for (const client of clients) client.socket.disconnect();
lines.return();

// Never comes but by an error.
function failed(promise) {
  return new Promise((_, reject) => promise.catch(reject));
}
