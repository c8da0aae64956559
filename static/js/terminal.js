// A shell in a container: xterm.js on one side, frames of v5.channel.k8s.io on the other.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";

const INPUT = 0, OUTPUT = 1, ERRORS = 2, STATUS = 3, SIZE = 4;
const AWAKE = 25000; // ms between two signs of life: what stands between closes silent sockets
const THEME = { background: "#11151c", foreground: "#e6e9ef", cursor: "#8ab4ff", selectionBackground: "#3b5b92" };

// The pages' Content-Security-Policy allows no style written into the page, as text or attribute; the CSSOM may.
// While a terminal is open, elements are made so that what xterm.js writes goes there.
let terminals = 0;

function tame(more) {
  terminals += more;
  if (terminals) document.createElement = (name, options) => tamed(Document.prototype.createElement.call(document, name, options));
  else delete document.createElement;
}

function tamed(element) {
  if (element instanceof HTMLStyleElement) {
    element = Document.prototype.createElement.call(document, "template"); // even an empty style is refused
    const sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(sheet);
    Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text), get: () => "" });
    const remove = element.remove;
    element.remove = () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
      remove.call(element);
    };
  } else {
    element.setAttribute = setAttribute;
  }
  return element;
}

function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

// Opens the terminal of a panel; the answer ends it.
export function open(root) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const texts = root.dataset;
  const size = parseFloat(getComputedStyle(root).fontSize) * 0.9;
  const family = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  tame(+1);
  const terminal = new Terminal({ fontFamily: family, fontSize: size, theme: THEME, scrollback: 5000 });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(find("screen"));
  const encoder = new TextEncoder();
  let socket = null, said = "", gone = false;

  const send = (channel, bytes) => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    const frame = new Uint8Array(bytes.length + 1);
    frame[0] = channel;
    frame.set(bytes, 1);
    socket.send(frame);
  };
  const tellSize = () => send(SIZE, encoder.encode(JSON.stringify({ Width: terminal.cols, Height: terminal.rows })));
  const state = (text) => (find("state").textContent = text);

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = new URLSearchParams({ container: texts.container });
    socket = new WebSocket(`${scheme}://${location.host}${texts.socket}?${query}`);
    socket.binaryType = "arraybuffer";
    said = "";
    state(texts.textConnecting);
    find("again").hidden = true;
    socket.addEventListener("open", () => fit.fit());
    socket.addEventListener("message", (event) => receive(event.data));
    socket.addEventListener("close", closed);
  }

  function receive(data) {
    if (typeof data === "string") {
      said = JSON.parse(data).error ?? "";
      return;
    }
    const frame = new Uint8Array(data);
    if (frame[0] === OUTPUT || frame[0] === ERRORS) {
      if (find("state").textContent !== texts.textOpen) {
        state(texts.textOpen);
        tellSize();
      }
      terminal.write(frame.subarray(1));
    } else if (frame[0] === STATUS) said = ended(JSON.parse(new TextDecoder().decode(frame.subarray(1))));
  }

  function ended(status) {
    if (status.status === "Success") return `${texts.textEnded} (${texts.textCode} 0)`;
    const code = status.details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
    return code ? `${texts.textEnded} (${texts.textCode} ${code})` : (status.message ?? texts.textEnded);
  }

  function closed() {
    if (gone) return;
    state(said || texts.textLost);
    terminal.write(`\r\n\x1b[33m${(said || texts.textLost).replace(/[\x00-\x1f]/g, " ")}\x1b[0m\r\n`);
    find("again").hidden = false;
  }

  async function copy() {
    const text = terminal.getSelection();
    if (!text) return;
    await navigator.clipboard?.writeText(text).catch(() => document.execCommand("copy"));
    terminal.clearSelection();
    terminal.focus();
  }

  async function paste() {
    terminal.focus();
    try {
      terminal.paste(await navigator.clipboard.readText());
    } catch {
      state(texts.textPaste);
    }
  }

  terminal.onData((text) => send(INPUT, encoder.encode(text)));
  terminal.onResize(tellSize);
  terminal.onSelectionChange(() => (find("copy-selection").disabled = !terminal.hasSelection()));
  // Ctrl+C copies what is selected, else it is the signal; the browser pastes with Ctrl+V.
  terminal.attachCustomKeyEventHandler((event) => {
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (combined && event.key.toLowerCase() === "c" && terminal.hasSelection()) {
      if (event.type === "keydown") copy();
      event.preventDefault();
      return false;
    }
    if (event.key === "Escape" && event.shiftKey) {
      find("paste").focus(); // the way out for those without a mouse: Tab is the shell's
      return false;
    }
    return !(combined && event.key.toLowerCase() === "v");
  });
  find("copy-selection").addEventListener("click", copy);
  find("paste").addEventListener("click", paste);
  find("again").addEventListener("click", () => (terminal.reset(), connect(), terminal.focus()));
  find("container-choice").addEventListener("change", (event) => {
    texts.container = event.target.value;
    const old = socket;
    socket = null;
    old.removeEventListener("close", closed);
    old.close();
    terminal.reset();
    connect();
    terminal.focus();
  });
  const resized = new ResizeObserver(() => find("screen") && fit.fit());
  resized.observe(find("screen"));
  const awake = setInterval(() => socket?.readyState === WebSocket.OPEN && socket.send("awake"), AWAKE);
  connect();
  terminal.focus();
  return () => {
    gone = true;
    clearInterval(awake);
    resized.disconnect();
    socket?.close();
    terminal.dispose();
    tame(-1);
  };
}
