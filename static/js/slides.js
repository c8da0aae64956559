// A lesson on the projector: the arrow keys (and a remote control, which sends them) turn one slide; F fills the screen.
const TURN = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, n: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, p: -1 };
const show = document.querySelector("[data-slides]");

function slides() {
  return [...show.querySelectorAll(".slide")];
}

function current(all) {
  const middle = innerHeight / 2;
  return Math.max(0, all.findIndex((one) => one.getBoundingClientRect().bottom > middle));
}

function go(number) {
  const all = slides();
  const to = all[Math.max(0, Math.min(all.length - 1, number))];
  to.scrollIntoView({ behavior: "instant" });
  history.replaceState(null, "", `#${to.id}`); // a reload comes back to it
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}

if (show) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, a, input")) return;
    if (event.key in TURN) go(current(slides()) + TURN[event.key]);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(Infinity);
    else if (event.key.toLowerCase() === "f") fill();
    else return;
    event.preventDefault();
  });
  show.querySelector("[data-fullscreen]").addEventListener("click", (event) => {
    fill();
    event.currentTarget.blur();
  });
}
