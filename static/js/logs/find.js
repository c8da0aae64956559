// Finding in a log: every line with a match is marked, n/m says where one stands, Enter goes on.
const MARKED = 400; // lines around the current one whose matches are painted

export class Find {
  // items(): the lines on the page, each {text, node}; shows(item): whether the level filter lets it through
  constructor(root, { items, shows, reveal, filtered }) {
    Object.assign(this, { root, items, shows, reveal, filtered });
    this.box = root.querySelector("[data-find]");
    this.said = root.querySelector("[data-found]");
    this.current = null;
    this.pattern = null;
    this.box.addEventListener("input", () => this.again());
    this.box.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["regex", "case", "only"]) root.querySelector(`[data-find-${name}]`).addEventListener("change", () => this.again());
    root.querySelector("[data-find-next]").addEventListener("click", () => this.go(1));
    root.querySelector("[data-find-previous]").addEventListener("click", () => this.go(-1));
  }

  is(name) {
    return this.root.querySelector(`[data-find-${name}]`).checked;
  }

  key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.box.value) {
      event.stopPropagation();
      this.box.value = "";
      this.again();
    }
  }

  // Null without a search; also for a pattern that is not finished, which the box then shows.
  compile() {
    const text = this.box.value;
    this.box.removeAttribute("aria-invalid");
    if (!text) return null;
    try {
      return new RegExp(this.is("regex") ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), this.is("case") ? "gu" : "giu");
    } catch {
      this.box.setAttribute("aria-invalid", "true");
      return null;
    }
  }

  again() {
    this.pattern = this.compile();
    this.current = null;
    for (const item of this.items()) this.mark(item);
    this.filtered(Boolean(this.pattern) && this.is("only"));
    const hits = this.hits();
    this.current = hits.at(-1) ?? null;
    if (this.current) this.reveal(this.current);
    this.tell(hits);
  }

  // For each line that arrives.
  mark(item) {
    const hit = Boolean(this.pattern) && item.text !== undefined && this.test(item.text);
    if (hit !== Boolean(item.hit)) item.node?.classList.toggle("hit", hit);
    item.hit = hit;
  }

  test(text) {
    this.pattern.lastIndex = 0;
    return this.pattern.test(text);
  }

  hits() {
    return this.pattern ? this.items().filter((item) => item.hit && this.shows(item)) : [];
  }

  go(step) {
    const hits = this.hits();
    if (!hits.length) return;
    const at = hits.indexOf(this.current);
    this.current = at < 0 ? hits.at(step > 0 ? 0 : -1) : hits[(at + step + hits.length) % hits.length];
    this.reveal(this.current);
    this.tell(hits);
  }

  tell(hits = this.hits()) {
    if (!this.box.value) this.said.textContent = "";
    else this.said.textContent = `${hits.indexOf(this.current) + 1}/${hits.length}`;
    this.paint(hits);
  }

  // CSS.highlights colours matches without touching the lines; where it is missing, the whole line is marked.
  paint(hits) {
    for (const node of this.root.querySelectorAll(".current")) node.classList.remove("current");
    this.current?.node?.classList.add("current");
    if (!globalThis.CSS?.highlights) return;
    const at = Math.max(hits.indexOf(this.current), 0);
    const near = hits.slice(Math.max(at - MARKED, 0), at + MARKED);
    CSS.highlights.set("log-match", new Highlight(...near.flatMap((item) => [...this.ranges(item.node)])));
  }

  *ranges(node) {
    const place = node?.querySelector(".text");
    if (!place) return;
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    const nodes = [];
    let length = 0;
    while (walker.nextNode()) {
      nodes.push([length, walker.currentNode]);
      length += walker.currentNode.length;
    }
    this.pattern.lastIndex = 0;
    const find = (offset) => nodes.findLast(([from]) => from <= offset);
    for (const found of place.textContent.matchAll(this.pattern)) {
      if (!found[0]) continue;
      const range = new Range();
      const [from, start] = find(found.index);
      const [to, end] = find(found.index + found[0].length - 1);
      range.setStart(start, found.index - from);
      range.setEnd(end, found.index + found[0].length - to);
      yield range;
    }
  }
}
