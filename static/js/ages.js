// Ages tick here, from the moment the server wrote; no request is made for them.

// kubectl's thresholds (k8s.io/apimachinery/pkg/util/duration HumanDuration); minikweb/apimachinery/clock.py is its twin.
export function humanDuration(seconds) {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const s = Math.floor(seconds);
  if (s < 120) return `${s}s`;
  const m = Math.floor(s / 60);
  if (m < 10) return two(m, "m", s % 60, "s");
  if (m < 180) return `${m}m`;
  const h = Math.floor(m / 60);
  if (h < 8) return two(h, "h", m % 60, "m");
  if (h < 48) return `${h}h`;
  const d = Math.floor(h / 24);
  if (d < 8) return two(d, "d", h % 24, "h");
  if (d < 730) return `${d}d`;
  const y = Math.floor(d / 365);
  return y < 8 ? two(y, "y", d % 365, "d") : `${y}y`;
}

function two(large, unit, small, smallUnit) {
  return small ? `${large}${unit}${small}${smallUnit}` : `${large}${unit}`;
}

const language = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });

export function write(root = document) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-age]")) {
    const created = Date.parse(time.dateTime);
    const text = humanDuration((now - created) / 1000);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = exact.format(created);
  }
  for (const time of root.querySelectorAll("time[data-moment]")) {
    const text = exact.format(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

write();
setInterval(() => document.hidden || write(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || write());
document.addEventListener("htmx:afterSwap", (event) => write(event.target));
