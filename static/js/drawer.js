// The panel beside: opens objects and their tabs, keeps itself current, runs the forms of actions.
import { Idiomorph } from "idiomorph";
import * as ages from "./ages.js";
import * as live from "./live.js";
import { lost } from "./toasts.js";

const drawer = () => document.getElementById("drawer");
const panel = () => document.getElementById("panel");
let asking = null; // the request under way, so that a later one wins
let opening = false; // what somebody clicked on; no refresh gets in its way

async function fetchPanel(url, refresh) {
  asking?.abort();
  asking = new AbortController();
  const headers = { "HX-Request": "true", "HX-Target": "drawer", "HX-Current-URL": location.href };
  if (refresh) headers["HX-Trigger-Name"] = "refresh";
  return fetch(url, { headers, signal: asking.signal });
}

export async function open(url) {
  if (!drawer()) return location.assign(url);
  opening = true;
  try {
    const response = await fetchPanel(url, false);
    opening = false;
    fill(await response.text());
    const pushed = response.headers.get("HX-Push-Url");
    if (pushed && pushed !== location.pathname + location.search) history.pushState({ panel: url }, "", pushed);
  } catch (error) {
    if (error.name === "AbortError") return; // another one is being opened
    opening = false;
    location.assign(url);
    return;
  }
  announce();
  if (innerWidth <= 900) document.getElementById("panel-title")?.focus();
}

function fill(html) {
  const place = drawer();
  place.innerHTML = html;
  place.scrollTop = 0;
  htmx.process(place);
  ages.write(place);
  showTab(place);
  place.dispatchEvent(new CustomEvent("filled", { bubbles: true }));
}

// Where the tabs do not fit, the chosen one is in sight.
function showTab(place) {
  place?.querySelector('.tabs [aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
showTab(drawer());

function announce() {
  const path = panel()?.dataset.path ?? "";
  live.say({ select: path });
  document.dispatchEvent(new CustomEvent("opened", { detail: path }));
}

export function close() {
  if (!drawer() || drawer().classList.contains("as-page")) return false;
  if (!panel() && !drawer().firstElementChild) return false;
  drawer().dispatchEvent(new CustomEvent("emptied", { bubbles: true }));
  drawer().replaceChildren();
  const url = new URL(location);
  url.searchParams.delete("sel");
  url.searchParams.delete("tab");
  history.pushState({}, "", url);
  announce();
  document.querySelector('#rows tr[tabindex="0"]')?.focus({ preventScroll: true });
  return true;
}

const keep = { beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-keep")) };

// The same panel as it is now; what the reader is typing or reading stays.
export async function refresh() {
  const shown = panel();
  if (!shown || opening) return;
  try {
    const url = new URL(shown.dataset.url, location);
    const radios = shown.querySelector("form[data-compare]");
    if (radios) for (const [name, value] of new FormData(radios)) url.searchParams.set(name, value);
    const response = await fetchPanel(url, true);
    const html = await response.text();
    if (!response.ok) {
      const body = document.getElementById("object-body");
      if (body) body.innerHTML = html;
      return;
    }
    if (panel() !== shown) return;
    Idiomorph.morph(shown, html, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks: keep });
    htmx.process(panel());
    ages.write(panel());
  } catch (error) {
    if (error.name !== "AbortError") console.warn(error);
  }
}

let due = 0;
function refreshSoon() {
  clearTimeout(due);
  due = setTimeout(refresh, 20);
}

async function refreshPage() {
  const page = document.getElementById("page");
  if (!page) return;
  const headers = { "HX-Request": "true", "HX-Target": "page" };
  const response = await fetch(location.href, { headers }).catch(() => null);
  if (!response?.ok) return;
  Idiomorph.morph(page, await response.text(), { morphStyle: "innerHTML", ignoreActiveValue: true });
  ages.write(page);
}

// --- Forms of actions -------------------------------------------------------------------------------

async function act(link) {
  const place = document.getElementById("action");
  const response = await fetch(link.href, { headers: { "HX-Request": "true", "HX-Target": "action" } }).catch(lost);
  if (!response) return;
  place.innerHTML = await response.text();
  place.hidden = false;
  htmx.process(place);
  const first = place.querySelector("[autofocus]") ?? place.querySelector("input, button");
  first?.focus();
  first?.select?.();
  place.scrollIntoView({ block: "nearest" });
}

function dismiss() {
  const place = document.getElementById("action");
  if (!place || place.hidden) return false;
  place.hidden = true;
  place.replaceChildren();
  return true;
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const link = event.target.closest("a");
  if (!link) return;
  if (link.matches("[data-cancel]") && dismiss()) event.preventDefault();
  else if (link.matches("[data-close]") && close()) event.preventDefault();
  else if (link.matches("[data-act]") && drawer()) {
    event.preventDefault();
    act(link);
  } else if (link.matches("[data-open]") && drawer() && !drawer().classList.contains("as-page")) {
    event.preventDefault();
    open(link.href);
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-compare]");
  if (form) refresh();
});

document.addEventListener("refresh-panel", () => {
  dismiss();
  refreshSoon();
});

addEventListener("popstate", () => {
  if (document.querySelector("#tree, #page, #topology")) location.reload();
});

export { dismiss };

live.describeWith(() => ({
  select: panel()?.dataset.path ?? "",
  kinds: document.getElementById("page")?.dataset.kinds ?? "",
}));
live.on("stale", (parts) => {
  if (parts.includes("drawer")) refreshSoon();
  if (parts.includes("page")) refreshPage();
});
live.on("back", () => {
  refreshSoon();
  refreshPage();
});
