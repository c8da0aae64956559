// The logs on a page: every line arrives, the last ones are kept, rendering happens once per frame.
import { Find } from "./logs/find.js";
import { LEVELS, pieces, read } from "./logs/lines.js";
import { Stream, compare } from "./logs/stream.js";

const CHUNK = 200; // lines per block of the page
const MOST = 20000; // lines kept on the page
const MOST_CHARACTERS = 10_000_000;
const BURST = 1000; // lines that wait together before drawing rests between two frames
const REST = 120; // ms
const GATHER = 350; // ms that the first lines of several pods wait for each other, to be put in order
const COLOURS = 8; // of pods, see logs.css
const SIZES = [70, 80, 90, 100, 115, 130, 150, 180, 220, 270]; // per cent
const KEPT = "minikweb-logs"; // in localStorage: how the reader likes them

class Log {
  constructor(root) {
    this.root = root;
    this.lines = root.querySelector("[data-lines]");
    this.bottom = root.querySelector("[data-bottom]");
    this.count = root.querySelector("[data-count]");
    this.many = root.dataset.kind !== "Pod" || !root.dataset.container;
    this.find = new Find(root, {
      items: () => this.items,
      shows: (item) => this.shows(item),
      reveal: (item) => this.reveal(item),
      filtered: (only) => this.lines.classList.toggle("only-hits", only),
    });
    this.lines.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.bottom.addEventListener("click", () => this.follow());
    root.querySelector("[data-logs-form]").addEventListener("change", (event) => this.choose(event));
    root.querySelector("[data-save]").addEventListener("click", () => this.save());
    root.querySelector("[data-full]").addEventListener("click", () => this.fill());
    for (const button of root.querySelectorAll("[data-size]")) button.addEventListener("click", () => this.resize(Number(button.dataset.size)));
    root.addEventListener("focusout", (event) => event.relatedTarget && this.leave(event));
    root.addEventListener("pointerdown", (event) => this.leave({ target: event.target }));
    this.likes();
    this.begin();
  }

  begin() {
    this.items = []; // {source, stamp, text, raw, json, level, node}; notes have no text
    this.pending = [];
    this.pods = new Map(); // pod → its number, hence its colour
    this.levels = new Map(); // source → the level of its last line
    this.total = this.dropped = this.characters = this.drawn = 0;
    this.waiting = this.many ? performance.now() + GATHER : 0;
    this.lines.replaceChildren();
    this.follow();
    this.stream = new Stream(this.address(), {
      line: (source, line) => this.take(source, line),
      event: (event) => this.heard(event),
      batch: () => this.pending.length && this.schedule(),
      lost: () => this.once("lost", this.root.dataset.textLost),
    });
  }

  address() {
    const { socket, container, previous, tail, minutes, selector } = this.root.dataset;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return `${scheme}://${location.host}${socket}?${new URLSearchParams({ container, previous, tail, minutes, selector: selector ?? "" })}`;
  }

  // --- What arrives ---------------------------------------------------------------------------------

  take(source, line) {
    const item = read(line, this.levels.get(source) ?? "");
    this.levels.set(source, item.level);
    item.source = source;
    this.said = "";
    this.total += 1;
    this.pending.push(item);
  }

  heard({ event, source, restarted, message, count, left_out: left }) {
    const text = this.root.dataset;
    const whose = source && this.many ? `${source}: ` : "";
    if (event === "open" && restarted) this.note(whose + text.textRestarted, source);
    else if (event === "end") this.note(whose + text.textEnd, source);
    else if (event === "gone") this.note(whose + text.textGone, source);
    else if (event === "over") this.note(text.textOver);
    else if (event === "refused") this.once(whose + message, whose + message);
    else if (event === "pods") {
      this.lines.dataset.empty = count ? text.textEmpty : text.textNobody;
      if (left) this.note(text.textLeftOut.replace("#", left));
    }
  }

  once(what, text) {
    if (this.said !== what) this.note(text);
    this.said = what;
  }

