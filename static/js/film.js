// A demonstration: commands typed letter by letter at the reader's pace; each runs on the cluster once it is typed.
const BEFORE = 700, AFTER_KEY = 1000; // ms
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function film(root) {
  const screen = root.querySelector("pre"), button = root.querySelector("[data-film-start]");
  const speed = root.querySelector("[data-film-speed]"), waits = root.querySelector("[data-film-wait]");
  let socket = null, paused = false, resume = () => {}, queue = Promise.resolve();

  function write(text, kind) {
    const part = kind ? Object.assign(document.createElement("span"), { className: kind }) : null;
    if (part) part.textContent = text;
    const down = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 40;
    screen.append(part ?? text);
    if (down) screen.scrollTop = screen.scrollHeight;
  }

  function label() {
    button.querySelector("span").textContent = paused ? button.dataset.resume : button.dataset.pause;
    button.querySelector("use")?.setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, paused ? "#resume" : "#pause"));
  }

  async function gate() {
    while (paused) await new Promise((done) => { resume = done; });
  }

  function pause(on) {
    paused = on;
    label();
    if (!on) resume();
  }

  async function type(command) {
    write("$ ", "prompt");
    if (Number(speed.value)) await sleep(BEFORE);
    if (waits.checked) pause(true);
    for (const key of command) {
      await gate();
      write(key, "typed");
      if (Number(speed.value)) await sleep((AFTER_KEY / Number(speed.value)) * (0.6 + Math.random() * 0.8));
    }
    await gate();
    write("\n");
    socket.send('{"go": true}');
  }

  async function show({ kind, text }) {
    if (kind === "command") await type(text);
    else if (kind === "heading" || kind === "note") write(`${screen.textContent ? "\n" : ""}# ${text}\n`, "heading");
    else if (kind === "output") write(text);
    else if (kind === "problem") { write(`\n${text}\n`, "problem"); end(); }
    else if (kind === "end") end();
  }

  function end() {
    root.querySelector("[data-film-end]").hidden = false;
    button.disabled = true;
    socket?.close();
  }

  function start() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}${root.dataset.film}`);
    socket.addEventListener("open", () => socket.send('{"go": true}'));
    socket.addEventListener("message", (event) => { queue = queue.then(() => show(JSON.parse(event.data))); });
    socket.addEventListener("close", () => { button.disabled = true; });
    label();
    screen.focus();
  }

  button.addEventListener("click", () => (socket ? pause(!paused) : start()));
  screen.addEventListener("keydown", (event) => {
    if (event.key !== " " || !socket) return;
    event.preventDefault();
    pause(!paused);
  });
}

for (const root of document.querySelectorAll("[data-film]")) film(root);
