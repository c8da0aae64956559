// The drawing, kept current: the new one is merged in, only what changed moves or lights up.
import { Idiomorph } from "idiomorph";
import * as live from "./live.js";

const MOVE = 200; // ms
const PULSE = 1200;
const place = document.getElementById("topology");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let asking = false, again = false, selected = "";

const boxes = () => [...place.querySelectorAll("foreignObject")];

async function refresh() {
  if (asking) return void (again = true);
  asking = true;
  try {
    const response = await fetch(location.href, { headers: { "HX-Request": "true", "HX-Target": "topology" } });
    if (response.ok) merge(await response.text());
  } catch {
    // the pill in the header says that nobody answers
  }
  asking = false;
  if (again) {
    again = false;
    refresh();
  }
}

function merge(html) {
  const before = new Map(boxes().map((box) => [box.id, { x: box.x.baseVal.value, y: box.y.baseVal.value, text: box.textContent }]));
  Idiomorph.morph(place, html, { morphStyle: "innerHTML" });
  for (const box of boxes()) {
    const was = before.get(box.id);
    if (!was) light(box, true);
    else {
      if (was.text !== box.textContent) light(box, false);
      glide(box, was.x - box.x.baseVal.value, was.y - box.y.baseVal.value);
    }
  }
  select(selected);
}

function light(box, isNew) {
  const link = box.querySelector(".box");
  link.classList.add("pulse");
  setTimeout(() => link.classList.remove("pulse"), PULSE);
  if (isNew && !still.matches) box.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE });
}

function glide(box, x, y) {
  if ((x || y) && !still.matches) box.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: MOVE, easing: "ease-out" });
}


function select(path, look = false) {
  selected = path;
  for (const link of place.querySelectorAll(".box")) {
    if (path && link.dataset.of === path && !link.classList.contains("many")) {
      link.setAttribute("aria-current", "true");
      if (look) link.scrollIntoView({ block: "nearest", inline: "center" });
    } else link.removeAttribute("aria-current");
  }
}

if (place) {
  selected = document.getElementById("panel")?.dataset.path ?? "";
  live.describeWith(() => ({ kinds: place.dataset.kinds }));
  live.on("stale", (parts) => parts.includes("page") && refresh());
  live.on("back", refresh);
  let fresh = false; // what changed between the page's making and the socket's opening
  live.on("state", () => fresh || ((fresh = true), refresh()));
  document.addEventListener("opened", (event) => select(event.detail, true));
}
