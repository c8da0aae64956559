// The YAML editor. The plain text area works by itself: line numbers, indentation that follows, Ctrl+S checks, Tab
// leaves the text as everywhere; the rich editor (yaml/main.js) is fetched over it when the page has one.
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
  text.addEventListener("input", () => form.rich || number());
  text.addEventListener("scroll", () => (gutter.scrollTop = text.scrollTop));
  text.addEventListener("keydown", (event) => indent(event, text, number));
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (link && form.rich) form.rich.reveal(Number(link.dataset.line));
    else if (link) reveal(text, Number(link.dataset.line));
  });
  const mark = () => {
    const bad = new Set([...form.querySelectorAll("#verdict [data-line]")].map((link) => Number(link.dataset.line)));
    [...gutter.children].forEach((span, i) => span.classList.toggle("bad", bad.has(i + 1)));
  };
  form.addEventListener("htmx:afterSwap", mark);
  const original = text.value;
  addEventListener("beforeunload", (event) => {
    if (document.contains(text) && text.value !== original && !form.querySelector("#verdict [data-done]")) event.preventDefault();
  });
  number();
  mark();
  files(form, text, number);
  import(form.dataset.script).then(({ mount }) => document.contains(form) && mount(form)).catch((error) => console.warn(error));
}

function indent(event, text, number) {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  const before = text.value.slice(0, text.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const space = /^[ ]*/.exec(line)[0] + (/:\s*$/.test(line) ? "  " : "");
  if (!space) return;
  event.preventDefault();
  // execCommand keeps the browser's own undo.
  if (!document.execCommand("insertText", false, "\n" + space)) text.setRangeText("\n" + space, text.selectionStart, text.selectionEnd, "end");
  number();
}

function reveal(text, line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(line - 6, 0);
}

// A file into the text, and the text into a file.
function files(form, text, number) {
  const [upload, download] = [form.querySelector("[data-upload]"), form.querySelector("[data-download]")];
  const replace = (content) => {
    if (form.rich) return form.rich.replace(content);
    text.value = content;
    number();
  };
  upload.hidden = download.hidden = false;
  upload.querySelector("input").addEventListener("change", async ({ target }) => {
    if (target.files.length) replace(await target.files[0].text());
    target.value = "";
  });
  form.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  form.addEventListener("drop", async (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    replace(await event.dataTransfer.files[0].text());
  });
  download.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([text.value], { type: "application/yaml" }));
    Object.assign(document.createElement("a"), { href: url, download: form.dataset.file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
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
