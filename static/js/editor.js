// The plain YAML editor: line numbers, indentation that follows, Ctrl+S checks. Tab leaves the text, as everywhere.
function wire(form) {
  const text = form.querySelector("#yaml");
  const gutter = form.querySelector("[data-gutter]");
  const number = () => {
    const lines = text.value.split("\n").length;
    if (gutter.childElementCount !== lines) {
      gutter.replaceChildren(...Array.from({ length: lines }, (_, i) => Object.assign(document.createElement("span"), { textContent: i + 1 })));
    }
    gutter.scrollTop = text.scrollTop;
  };
  text.addEventListener("input", number);
  text.addEventListener("scroll", () => (gutter.scrollTop = text.scrollTop));
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    const before = text.value.slice(0, text.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const indent = /^[ ]*/.exec(line)[0] + (/:\s*$/.test(line) ? "  " : "");
    if (!indent) return;
    event.preventDefault();
    // execCommand keeps the browser's own undo.
    if (!document.execCommand("insertText", false, "\n" + indent)) text.setRangeText("\n" + indent, text.selectionStart, text.selectionEnd, "end");
    number();
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (link) reveal(text, Number(link.dataset.line));
  });
  const mark = () => {
    const bad = new Set([...form.querySelectorAll("#verdict [data-line]")].map((link) => Number(link.dataset.line)));
    [...gutter.children].forEach((span, i) => span.classList.toggle("bad", bad.has(i + 1)));
  };
  form.addEventListener("htmx:afterSwap", mark);
  const original = text.value;
  addEventListener("beforeunload", (event) => {
    if (document.contains(text) && text.value !== original && !form.querySelector("#verdict .good a")) event.preventDefault();
  });
  number();
  mark();
}

function reveal(text, line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(line - 6, 0);
}

function look(root) {
  for (const form of root.querySelectorAll("[data-editor]:not([data-wired])")) {
    form.dataset.wired = "";
    wire(form);
  }
}
look(document);
document.addEventListener("htmx:afterSettle", () => look(document));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    const check = document.querySelector("[data-check]");
    if (!check) return;
    event.preventDefault();
    check.click();
  }
});
