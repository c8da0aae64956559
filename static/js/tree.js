// The treegrid: applies the server's operations, folds, filters, follows the keyboard
// (https://www.w3.org/WAI/ARIA/apg/patterns/treegrid/, rows take the focus).
import * as ages from "./ages.js";
import { open } from "./drawer.js";
import * as live from "./live.js";

const FRESH = 2000; // ms a changed row stays marked
const MOST_TOGGLED = 120;

const table = document.getElementById("tree");
const body = document.getElementById("rows");
const sight = table && { ns: table.dataset.ns, q: field("q"), problems: checked("problems"), by: table.dataset.by, depth: table.dataset.depth };

function field(id) {
  return document.getElementById(id)?.value ?? "";
}
function checked(id) {
  return document.getElementById(id)?.checked ? "1" : "";
}

// --- The server's operations -------------------------------------------------------------------

function rowsOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

// Changes a row in place, so that the focus, the selection and an opened title survive.
function patch(row, made) {
  const selected = row.getAttribute("aria-selected");
  const tabindex = row.tabIndex;
  for (const name of row.getAttributeNames()) if (!made.hasAttribute(name)) row.removeAttribute(name);
  for (const name of made.getAttributeNames()) if (row.getAttribute(name) !== made.getAttribute(name)) row.setAttribute(name, made.getAttribute(name));
  row.tabIndex = tabindex;
  if (selected) row.setAttribute("aria-selected", selected);
  const cells = [...made.children];
  cells.forEach((cell, index) => {
    const old = row.children[index];
    if (!old) row.append(cell);
    else if (!sameCell(old, cell)) old.replaceWith(cell);
  });
}

// Ages differ by what the clock did meanwhile; that is no change.
function sameCell(old, made) {
  if (old.classList.contains("age")) return old.firstElementChild?.dateTime === made.firstElementChild?.dateTime;
  for (const link of made.querySelectorAll("a.name")) link.tabIndex = -1;
  return old.isEqualNode(made);
}

function mark(row) {
  row.classList.add("fresh");
  setTimeout(() => row.classList.remove("fresh"), FRESH);
}

function insert(row, before) {
  const previous = before && document.getElementById(before);
  if (previous) previous.after(row);
  else body.prepend(row);
}

function apply(ops) {
  const focused = document.activeElement?.closest?.("#rows > tr");
  let neighbour = null;
  for (const [op, id, before, html] of ops) {
    const row = document.getElementById(id);
    if (op === "-") {
      if (row && row === focused) neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row?.remove();
    } else if (op === "=" && row) {
      patch(row, rowsOf(html)[0]);
      mark(row);
    } else {
      const made = rowsOf(html)[0];
      row?.remove();
      insert(made, before);
      mark(made);
    }
  }
  if (focused && !focused.isConnected) (document.getElementById(focused.id) ?? neighbour)?.focus();
  settle();
}

function replaceAll(html) {
  const wanted = rowsOf(html);
  const ids = new Set(wanted.map((row) => row.id));
  for (const row of [...body.children]) if (!ids.has(row.id)) row.remove();
  let previous = null;
  for (const made of wanted) {
    const row = document.getElementById(made.id);
    if (row) patch(row, made);
    const placed = row ?? made;
    if (placed.previousElementSibling !== previous || placed.parentElement !== body) {
      if (previous) previous.after(placed);
      else body.prepend(placed);
    }
    previous = placed;
  }
  settle();
}

function settle() {
  ages.write(body);
  select(selected);
  // Rows take the focus; without this script the links do.
  for (const link of body.querySelectorAll("a.name:not([tabindex])")) link.tabIndex = -1;
  if (!body.querySelector('tr[tabindex="0"]') && body.firstElementChild) body.firstElementChild.tabIndex = 0;
  const nothing = document.getElementById("nothing");
  if (nothing) nothing.hidden = body.children.length > 0;
  if (body.children.length) document.getElementById("away")?.remove();
}

function summarise(html) {
  document.getElementById("summary").innerHTML = html;
}

// --- Folding -----------------------------------------------------------------------------------------

function remember(id) {
  const found = /(?:^|; )minikweb-tree=([^;]*)/.exec(document.cookie);
  const toggled = found && found[1] ? found[1].split(".") : [];
  const at = toggled.indexOf(id);
  if (at >= 0) toggled.splice(at, 1);
  else toggled.push(id);
  forget(toggled.slice(-MOST_TOGGLED));
}

function forget(toggled = []) {
  document.cookie = `minikweb-tree=${toggled.join(".")}; path=/; max-age=31536000; samesite=lax`;
}

