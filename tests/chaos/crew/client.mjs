// One official client that follows the contract: joins with its place, asks for what is missing, repeats until stored.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { Log } from "./log.mjs";

// Those of the site's own page (static/js/lib/connection/connection.js), but an ack is given up sooner.
const OPTIONS = { reconnectionDelay: 1000, reconnectionDelayMax: 5000, randomizationFactor: 1, forceNew: true };
const FINAL = ["not_found", "unauthorized", "forbidden", "banned", "muted", "archived", "conflict", "invalid"];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Client {
  constructor({ name, url, token, cookie, rooms = [], transports = ["websocket"], patience }) {
    Object.assign(this, { name, patience, logs: new Map(), sent: [], presence: [], online: {}, ended: [], refused: [] });
    Object.assign(this, { connects: [], drops: [], attempts: [], over: false, talking: null, asking: new Set() });
    const extraHeaders = cookie ? { cookie } : {};
    this.socket = io(url, { ...OPTIONS, transports, extraHeaders, auth: token ? { token } : {} });
    for (const slug of rooms) this.logs.set(slug, new Log(slug, () => this.ask("sync", slug)));
    this.listen();
  }

  listen() {
    this.socket.on("connect", () => this.connected());
    this.socket.on("disconnect", (reason, details) => this.disconnected(reason, details));
    this.socket.io.on("reconnect_attempt", () => this.attempts.push(Date.now()));
    this.socket.on("connect_error", (error) => this.failed(error));
    this.socket.on("session-ended", ({ code }) => this.end(code));
    this.socket.on("heads", (heads) => {
      for (const [slug, head] of Object.entries(heads)) this.logs.get(slug)?.heads(head);
    });
    // What has a room and a seq is of that room's log.
    this.socket.onAny((event, data) => data?.seq !== undefined && this.logs.get(data.room)?.live(event, data));
    for (const event of ["user-connected", "user-disconnected"]) {
      this.socket.on(event, ({ user }) => this.presence.push([Date.now(), event, user.username]));
    }
  }

  connected() {
    this.connects.push(Date.now());
    this.presence.push([Date.now(), "connect", ""]);
    this.asking.clear();
    for (const slug of this.logs.keys()) this.ask("join", slug);
  }

  disconnected(reason, details) {
    // A websocket's error event, or the status of a poll's answer: why, where a test fails by it.
    const { error, message } = details?.description ?? {};
    const why = String(error?.message ?? message ?? details?.description ?? "");
    this.drops.push([Date.now(), reason, this.socket.io.opts.transports[0], why]);
    for (const log of this.logs.values()) log.following = false;
    // The official client doesn't come back by itself where the server ended the namespace.
    if (reason === "io server disconnect") this.later();
  }

  failed(error) {
    if (error.data?.code === "unauthorized") this.end("unauthorized");
    else if (!this.socket.active) this.later();
  }

  later() {
    setTimeout(() => this.over || this.socket.connected || this.socket.connect(), 1000 * (0.5 + Math.random()));
  }

  end(code) {
    this.over = true;
    this.ended.push([Date.now(), code]);
  }

  // `join` or `sync`, one at a time, until there is no more.
  async ask(event, slug) {
    if (this.asking.has(slug)) return;
    this.asking.add(slug);
    const number = this.connects.length;
    const log = this.logs.get(slug);
    while (this.socket.connected && number === this.connects.length) {
      const answer = await this.call(event, { room: slug, ...log.place });
      if (number !== this.connects.length) return;
      if (answer.ok) {
        event = "sync";
        if (answer.online) this.online[slug] = answer.online;
        if (log.page(answer)) continue;
        this.asking.delete(slug);
        log.follow();
        return;
      }
      if (FINAL.includes(answer.error.code)) {
        this.refused.push([Date.now(), event, slug, answer.error.code]);
        break;
      }
      await wait(1000 * (answer.error.retry_after ?? 0.3 + Math.random() / 2));
    }
    if (number === this.connects.length) this.asking.delete(slug);
  }

  // The ack, or one that is made up where none came.
  async call(event, data) {
    try {
      return await this.socket.timeout(1000 * this.patience).emitWithAck(event, data);
    } catch {
      return { ok: false, error: { code: "timeout" } };
    }
  }

  // Something new every `every` ms, or as soon as the last one is stored, until `hush`.
  async talk(room, every) {
    const turn = (this.talking = {});
    await wait(Math.random() * every);
    while (this.talking === turn && !this.over) {
      await this.say(room);
      await wait(every * (0.5 + Math.random()));
    }
  }

  hush() {
    this.talking = null;
  }

  // The same one until it is stored or refused for good.
  async say(room, body = `${this.name} says ${this.sent.length}`) {
    const said = { client_id: randomUUID(), room, at: Date.now(), tries: 0, codes: [] };
    this.sent.push(said);
    while (!said.stored && !said.refused && !this.over) {
      if (this.socket.connected) await this.attempt(said, body);
      else await wait(50);
    }
    return said;
  }

  async attempt(said, body) {
    said.tries += 1;
    const { room, client_id } = said;
    const answer = await this.call("chat-message", { room, client_id, body });
    if (answer.ok) return Object.assign(said, { stored: Date.now(), id: answer.message.id, seq: answer.message.seq });
    const { code, retry_after } = answer.error;
    said.codes.push(code);
    if (FINAL.includes(code)) return Object.assign(said, { refused: code });
    await wait(1000 * (retry_after ?? 0.2 + Math.random() / 2));
  }

  get whole() {
    if (this.over) return true;
    const logs = [...this.logs.values()];
    return this.socket.connected && logs.every((log) => log.following && log.seq >= log.head);
  }

  get idle() {
    return this.over || this.sent.every((said) => said.stored || said.refused);
  }

  close() {
    this.over = true;
    this.hush();
    this.socket.disconnect();
  }

  report() {
    const { name, sent, presence, online, ended, refused, connects, drops, attempts } = this;
    const rooms = Object.fromEntries([...this.logs].map(([slug, log]) => [slug, log.report()]));
    const connected = this.socket.connected;
    return { name, connected, rooms, sent, presence, online, ended, refused, connects, drops, attempts };
  }
}
