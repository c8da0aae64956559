// Search and commands (Ctrl/Cmd+K): a combobox over a listbox, https://www.w3.org/WAI/ARIA/apg/patterns/combobox/.
// The server finds objects and what can be done; pages, preferences and the open object's actions are those on the page.
import { open as openBeside } from "./drawer.js";

const WAIT = 90; // ms after the last key before the server is asked
const MOST = 8; // of each group that is filtered here

const dialog = document.getElementById("palette");
const box = document.getElementById("palette-box");
const list = document.getElementById("palette-list");
let titles = null; // of the lessons, once
let asking = null;
let timer = 0;
let chosen = -1;
let items = [];

export function show() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  box.value = "";
  titles ??= dialog.dataset.titles ? fetchItems(dialog.dataset.titles) : Promise.resolve([]);
  update();
}

async function fetchItems(url, signal) {
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
  return response.ok ? (await response.json()).items : [];
}

// --- What the page itself offers -------------------------------------------------------------------

function here() {
  const text = dialog.dataset;
  const found = [];
  for (const link of document.querySelectorAll("#panel .verbs a")) {
    const name = document.getElementById("panel-title")?.textContent ?? "";
    found.push({ group: text.groupObject, title: `${link.textContent.trim()} · ${name}`, detail: "", icon: iconOf(link), element: link });
  }
  for (const link of document.querySelectorAll("#nav ul a")) {
    found.push({ group: text.groupPages, title: link.textContent.trim(), detail: "", icon: iconOf(link), url: link.href });
  }
  for (const button of document.querySelectorAll(".header [data-preference], .header [name=language]")) {
    found.push({ group: text.groupPages, title: button.title, detail: "", icon: iconOf(button), element: button });
  }
  return found;
}

const iconOf = (element) => element.querySelector("use")?.getAttribute("href").replace(/.*#/, "") ?? "right";

function fits(item, words) {
  const text = plain(`${item.title} ${item.detail}`);
  return words.every((word) => text.includes(word));
}

// Accents do not matter: « evenements » finds « Événements ».
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

// --- The list --------------------------------------------------------------------------------------

async function update() {
  const query = box.value.trim();
  const words = plain(query).split(/\s+/).filter(Boolean);
  const own = here().filter((item) => fits(item, words)).slice(0, words.length ? MOST : 30);
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  if (!words.length) return draw(own);
  try {
    const [found, lessons] = await Promise.all([fetchItems(`${dialog.dataset.search}?q=${encodeURIComponent(query)}`, signal), titles]);
    if (!signal.aborted) draw([...found, ...own, ...lessons.filter((item) => fits(item, words)).slice(0, MOST)]);
  } catch (error) {
    if (error.name !== "AbortError") draw(own);
  }
}

function draw(found) {
  items = found;
  const groups = new Map();
  items.forEach((item, index) => {
    if (!groups.has(item.group)) groups.set(item.group, []);
    groups.get(item.group).push(option(item, index));
  });
  list.replaceChildren(...[...groups].map(([name, options], index) => group(name, options, index)));
  const order = [...list.querySelectorAll('[role="option"]')];
  items = order.map((node) => node.item);
  order.forEach((node, index) => (node.id = `palette-${index}`));
  choose(items.length ? 0 : -1);
  const text = dialog.dataset;
  document.getElementById("palette-count").textContent = items.length ? text.textFound.replace("#", items.length) : box.value.trim() ? text.nothing : "";
}

function group(name, options, index) {
  const made = document.createElement("div");
  made.setAttribute("role", "group");
  const title = Object.assign(document.createElement("div"), { id: `palette-group-${index}`, className: "palette-group", textContent: name });
  title.setAttribute("role", "presentation");
  made.setAttribute("aria-labelledby", title.id);
  made.append(title, ...options);
  return made;
}

function option(item) {
  const made = document.createElement("div");
  made.setAttribute("role", "option");
  made.item = item;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${dialog.dataset.icons}#${item.icon}`);
  svg.append(use);
  const title = Object.assign(document.createElement("span"), { className: "palette-title", textContent: item.title });
  const detail = Object.assign(document.createElement("span"), { className: "muted small", textContent: item.detail });
  made.append(svg, title, detail);
  return made;
}

function choose(index) {
  chosen = index;
  list.querySelectorAll('[role="option"]').forEach((node, at) => {
    node.setAttribute("aria-selected", String(at === index));
    if (at === index) node.scrollIntoView({ block: "nearest" });
  });
  if (index >= 0) box.setAttribute("aria-activedescendant", `palette-${index}`);
  else box.removeAttribute("aria-activedescendant");
}

function go(item, aside) {
  if (!item) return;
  dialog.close();
  if (item.element) item.element.click();
  else if (aside) window.open(item.url, "_blank", "noopener");
  else if (item.opens) openBeside(item.url);
  else location.assign(item.url);
}

// --- Wiring ----------------------------------------------------------------------------------------

if (dialog) {
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, WAIT);
  });
  box.addEventListener("keydown", (event) => {
    const last = items.length - 1;
    const moves = { ArrowDown: chosen >= last ? 0 : chosen + 1, ArrowUp: chosen <= 0 ? last : chosen - 1, PageDown: Math.min(chosen + 8, last), PageUp: Math.max(chosen - 8, 0) };
    if (event.key in moves && items.length) choose(moves[event.key]);
    else if (event.key === "Enter") go(items[chosen], event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    const node = event.target.closest('[role="option"]');
    const index = node ? items.indexOf(node.item) : -1;
    if (index >= 0 && index !== chosen) choose(index);
  });
  list.addEventListener("click", (event) => go(event.target.closest('[role="option"]')?.item, event.ctrlKey || event.metaKey));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    if (event.target.closest?.(".terminal .screen")) return; // Ctrl+K cuts a line there
    event.preventDefault();
    show();
  });
}
