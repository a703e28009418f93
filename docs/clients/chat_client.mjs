// A client of Chatsite that misses nothing, repeats nothing and keeps the order, over any connection.
//
// Copy this file; it needs `npm install socket.io-client`. docs/protocol.md says why it does what it does.
//
//   const chat = new Client("http://127.0.0.1:8000", "TOKEN", { rooms: ["general"] });
//   chat.on("chat-message", (message) => …);
//   await chat.ended;
//
// It follows all rooms of its user, and joins the public ones that are named. Handlers run one after another, each is
// awaited: those of a room's log in its order, each event once, also what happened during a cut. `room-loaded` comes before
// a room's first event and whenever it must be forgotten and shown anew: `{ room, seq, messages }`, the newest messages as
// they were told up to `seq`, and as they are now.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";

// What was not done, and may be asked for again; what a room says that isn't ours any more.
const AGAIN = ["rate_limited", "unavailable"];
const GONE = ["not_found", "forbidden", "banned"];

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** `error` is the server's: `{ code, detail, fields? }`. Asking again is no use. */
export class Refused extends Error {
  constructor(error) {
    super(`${error.code}: ${error.detail ?? ""}`);
    this.error = error;
  }
}

/** A room's log as far as it is known: up to `seq`. `held` came before its turn. */
class Log {
  constructor(epoch, seq) {
    Object.assign(this, { epoch, seq, held: new Map() });
  }

  /** The events whose turn it is now: none, where it is known already or something before it is missing. */
  *take(event, data) {
    if (data.seq > this.seq) this.held.set(data.seq, [event, data]);
    while (this.held.has(this.seq + 1)) {
      this.seq += 1;
      const next = this.held.get(this.seq);
      this.held.delete(this.seq);
      yield next;
    }
  }
}

