// What became of the reader's own actions; never of what happens by itself.
const SHOWN = 5000; // ms; failures stay until closed

export function toast(text, { bad = false, raw = "", undo = null, story = null } = {}) {
  const area = document.getElementById("toasts");
  const made = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  made.classList.toggle("bad", bad);
  made.querySelector("p").textContent = text;
  if (raw) {
    const quote = made.querySelector(".raw");
    quote.textContent = raw;
    quote.hidden = false;
  }
  made.querySelector("button").addEventListener("click", () => made.remove());
  if (story) made.querySelector("p").append(" ", storyLink(story));
  if (undo) made.querySelector("button").before(undoButton(undo, made));
  area.append(made);
  while (area.children.length > 3) area.firstElementChild.remove();
  if (!bad) setTimeout(() => made.remove(), SHOWN);
}

// A button that would be refused says why, also where no pointer can rest on it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-why]");
  if (button) toast(button.title, { bad: true });
});

// The way back, for as long as the toast is there. undo: {label, url, data}, a form of the server's own.
function undoButton({ label, url, data }, made) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet undo", textContent: label });
  button.addEventListener("click", async () => {
    made.remove();
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
    const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(data) }).catch(lost);
    if (!response) return;
    const told = JSON.parse(response.headers.get("HX-Trigger") ?? "{}").toast;
    if (told) toast(told.text);
    else toast(new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".notice, .problem")?.textContent.trim() ?? label, { bad: true });
    document.dispatchEvent(new CustomEvent("refresh-panel"));
  });
  return button;
}

// Where to see what came of it. story: {label, url}, the tab of an object.
function storyLink({ label, url }) {
  const link = Object.assign(document.createElement("a"), { href: url, textContent: label });
  link.dataset.open = "";
  return link;
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));

// The server of the pages itself is away.
export function lost() {
  toast(document.getElementById("toasts").dataset.lost, { bad: true });
}
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, lost);
