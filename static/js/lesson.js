// The step that turns green by itself: the server sends the checks whenever they change. And n, p walk the steps.
const FIRST_WAIT = 250, LONGEST_WAIT = 5000, POLL = 300; // ms
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

// A part of a page asked for again until it says that its work has ended; then it leads on by itself.
async function poll(part) {
  const answer = await fetch(part.dataset.poll).catch(() => null);
  if (answer?.ok && !answer.redirected) part.innerHTML = await answer.text(); // rendered and escaped by our own server
  const on = part.querySelector("[data-go]");
  if (on) location.assign(on.href);
  else if (part.querySelector('[data-state="under-way"]')) setTimeout(poll, POLL, part);
}

for (const part of document.querySelectorAll("[data-poll]")) setTimeout(poll, POLL, part);

if (panel) {
  connect(FIRST_WAIT);
  document.addEventListener("keydown", walk);
}
