// The step that turns green by itself: the server sends the checks whenever they change. And n, p walk the steps.
const FIRST_WAIT = 250, LONGEST_WAIT = 5000; // ms
const panel = document.querySelector("[data-checks]");

function connect(wait) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}${panel.dataset.checks}`);
  let next = wait;
  socket.addEventListener("open", () => { next = FIRST_WAIT; });
  socket.addEventListener("message", (event) => {
    panel.innerHTML = event.data; // rendered and escaped by our own server
    const done = panel.querySelector("[data-step-done]")?.dataset.stepDone;
    if (done) document.querySelector(`[data-lesson-step="${done}"]`)?.setAttribute("data-done", "");
  });
  socket.addEventListener("close", () => {
    setTimeout(() => connect(Math.min(next * 2, LONGEST_WAIT)), next);
  });
}

// n and p, as in slides: not while typing, and not with a modifier, which belongs to the browser.
function walk(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  const to = { n: "next", p: "prev" }[event.key];
  if (to) document.querySelector(`.walk [rel="${to}"]`)?.click();
}

if (panel) {
  connect(FIRST_WAIT);
  document.addEventListener("keydown", walk);
}
