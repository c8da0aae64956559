// The time scrubber: the slider and the arrows fetch the tree of another moment; "play" goes from change to change.
import { Idiomorph } from "idiomorph";
import * as ages from "./ages.js";

const PACE = 900; // ms a change is shown while it plays
const form = document.getElementById("scrubber");
const place = document.getElementById("replay");
let asked = 0, playing = 0;

async function show(at) {
  const mine = ++asked;
  const url = new URL(location);
  url.searchParams.set("ns", form.elements.ns.value);
  url.searchParams.set("at", at);
  const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "replay" } }).catch(() => null);
  if (mine !== asked || !response?.ok) return;
  Idiomorph.morph(place, await response.text(), { morphStyle: "innerHTML" });
  ages.write(place);
  history.replaceState(history.state, "", url);
  form.elements.at.value = at;
  const row = document.getElementById(place.firstElementChild?.dataset.of ?? "");
  if (!row) return;
  row.classList.add("pulse");
  row.scrollIntoView({ block: "nearest" });
  setTimeout(() => row.classList.remove("pulse"), PACE);
}

function play(on) {
  clearTimeout(playing);
  playing = 0;
  const button = form.querySelector("[data-play]"), label = button.querySelector("[data-label]");
  button.setAttribute("aria-pressed", String(on));
  label.textContent = on ? label.dataset.pauseText : label.dataset.playText;
  if (on) playing = setTimeout(step, 0);
}

async function step() {
  const next = place.querySelector("[data-next]");
  if (!next) return play(false);
  const begun = (playing ||= 1);
  await show(next.dataset.at);
  if (playing === begun) playing = setTimeout(step, PACE);
}

if (form && place) {
  const button = form.querySelector("[data-play]");
  button.hidden = false;
  button.addEventListener("click", () => play(button.getAttribute("aria-pressed") !== "true"));
  form.elements.at.addEventListener("input", () => {
    play(false);
    show(form.elements.at.value);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  place.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-at]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    play(false);
    show(link.dataset.at);
  });
}