export class Client {
  /** Seconds: to wait for an answer; before the first try to come back, at most, and before any other one. */
  constructor(url, token, { rooms = [], answer = 30, first = 2, longest = 30 } = {}) {
    Object.assign(this, { url, token, named: rooms, answer, first, username: "", logs: new Map(), handlers: new Map() });
    /** Resolves to why the server ended it: the code of `session-ended` or of a refused connection; or to `closed`. */
    this.ended = new Promise((resolve) => (this.resolve = resolve));
    this.code = "";
    // Once in all rooms: from then on others are new ones.
    this.settled = false;
    // What is to be done, and what is to be sent, in their orders.
    this.todo = this.unsent = Promise.resolve();
    this.socket = io(url, {
      auth: { token },
      // All come back when a server does: not all in the same moment.
      reconnectionDelay: first * 500, randomizationFactor: 1, reconnectionDelayMax: longest * 1000,
    });
    this.socket.on("connect", () => this.later(() => this.comeIn()));
    this.socket.onAny((event, data) => {
      // At once: the disconnect that follows isn't to be mended.
      if (event === "session-ended" && data.code !== "renewed") this.close(data.code);
      this.later(() => this.hear(event, data));
    });
    this.socket.on("connect_error", (error) => this.refused(error));
    this.socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") this.reconnect(0);
    });
  }

  // What a program uses

  on(event, handler) {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
    return this;
  }

  /** Send a message once, however often that must be tried; those of one client in the order of their calls. A promise of
   * the message, or of Refused. */
  send(room, body, more = {}) {
    const message = { room, body, client_id: randomUUID(), ...more };
    const sent = this.unsent.then(() => this.call("chat-message", message)).then((ack) => ack.message);
    this.unsent = sent.catch(() => {});
    return sent;
  }

  /** Any other event, until it is answered: the ack, or Refused. */
  async call(event, data) {
    while (!this.code) {
      const ack = await this.ask(event, data);
      if (ack) return ack;
      await sleep(0.1);
    }
    throw new Refused({ code: this.code });
  }

  close(code = "closed") {
    this.code ||= code;
    this.socket.disconnect();
    this.resolve(this.code);
  }

  // The connection

  /** A cut connection comes back by itself, one that the server refused or ended doesn't. */
  refused(error) {
    if (error.data?.code === "unauthorized") this.close("unauthorized");
    else if (!this.socket.active) this.reconnect(error.data?.retry_after ?? 0);
  }

  async reconnect(seconds) {
    await sleep(Math.max(seconds, this.first * Math.random()));
    if (!this.code) this.socket.connect();
  }

  /** The ack; undefined where the connection ended before it came. Throws Refused. */
  async ask(event, data) {
    while (this.socket.connected) {
      const ack = await this.socket.timeout(this.answer * 1000).emitWithAck(event, data).catch(() => undefined);
      if (!ack || ack.ok) return ack;
      if (!AGAIN.includes(ack.error.code)) throw new Refused(ack.error);
      await sleep(ack.error.retry_after ?? 1);
    }
    return undefined;
  }

  /** REST's answer, once there is one. Throws Refused. */
  async get(path) {
    while (!this.code) {
      try {
        const answer = await fetch(this.url + path, { headers: { Authorization: `Token ${this.token}` } });
        const found = await answer.json();
        if (answer.ok) return found;
        if (!AGAIN.includes(found.code)) throw new Refused(found);
        await sleep(found.retry_after ?? 1);
      } catch (error) {
        if (error instanceof Refused) throw error;
        await sleep(1);
      }
    }
    throw new Refused({ code: this.code });
  }

  // Hearing. One thing at a time: what arrives while a join or a sync is answered waits behind it

  later(work) {
    this.todo = this.todo.then(work).catch((error) => console.warn(String(error)));
  }

  async tell(event, data) {
    for (const handler of this.handlers.get(event) ?? []) {
      try {
        await handler(data);
      } catch (error) {
        console.error(error);
      }
    }
  }

  /** On every connect: into all rooms, from where their logs were left. */
  async comeIn() {
    this.username ||= (await this.get("/user/me")).username;
    for (const slug of new Set([...this.logs.keys(), ...this.named, ...(await this.rooms())])) await this.join(slug);
    this.settled = true;
  }

  async rooms() {
    const slugs = [];
    let page = { next: "?mine=true" };
    while (page.next) {
      page = await this.get("/room?" + page.next.split("?")[1]);
      slugs.push(...page.results.map((room) => room.slug));
    }
    return slugs;
  }

  async join(slug) {
    try {
      if (this.settled && !this.logs.has(slug)) {
        // What was said there already is unread: it may be why we are in it.
        const room = await this.get(`/room/${slug}`);
        await this.load(slug, room, room.epoch, room.read_seq);
      }
      const log = this.logs.get(slug);
      const place = log ? { after: log.seq, epoch: log.epoch } : {};
      const ack = await this.ask("join", { room: slug, ...place });
      if (ack && !log) await this.load(slug, ack.room, ack.epoch, ack.head);
      else if (ack) await this.read(slug, log, ack);
    } catch (error) {
      console.warn(`${slug}: ${error}`);
      if (GONE.includes(error.error?.code)) this.logs.delete(slug);
    }
  }

  /** Begin the room anew, at this place of its log. */
  async load(slug, room, epoch, seq) {
    this.logs.delete(slug);
    if (this.handlers.has("room-loaded")) {
      const newest = (await this.get(`/message?room=${slug}&before=${seq + 1}`)).results;
      await this.tell("room-loaded", { room, seq, messages: newest.reverse() });
    }
    this.logs.set(slug, new Log(epoch, seq));
  }

  /** A page of the log, and those behind it. */
  async read(slug, log, page) {
    while (page) {
      if (page.reset) return this.load(slug, await this.get(`/room/${slug}`), page.epoch, page.head);
      for (const { event, data } of page.events) await this.apply(log, event, data);
      if (!page.more || this.logs.get(slug) !== log) return;
      page = await this.page(slug, log);
    }
  }

  async sync(slug, log) {
    await this.read(slug, log, await this.page(slug, log));
  }

  page(slug, log) {
    return this.ask("sync", { room: slug, after: log.seq, epoch: log.epoch });
  }

  /** What the server sends, also what is newer than this client. What has a `room` and a `seq` is of that room's log. */
  async hear(event, data) {
    if (data?.room !== undefined && data.seq !== undefined) {
      const log = this.logs.get(data.room);
      if (!log) return;
      await this.apply(log, event, data);
      if (log.held.size) await this.sync(data.room, log);
    } else {
      await this.mind(event, data);
      await this.tell(event, data);
    }
  }

  async apply(log, event, data) {
    for (const [name, one] of log.take(event, data)) {
      await this.tell(name, one);
      if (name === "member-left" && one.user.username === this.username) this.logs.delete(one.room);
    }
  }

  async mind(event, data) {
    if (event === "heads") {
      for (const [slug, head] of Object.entries(data)) {
        const log = this.logs.get(slug);
        if (log && head > log.seq) await this.sync(slug, log);
      }
    } else if (event === "room-activity" || event === "room-added") {
      const slug = data.room ?? data.slug;
      if (!this.logs.has(slug)) await this.join(slug);
    } else if (event === "room-removed") {
      this.logs.delete(data.room);
    }
  }
}
