// Keys of the whole page. By event.key, so that "/" is Shift+: on AZERTY; never while one types.
import { close, dismiss } from "./drawer.js";

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
  if (typing(event.target)) return;
  if (event.key === "/") {
    const box = document.getElementById("q");
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  }
});
