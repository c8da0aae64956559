// The strip above the tree: what people and their tools changed last, and the pulse of what they touched.
import * as ages from "./ages.js";
import * as live from "./live.js";

const PULSE = 2000; // ms
const REST = 400; // ms between two questions, however much is going on
const strip = document.getElementById("echo");
let asking = false, again = false;

async function refresh() {
  if (asking) return void (again = true);
  asking = true;
  try {
    const response = await fetch(strip.dataset.url, { headers: { "HX-Request": "true" } });
    if (response.ok) show(await response.text());
  } catch {
    // the pill in the header says that nobody answers
  }
  await new Promise((resolve) => setTimeout(resolve, REST));
  asking = false;
  if (again) {
    again = false;
    refresh();
  }
}

function show(html) {
  const known = new Set([...strip.querySelectorAll("li")].map((line) => line.id));
  strip.innerHTML = html;
  ages.write(strip);
  for (const line of strip.querySelectorAll("li")) {
    if (known.has(line.id)) continue;
    pulse(line);
    const row = document.getElementById(line.dataset.of);
    if (row) pulse(row);
  }
}

function pulse(element) {
  element.classList.add("pulse");
  setTimeout(() => element.classList.remove("pulse"), PULSE);
}

if (strip) {
  live.describeWith(() => ({ kinds: strip.dataset.kinds }));
  live.on("stale", (parts) => parts.includes("page") && refresh());
  live.on("back", refresh);
  let fresh = false; // what changed between the page's making and the socket's opening
  live.on("state", () => fresh || ((fresh = true), refresh()));
}