  note(note, source) {
    this.pending.push({ note, source, stamp: this.pending.at(-1)?.stamp ?? "" });
    this.schedule();
  }

  // --- What is shown --------------------------------------------------------------------------------

  schedule() {
    if (this.frame) return;
    this.frame = true;
    const rest = this.pending.length > BURST ? this.drawn + REST : 0;
    const wait = Math.max(this.waiting, rest) - performance.now();
    const draw = () => requestAnimationFrame(() => this.render());
    if (wait > 0) setTimeout(draw, wait);
    else draw();
  }

  render() {
    this.frame = this.waiting = 0;
    if (this.many) this.pending.sort((a, b) => compare(a.stamp, b.stamp)); // stable: a pod's own lines keep their order
    // What would leave the page at once is not drawn at all.
    const surplus = this.pending.length - MOST;
    if (surplus > 0) {
      this.pending.splice(0, surplus);
      this.dropped += surplus;
    }
    let block = this.lines.lastElementChild;
    for (const item of this.pending) {
      if (!block || block.childElementCount >= CHUNK) {
        block = document.createElement("div");
        block.className = "block";
        this.lines.append(block);
      }
      block.append(this.draw(item));
      this.find.mark(item);
      this.items.push(item);
      this.characters += item.text?.length ?? 0;
    }
    this.pending = [];
    this.drawn = performance.now();
    this.trim();
    this.tell();
    if (this.following) this.lines.scrollTop = this.lines.scrollHeight;
  }

  trim() {
    while ((this.items.length > MOST || this.characters > MOST_CHARACTERS) && this.lines.childElementCount > 1) {
      const gone = this.items.splice(0, this.lines.firstElementChild.childElementCount);
      this.lines.firstElementChild.remove();
      for (const item of gone) this.characters -= item.text?.length ?? 0;
      this.dropped += gone.length;
    }
  }

  tell() {
    this.lines.dataset.total = this.total;
    const format = new Intl.NumberFormat(document.documentElement.lang);
    this.count.textContent = format.format(this.total) + (this.dropped ? ` · ${format.format(this.dropped)} ${this.root.dataset.textDropped}` : "");
    if (this.find.pattern) this.find.tell();
  }

  draw(item) {
    const node = document.createElement("div");
    item.node = node;
    if (item.note !== undefined) {
      node.className = "note";
      node.textContent = item.note;
      return node;
    }
    node.className = item.level ? `line at-${item.level}` : "line";
    if (this.lines.classList.contains("stamps")) this.date(item);
    if (this.many) node.append(this.prefix(item.source));
    const text = span("text", "");
    text.dir = "auto";
    node.append(text);
    this.write(item, text);
    return node;
  }

  // Only once somebody wants to see them: most lines come and go without.
  date(item) {
    if (item.stamp && item.node.firstChild?.className !== "stamp") item.node.prepend(span("stamp", `${item.stamp} `));
  }

  prefix(source) {
    const [pod, container] = source.split("/");
    if (!this.pods.has(pod)) this.pods.set(pod, this.pods.size);
    const { kind, name } = this.root.dataset;
    const short = kind !== "Pod" && pod.startsWith(`${name}-`) ? pod.slice(name.length + 1) : pod;
    const label = kind === "Pod" ? container : this.root.dataset.containers > 1 && !this.root.dataset.container ? `${short}/${container}` : short;
    const made = span(`who pod-${(kind === "Pod" ? this.colourOf(container) : this.pods.get(pod)) % COLOURS}`, `${label} `);
    made.title = source;
    return made;
  }

  colourOf(container) {
    this.names ??= new Map();
    if (!this.names.has(container)) this.names.set(container, this.names.size);
    return this.names.get(container);
  }

  write(item, place) {
    if (item.json && this.lines.classList.contains("json")) place.textContent = JSON.stringify(item.json, null, 2);
    else if (item.raw) place.replaceChildren(...pieces(item.raw));
    else place.textContent = item.text;
  }

