// Small habits of forms: selects that submit, steppers, copy buttons, preferences without a reload.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    const value = (parseInt(input.value, 10) || 0) + Number(step.dataset.step);
    input.value = Math.min(Math.max(value, Number(input.min)), Number(input.max));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const copy = event.target.closest("[data-copy], [data-copy-from]");
  if (copy) {
    const source = copy.dataset.copyFrom ? document.getElementById(copy.dataset.copyFrom) : copy.parentElement.querySelector("pre");
    copyText(source.textContent, copy);
  }
  const preference = event.target.closest("[data-preference]");
  if (preference) {
    event.preventDefault();
    prefer(preference);
  }
});

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context (http on a LAN) the clipboard API is missing.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const use = button.querySelector("use");
  if (!use) return;
  const href = use.getAttribute("href");
  use.setAttribute("href", href.replace(/#.*/, "#check"));
  setTimeout(() => use.setAttribute("href", href), 1200);
}

function prefer(button) {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  let value;
  if (button.name === "theme") {
    value = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
    const use = button.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, value === "dark" ? "#sun" : "#moon"));
  } else {
    value = root.dataset[button.name] ? "" : "large";
    button.setAttribute("aria-pressed", String(Boolean(value)));
  }
  if (value) root.dataset[button.name] = value;
  else delete root.dataset[button.name];
  document.cookie = `minikweb-${button.name}=${value}; path=/; max-age=31536000; samesite=lax`;
}
