// Keys of the whole page. By event.key, so that "/" is Shift+: on AZERTY; never while one types.
import { close, dismiss } from "./drawer.js";
import * as palette from "./palette.js";

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(".terminal .screen")) return; // every key is the shell's
  if (event.key === "Escape") {
    if (event.defaultPrevented) return; // the editor closed its list of proposals
    if (document.querySelector("dialog[open], [popover]:popover-open:not(#nav)")) return;
    if (event.target.id === "q" && event.target.value) return;
    if (dismiss() || close()) event.preventDefault();
    else if (typing(event.target)) event.target.blur();
    return;
  }
  // "/" goes to the page's own filter; there once more, or without one, to the search of the whole.
  const box = document.getElementById("q");
  if (event.key === "/" && event.target === box && !box.value) {
    event.preventDefault();
    palette.show();
  }
  if (typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    if (!box) return palette.show();
    box.focus();
    box.select();
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  }
});
