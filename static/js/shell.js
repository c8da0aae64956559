// Opens the terminal of a panel; its library is only fetched then.
let current = null;

async function look() {
  const root = document.getElementById("terminal");
  if (current?.root === root) return;
  leave();
  if (!root) return;
  const mine = (current = { root, stop: null });
  if (!document.querySelector(`link[href="${root.dataset.style}"]`)) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: root.dataset.style });
    const loaded = new Promise((resolve) => (link.onload = link.onerror = resolve));
    document.head.append(link);
    await loaded;
  }
  const { open } = await import(root.dataset.script);
  if (current === mine) mine.stop = open(root);
}

function leave() {
  current?.stop?.();
  current = null;
}

look();
document.addEventListener("filled", look);
document.addEventListener("opened", look);
document.addEventListener("emptied", leave);
