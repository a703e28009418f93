// Official clients through a proxy: node through_proxy.mjs URL TOKEN TRANSPORTS WORKERS ADDRESS…
// Sixteen, from these addresses, and more, until so many workers have some of them. Eight say something to all.
// Prints what was said, what each heard, by which transport, and the workers.
import { randomUUID } from "node:crypto";
import { Agent } from "node:https";
import { io } from "socket.io-client";

const [url, token, transports, workers, ...addresses] = process.argv.slice(2);
const TOGETHER = 16;
// On a busy machine one worker may take several groups whole: whoever runs is the first to accept.
const MOST = 256;
const TALKERS = 8;
const clients = [];

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

const met = () => new Set(clients.map((client) => client.worker));
while (met().size < Number(workers) && clients.length < MOST) {
  // At once: one after the other, a proxy might take the same connection for all.
  const more = Array.from({ length: TOGETHER }, (_, n) => new Client(addresses[n % addresses.length]));
  clients.push(...more);
  await Promise.all(more.map((client) => client.join()));
}
const said = [];
for (let n = 0; n < 3; n += 1) await Promise.all(clients.slice(0, TALKERS).map((client) => client.say(said)));
const last = transports.split(",").at(-1);
while (clients.some((client) => client.heard.length < said.length || client.transport !== last)) {
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ...clients.map((client) => client.gone)]);
}
const heard = clients.map((client) => client.heard);
const seen = { said, heard, transports: clients.map((client) => client.transport), workers: [...met()] };
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