function toggle(row, wanted = row.getAttribute("aria-expanded") !== "true") {
  if (!row.hasAttribute("aria-expanded") || (row.getAttribute("aria-expanded") === "true") === wanted) return;
  row.setAttribute("aria-expanded", String(wanted));
  if (!wanted) {
    const level = Number(row.dataset.level);
    while (row.nextElementSibling && Number(row.nextElementSibling.dataset.level) > level) row.nextElementSibling.remove();
  }
  remember(row.id);
  live.say({ toggle: row.id, open: wanted });
}

// --- Selection and keyboard ---------------------------------------------------------------------------

let selected = table?.dataset.select ?? "";

function select(path) {
  selected = path;
  for (const row of body.querySelectorAll('[aria-selected="true"]')) if (row.dataset.path !== path) row.removeAttribute("aria-selected");
  if (!path) return;
  for (const row of body.children) {
    if (row.dataset.path === path && !row.id.includes("-")) row.setAttribute("aria-selected", "true");
  }
}

function focus(row) {
  if (!row) return;
  for (const other of body.querySelectorAll('tr[tabindex="0"]')) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function parentOf(row) {
  const level = Number(row.dataset.level);
  let found = row.previousElementSibling;
  while (found && Number(found.dataset.level) >= level) found = found.previousElementSibling;
  return found;
}

// k9s' letters, where they mean the same.
const TABS = { d: "overview", l: "logs", p: "logs/?previous=1", s: "terminal", y: "yaml", e: "edit", h: "history", v: "events" };
const RESTARTED = /^(Deployment|StatefulSet|DaemonSet)\//;
const VERBS = { r: "do/restart/", Delete: "do/delete/" };

function key(event) {
  const row = event.target.closest("tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = {
    ArrowDown: () => focus(row.nextElementSibling),
    ArrowUp: () => focus(row.previousElementSibling),
    Home: () => focus(body.firstElementChild),
    End: () => focus(body.lastElementChild),
    PageDown: () => focus([...body.children][Math.min([...body.children].indexOf(row) + 15, body.children.length - 1)]),
    PageUp: () => focus([...body.children][Math.max([...body.children].indexOf(row) - 15, 0)]),
    ArrowRight: () => (row.getAttribute("aria-expanded") === "false" ? toggle(row, true) : focus(row.nextElementSibling)),
    ArrowLeft: () => (row.getAttribute("aria-expanded") === "true" ? toggle(row, false) : focus(parentOf(row))),
    Enter: () => (row.querySelector("a.name") ? openRow(row) : toggle(row)),
    " ": () => toggle(row),
  };
  const tab = TABS[event.key];
  const verb = VERBS[event.key];
  if (moves[event.key]) moves[event.key]();
  else if (verb && row.querySelector("a.name") && (event.key !== "r" || RESTARTED.test(row.dataset.path))) location.assign(pathOf(row) + verb);
  else if (tab && row.querySelector("a.name")) openRow(row, tab);
  else return;
  event.preventDefault();
}

function openRow(row, tab = "") {
  const link = row.querySelector("a.name");
  if (!tab) return open(link.href);
  const base = pathOf(row);
  if (tab === "edit") location.assign(`${base}edit/`);
  else open(tab.includes("?") ? base + tab : `${base}${tab}/`);
}

function pathOf(row) {
  return row.querySelector("a.name").href.replace(/\?.*/, "").replace(/logs\/$/, "");
}

// --- Wiring ----------------------------------------------------------------------------------------------

if (table) {
  live.describeWith(() => ({ tree: "1", ...sight }));
  live.on("all", replaceAll);
  live.on("ops", apply);
  live.on("summary", summarise);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const link = event.target.closest("a.name");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link.href);
      focus(row);
    } else if (!link && row) {
      if (event.target.closest(".twist") || !row.dataset.path) toggle(row);
      else if (!getSelection().toString()) openRow(row);
    }
  });
  body.addEventListener("keydown", key);
  document.addEventListener("opened", (event) => select(event.detail));
  const filter = document.getElementById("filter");
  let timer = 0;
  const changed = () => {
    sight.q = field("q");
    sight.problems = checked("problems");
    live.say({ sight });
    const url = new URL(location);
    for (const [name, value] of [["q", sight.q], ["problems", sight.problems]]) value ? url.searchParams.set(name, value) : url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
  };
  filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(changed, 80);
  });
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    changed();
  });
  for (const link of document.querySelectorAll("[data-depth]:not(#tree)")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      forget();
      sight.depth = link.dataset.depth;
      live.say({ sight, forget: true });
      for (const other of document.querySelectorAll("[data-depth]:not(#tree)")) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      const url = new URL(location);
      url.searchParams.set("depth", sight.depth);
      history.replaceState(history.state, "", url);
    });
  }
  settle();
}
