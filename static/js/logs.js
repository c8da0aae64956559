// A container's log: every line arrives, the last ones are shown, rendering happens once per frame.
const CHUNK = 200; // lines per block of the page
const MOST = 20000; // lines kept on the page
const FIRST_WAIT = 500, LONGEST_WAIT = 8000; // ms
const STAMP = /^(\d{4}-\d\d-\d\dT\S+?Z|\d{4}-\d\d-\d\dT\S+?[+-]\d\d:\d\d) ?/;
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

class Log {
  constructor(root) {
    this.root = root;
    this.lines = root.querySelector("[data-lines]");
    this.bottom = root.querySelector("[data-bottom]");
    this.count = root.querySelector("[data-count]");
    this.pending = [];
    this.total = this.shown = this.dropped = 0;
    this.following = true;
    this.wait = FIRST_WAIT;
    this.last = ""; // the last timestamp seen, and how many lines had it
    this.atLast = 0;
    this.lines.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.bottom.addEventListener("click", () => this.follow());
    for (const box of root.querySelectorAll("[data-toggle]")) {
      box.addEventListener("change", () => this.lines.classList.toggle(box.dataset.toggle, box.checked));
      this.lines.classList.toggle(box.dataset.toggle, box.checked);
    }
    root.querySelector("[data-logs-form]").addEventListener("change", (event) => this.choose(event));
    this.connect();
  }

  connect() {
    const { socket, container, previous, tail } = this.root.dataset;
    const query = new URLSearchParams({ container, previous, tail, since: this.last });
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.skip = this.last ? { stamp: this.last, left: this.atLast } : null;
    this.socket = new WebSocket(`${scheme}://${location.host}${socket}?${query}`);
    this.ended = false;
    this.socket.addEventListener("message", (event) => this.receive(event.data));
    this.socket.addEventListener("close", () => this.closed());
  }

  receive(text) {
    if (text.startsWith("\0")) return this.told(text.slice(1));
    this.wait = FIRST_WAIT;
    for (const line of text.split("\n")) if (line) this.take(line);
    if (this.pending.length) this.schedule();
  }

  take(line) {
    const stamp = STAMP.exec(line)?.[1] ?? "";
    if (this.skip) {
      // since= gives whole seconds again: drop what is already here.
      if (stamp < this.skip.stamp) return;
      if (stamp === this.skip.stamp && this.skip.left-- > 0) return;
      if (stamp > this.skip.stamp) this.skip = null;
    }
    if (this.stopped) this.pending.push([null, this.root.dataset.textRestarted]);
    this.stopped = false;
    if (stamp === this.last) this.atLast += 1;
    else if (stamp) [this.last, this.atLast] = [stamp, 1];
    this.said = "";
    this.pending.push([stamp, line.slice(stamp ? stamp.length + 1 : 0).replace(ANSI, "")]);
    this.total += 1;
  }

  note(text) {
    this.pending.push([null, text]);
    this.schedule();
  }

  told(message) {
    const text = this.root.dataset;
    this.ended = true;
    this.over = Boolean(text.previous);
    const said = message.startsWith("error ") ? message.slice(6) : text.previous ? text.textPreviousEnd : text.textEnd;
    // While the container is away, each attempt ends the same way: say it once.
    if (said !== this.said) this.note(said);
    this.said = said;
    this.stopped ||= !message.startsWith("error ");
  }

  closed() {
    if (this.gone || this.over) return;
    if (!this.ended && this.said !== "lost") this.note(this.root.dataset.textLost);
    if (!this.ended) this.said = "lost";
    this.retry = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => this.render());
  }

  render() {
    this.frame = null;
    // What would leave the page at once is not drawn at all.
    const surplus = this.pending.length - MOST;
    if (surplus > 0) {
      this.pending.splice(0, surplus);
      this.dropped += surplus;
    }
    let block = this.lines.lastElementChild;
    for (const [stamp, text] of this.pending) {
      if (!block || block.childElementCount >= CHUNK) {
        block = document.createElement("div");
        block.className = "block";
        this.lines.append(block);
      }
      block.append(line(stamp, text));
      this.shown += 1;
    }
    this.pending.length = 0;
    while (this.shown > MOST && this.lines.childElementCount > 1) {
      const gone = this.lines.firstElementChild.childElementCount;
      this.lines.firstElementChild.remove();
      this.shown -= gone;
      this.dropped += gone;
    }
    this.lines.dataset.total = this.total;
    const format = new Intl.NumberFormat(document.documentElement.lang);
    this.count.textContent = format.format(this.total) + (this.dropped ? ` · ${format.format(this.dropped)} ${this.root.dataset.textDropped}` : "");
    if (this.following) this.lines.scrollTop = this.lines.scrollHeight;
  }

  scrolled() {
    const away = this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight;
    this.following = away < 30;
    this.bottom.hidden = this.following;
  }

  follow() {
    this.following = true;
    this.lines.scrollTop = this.lines.scrollHeight;
    this.bottom.hidden = true;
  }

  choose(event) {
    if (!event.target.name) return;
    const form = event.target.form;
    Object.assign(this.root.dataset, {
      container: form.elements.container.value,
      tail: form.elements.tail.value,
      previous: form.elements.previous.checked ? "1" : "",
    });
    const { container, previous } = this.root.dataset;
    const link = this.root.querySelector("[data-download]");
    link.href = link.href.replace(/\?.*/, "") + `?container=${encodeURIComponent(container)}${previous ? "&previous=1" : ""}`;
    this.restart();
  }

  restart() {
    this.stop();
    this.gone = this.over = false;
    this.pending = [];
    this.total = this.shown = this.dropped = this.atLast = 0;
    this.last = "";
    this.lines.replaceChildren();
    this.follow();
    this.connect();
  }

  stop() {
    this.gone = true;
    clearTimeout(this.retry);
    this.socket.close();
  }
}

function line(stamp, text) {
  const made = document.createElement("div");
  if (stamp === null) made.className = "note";
  else if (stamp) {
    const time = document.createElement("span");
    time.className = "stamp";
    time.textContent = stamp + " ";
    made.append(time);
  }
  made.append(text);
  return made;
}

let current = null;
function look() {
  const root = document.getElementById("logs");
  if (current && current.root !== root) {
    current.stop();
    current = null;
  }
  if (root && !current) current = new Log(root);
}
look();
document.addEventListener("filled", look);
document.addEventListener("emptied", () => {
  current?.stop();
  current = null;
});
document.addEventListener("opened", look);
