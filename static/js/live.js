// One socket per page. The server sends what changed; after a loss everything is listed again.
const FIRST_WAIT = 250, LONGEST_WAIT = 5000; // ms

const pill = document.getElementById("live");
const listeners = {};
let socket = null;
let wait = FIRST_WAIT;
let timer = 0;
let describe = () => ({}); // the query of the handshake
let lost = false;

export function on(kind, listener) {
  (listeners[kind] ??= []).push(listener);
}

export function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

export function describeWith(more) {
  const before = describe;
  describe = () => ({ ...before(), ...more() });
}

export function show(state) {
  if (!pill) return;
  pill.dataset.state = state;
  pill.textContent = pill.dataset[state === "live" ? "live" : state];
}

function tell(kind, detail) {
  for (const listener of listeners[kind] ?? []) listener(detail);
}

function connect() {
  clearTimeout(timer);
  const query = new URLSearchParams(describe());
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/live/?${query}`);
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    if (lost) tell("back");
    lost = false;
  });
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.state) show(message.state);
    for (const kind of Object.keys(message)) tell(kind, message[kind], message);
  });
  socket.addEventListener("close", () => {
    lost = true;
    show("connecting");
    timer = setTimeout(connect, wait * (0.8 + Math.random() * 0.4));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

export function start() {
  if (pill) connect();
}

// A laptop that wakes up does not wait for the back-off.
addEventListener("online", () => socket?.readyState === WebSocket.CLOSED && connect());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && socket?.readyState === WebSocket.CLOSED) connect();
});
queueMicrotask(start);
