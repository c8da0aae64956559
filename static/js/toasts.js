// What became of the reader's own actions; never of what happens by itself.
const SHOWN = 5000; // ms; failures stay until closed

export function toast(text, { bad = false, raw = "" } = {}) {
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
  area.append(made);
  while (area.children.length > 3) area.firstElementChild.remove();
  if (!bad) setTimeout(() => made.remove(), SHOWN);
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));

// The server of the pages itself is away.
export function lost() {
  toast(document.getElementById("toasts").dataset.lost, { bad: true });
}
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, lost);