  // --- How it is shown ------------------------------------------------------------------------------

  shows(item) {
    const least = LEVELS.indexOf(this.level ?? "");
    return item.note !== undefined || least < 0 || LEVELS.indexOf(item.level) >= least;
  }

  choose(event) {
    const { name, dataset, value, checked } = event.target;
    if (dataset.toggle) this.toggle(dataset.toggle, checked);
    else if ("level" in dataset) this.filter(value);
    if (dataset.toggle || "level" in dataset) return this.remember();
    if (!name) return;
    const form = event.target.form;
    for (const key of ["container", "tail", "minutes"]) this.root.dataset[key] = form.elements[key]?.value ?? "";
    this.root.dataset.previous = form.elements.previous?.checked ? "1" : "";
    this.many = this.root.dataset.kind !== "Pod" || !this.root.dataset.container;
    this.aim();
    this.stop();
    this.begin();
  }

  aim() {
    const link = this.root.querySelector("[data-download]");
    const { container, previous } = this.root.dataset;
    if (!link) return;
    link.href = link.href.replace(/\?.*/, "") + `?container=${encodeURIComponent(container)}${previous ? "&previous=1" : ""}`;
    link.hidden = !container;
  }

  toggle(name, on) {
    this.lines.classList.toggle(name, on);
    if (name === "stamps" && on) for (const item of this.items ?? []) if (item.note === undefined) this.date(item);
    if (name === "json") for (const item of this.items ?? []) if (item.json) this.write(item, item.node.querySelector(".text"));
    if (this.following) this.lines.scrollTop = this.lines.scrollHeight;
  }

  filter(level) {
    this.level = level;
    for (const one of LEVELS) this.lines.classList.toggle(`from-${one}`, one === level);
    if (this.find.pattern) this.find.tell();
  }

  resize(step) {
    const at = Math.max(SIZES.indexOf(this.size ?? 100) + step, 0);
    this.size = SIZES[Math.min(at, SIZES.length - 1)];
    this.lines.style.setProperty("--log-size", `${this.size / 100}`);
    this.remember();
  }

  likes() {
    let liked = {};
    try {
      liked = JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      // Private windows keep nothing.
    }
    for (const box of this.root.querySelectorAll("[data-toggle]")) {
      box.checked = liked[box.dataset.toggle] ?? box.checked;
      this.toggle(box.dataset.toggle, box.checked);
    }
    this.size = SIZES.includes(liked.size) ? liked.size : 100;
    this.resize(0);
  }

  remember() {
    const liked = { size: this.size };
    for (const box of this.root.querySelectorAll("[data-toggle]")) liked[box.dataset.toggle] = box.checked;
    try {
      localStorage.setItem(KEPT, JSON.stringify(liked));
    } catch {
      // As above.
    }
  }

  // A menu that is left closes by itself.
  leave(event) {
    for (const menu of this.root.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.relatedTarget ?? event.target)) menu.open = false;
    }
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  // What is on the page, as it is on the page: filters, timestamps and names included.
  save() {
    const only = this.lines.classList.contains("only-hits");
    const has = (name) => this.lines.classList.contains(name);
    const shown = this.items.filter((item) => this.shows(item) && (!only || item.hit));
    const texts = shown.map((item) => {
      if (item.note !== undefined) return `--- ${item.note}`;
      const stamp = has("stamps") && item.stamp ? `${item.stamp} ` : "";
      const who = this.many && has("names") ? `${item.source} ` : "";
      return stamp + who + item.node.querySelector(".text").textContent;
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([texts.join("\n") + "\n"], { type: "text/plain;charset=utf-8" }));
    link.download = `${this.root.dataset.name === "-" ? "logs" : this.root.dataset.name}.log`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // --- Following ------------------------------------------------------------------------------------

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

  reveal(item) {
    this.following = false;
    item.node.scrollIntoView({ block: "center" });
  }

  stop() {
    this.stream.stop();
  }
}

function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
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
