// A room's log as one client has it. `missing()` is called when there is something to ask the server for.
export class Log {
  constructor(slug, missing) {
    Object.assign(this, { slug, missing, begin: null, seq: 0, epoch: null, head: 0, entries: [] });
    Object.assign(this, { early: new Map(), following: false, again: 0, altered: 0, resets: 0 });
  }

  get place() {
    return this.begin === null ? {} : { after: this.seq, epoch: this.epoch };
  }

  // The ack of a join or a sync. Says whether there is more to ask for.
  page(ack) {
    if (ack.reset) this.resets += 1;
    if (this.begin === null) this.begin = this.seq = ack.head;
    this.epoch = ack.epoch;
    this.head = Math.max(this.head, ack.head);
    for (const { event, data } of ack.events) this.take(event, data, "page");
    return ack.more;
  }

  // From now on what comes live is in place.
  follow() {
    this.following = true;
    this.settle();
  }

  live(event, data) {
    this.head = Math.max(this.head, data.seq);
    if (this.following && data.seq === this.seq + 1) this.take(event, data, "live");
    else if (this.following && data.seq <= this.seq) this.repeated(event, data);
    else this.early.set(data.seq, [event, data]);
    if (this.following) this.settle();
  }

  heads(head) {
    this.head = Math.max(this.head, head);
    if (this.following && this.head > this.seq) this.missing();
  }

  settle() {
    for (const [seq, [event, data]] of [...this.early].sort((one, other) => one[0] - other[0])) {
      if (seq > this.seq + 1) break;
      this.early.delete(seq);
      if (seq === this.seq + 1) this.take(event, data, "live");
    }
    if (this.head > this.seq) this.missing();
  }

  take(event, data, way) {
    if (data.seq <= this.seq) return;
    if (data.seq !== this.seq + 1) this.altered += 1;
    this.seq = data.seq;
    this.entries.push([data.seq, event, data.id ?? null, data.client_id ?? null, Date.now(), way]);
  }

  // What is there already may come again behind a sync; it has to be the same.
  repeated(event, data) {
    this.again += 1;
    const entry = this.entries[data.seq - this.begin - 1];
    if (entry && (entry[1] !== event || entry[2] !== (data.id ?? null))) this.altered += 1;
  }

  report() {
    const { begin, seq, entries, again, altered, resets } = this;
    return { begin, seq, entries, again, altered, resets };
  }
}
