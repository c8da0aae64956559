// Line numbers beside a text one types, and a mark where the server found something wrong:
// <textarea data-gutter id="x">, and in the server's answer <span data-mark="x" data-line="3">.
function dress(area) {
  const box = document.createElement("div");
  box.className = "gutter-box";
  const gutter = document.createElement("pre");
  gutter.className = "gutter";
  gutter.setAttribute("aria-hidden", "true");
  area.replaceWith(box);
  box.append(gutter, area);
  const draw = () => number(area, gutter);
  area.addEventListener("input", draw);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  document.addEventListener("htmx:afterSwap", draw);
  draw();
  if (area.dataset.goto) goTo(area, Number(area.dataset.goto));
}

function number(area, gutter) {
  const marks = document.querySelectorAll(`[data-mark="${area.id}"]`);
  const wrong = new Set([...marks].map((mark) => Number(mark.dataset.line)));
  const count = area.value.split("\n").length;
  gutter.replaceChildren();
  for (let line = 1; line <= count; line++) {
    const row = document.createElement("span");
    row.textContent = line;
    if (wrong.has(line)) row.className = "wrong";
    gutter.append(row);
  }
  area.setAttribute("aria-invalid", String(wrong.size > 0));
  gutter.scrollTop = area.scrollTop;
}

function goTo(area, line) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] || "").length);
  area.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(area).lineHeight));
}

for (const area of document.querySelectorAll("textarea[data-gutter]")) dress(area);
