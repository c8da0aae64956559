// The lines of one container or of many, from the server's socket: after a cut it goes on without loss or doubles.
import { STAMP } from "./lines.js";

const FIRST_WAIT = 500, LONGEST_WAIT = 8000; // ms

export class Stream {
  // told.line(source, line), told.event(event), told.batch() after each message, told.lost()
  constructor(url, told) {
    Object.assign(this, { url, told, wait: FIRST_WAIT, gone: false });
    this.seen = new Map(); // source → {stamp, count}: the last timestamp, and how many lines had it
    this.skip = new Map(); // source → what it has already, while it is told again
    this.connect();
  }

  connect() {
    this.over = false;
    this.socket = new WebSocket(this.url);
    this.socket.addEventListener("open", () => {
      const seen = Object.fromEntries([...this.seen].map(([source, { stamp }]) => [source, stamp]));
      this.socket.send(JSON.stringify({ seen }));
    });
    this.socket.addEventListener("message", (event) => this.receive(event.data));
    this.socket.addEventListener("close", () => this.closed());
  }

  receive(text) {
    if (text[0] === "\0") this.told.event(this.heard(JSON.parse(text.slice(1))));
    else {
      const end = text.indexOf("\n");
      const source = text.slice(1, end);
      this.wait = FIRST_WAIT;
      for (const line of text.slice(end + 1).split("\n")) if (line && this.isNew(source, line)) this.told.line(source, line);
    }
    this.told.batch();
  }

  heard(event) {
    if (event.event === "open") {
      if (event.again && this.seen.has(event.source)) this.skip.set(event.source, { ...this.seen.get(event.source) });
      else this.skip.delete(event.source);
    }
    if (event.event === "over") this.over = true;
    return event;
  }

  // The past is asked for by whole seconds: what is already here is dropped.
  isNew(source, line) {
    const stamp = STAMP.exec(line)?.[1] ?? "";
    const skip = this.skip.get(source);
    if (skip) {
      const order = compare(stamp, skip.stamp);
      if (order < 0) return false;
      if (order === 0 && skip.count-- > 0) return false;
      if (order > 0) this.skip.delete(source);
    }
    const seen = this.seen.get(source);
    if (seen?.stamp === stamp) seen.count += 1;
    else if (stamp) this.seen.set(source, { stamp, count: 1 });
    return true;
  }

  closed() {
    if (this.gone || this.over) return;
    this.told.lost();
    this.retry = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  stop() {
    this.gone = true;
    clearTimeout(this.retry);
    this.socket.close();
  }
}

// RFC 3339 in UTC, with any number of decimals.
export function compare(one, other) {
  const [a, b] = [one.replace(/Z$/, ""), other.replace(/Z$/, "")];
  return a < b ? -1 : a > b ? 1 : 0;
}
