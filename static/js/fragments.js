// Parts of a page that the server sends anew whenever they change: <… data-fragment="/ws/…">.
const FIRST_WAIT = 250, LONGEST_WAIT = 5000; // ms
const LEFT = 4401; // the server's code for "you are in this class no more"

function follow(part, wait = FIRST_WAIT) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}${part.dataset.fragment}`);
  let next = wait;
  socket.addEventListener("message", (event) => {
    next = FIRST_WAIT;
    fill(part, event.data);
  });
  socket.addEventListener("close", (event) => {
    if (event.code === LEFT) location.reload();
    else setTimeout(() => follow(part, Math.min(next * 2, LONGEST_WAIT)), next * (0.8 + Math.random() * 0.4));
  });
}

// What is open stays open, and the keyboard stays where it was.
function fill(part, html) {
  if (part.querySelector("dialog[open], select:focus, input:focus")) {
    part.addEventListener("focusout", () => fill(part, html), { once: true });
    return;
  }
  const open = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.innerHTML = html; // rendered and escaped by our own server
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  window.htmx?.process(part);
}

for (const part of document.querySelectorAll("[data-fragment]")) follow(part);
