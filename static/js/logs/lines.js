// What one line of a log says: when, how loud, in which colours. No DOM but the pieces it returns.
export const STAMP = /^(\d{4}-\d\d-\d\dT\S+?(?:Z|[+-]\d\d:\d\d))(?: |$)/;
const LONGEST = 16384; // characters of a line that are shown
const ESCAPE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

// --- Levels ------------------------------------------------------------------------------------------
const RANKS = { trace: 0, debug: 0, verbose: 0, info: 1, notice: 1, information: 1, warn: 2, warning: 2, err: 3, error: 3, fatal: 3, crit: 3, critical: 3, panic: 3, alert: 3, emerg: 3, emergency: 3, severe: 3 };
export const LEVELS = ["debug", "info", "warn", "error"];
const KLOG = /^([DIWEF])\d{4} \d\d:/;
const KEYED = /\b(?:level|lvl|severity)["']?\s*[=:]\s*["']?([A-Za-z]+)/;
const WORD = /(?:^|[\s[(|<:])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|FATAL|CRIT|CRITICAL|PANIC|ALERT|EMERG|SEVERE)(?=$|[\s\]):|>,])/;
const BRACKETED = /\[(trace|debug|info|notice|warn|warning|error|fatal|crit|critical|panic|alert|emerg)\]/;
const CONTINUED = /^(?:\s|Caused by\b|Traceback \(|\.\.\. \d+ more)/;
const EXCEPTION = /^(?:Traceback \(|Exception in thread|[\w.]+(?:Error|Exception)\b|panic: )/;

// "" when a line does not say; a continued line (a stack trace) is as loud as the one before it.
export function levelOf(text, json, before) {
  const rank = json ? rankOfJson(json) : rankOfText(text.length > 300 ? text.slice(0, 300) : text);
  if (rank !== undefined) return LEVELS[rank];
  if (EXCEPTION.test(text)) return "error";
  return CONTINUED.test(text) ? before : "";
}

function rankOfJson(value) {
  const found = value.level ?? value.severity ?? value.lvl ?? value["log.level"] ?? value.log?.level;
  if (typeof found === "number") return found >= 50 ? 3 : found >= 40 ? 2 : found >= 30 ? 1 : 0; // as pino and bunyan count
  return RANKS[String(found ?? "").toLowerCase()];
}

function rankOfText(text) {
  const klog = KLOG.exec(text);
  if (klog) return { D: 0, I: 1, W: 2, E: 3, F: 3 }[klog[1]];
  const found = KEYED.exec(text) ?? WORD.exec(text) ?? BRACKETED.exec(text);
  return found ? RANKS[found[1].toLowerCase()] : undefined;
}

// --- Reading one line ----------------------------------------------------------------------------------

// {stamp, text (without colours), raw, json (parsed, or null), level}
export function read(line, levelBefore) {
  const stamp = STAMP.exec(line)?.[1] ?? "";
  let raw = stamp ? line.slice(stamp.length + 1) : line;
  if (raw.length > LONGEST) raw = raw.slice(0, LONGEST) + " …";
  // A progress bar draws over itself: its last state is what one sees.
  if (raw.includes("\r")) raw = raw.replace(/\r+$/, "").replace(/^.*\r/s, "");
  const coloured = raw.includes("\x1b");
  const text = coloured ? raw.replace(ESCAPE, "") : raw;
  const json = text.charCodeAt(0) === 123 && text.endsWith("}") ? parsed(text) : null;
  return { stamp, text, raw: coloured ? raw : "", json, level: levelOf(text, json, levelBefore) };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// --- Colours -------------------------------------------------------------------------------------------

// The pieces of a text with ANSI colours: strings, and <span>s with classes ansi-… (see logs.css).
export function* pieces(raw) {
  let state = {};
  let from = 0;
  for (const found of raw.matchAll(ESCAPE)) {
    if (found.index > from) yield piece(raw.slice(from, found.index), state);
    from = found.index + found[0].length;
    if (found[2] === "m") state = coloured(state, found[1]);
  }
  if (from < raw.length) yield piece(raw.slice(from), state);
}

function piece(text, { bold, dim, italic, underline, colour, ground }) {
  const names = [bold && "ansi-bold", dim && "ansi-dim", italic && "ansi-italic", underline && "ansi-underline"];
  if (typeof colour === "number") names.push(`ansi-${colour}`);
  if (typeof ground === "number") names.push(`ansi-on-${ground}`);
  const wanted = names.filter(Boolean);
  if (!wanted.length) return text;
  const made = document.createElement("span");
  made.className = wanted.join(" ");
  made.textContent = text;
  return made;
}

function coloured(state, codes) {
  const next = { ...state };
  const list = (codes || "0").split(/[;:]/).map(Number);
  for (let at = 0; at < list.length; at += 1) {
    const code = list[at];
    if (code === 0) for (const key of Object.keys(next)) delete next[key];
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code >= 30 && code <= 37) next.colour = code - 30;
    else if (code >= 90 && code <= 97) next.colour = code - 90 + 8;
    else if (code >= 40 && code <= 47) next.ground = code - 40;
    else if (code >= 100 && code <= 107) next.ground = code - 100 + 8;
    else if (code === 39) delete next.colour;
    else if (code === 49) delete next.ground;
    else if (code === 38 || code === 48) {
      const [colour, taken] = extended(list.slice(at + 1));
      if (code === 38) next.colour = colour;
      else next.ground = colour;
      at += taken;
    }
  }
  return next;
}

// 256 and true colours become the nearest of the sixteen: those are readable in both themes.
function extended(list) {
  if (list[0] === 5) return [nearest(...rgbOf(list[1] ?? 0)), 2];
  if (list[0] === 2) return [nearest(list[1] ?? 0, list[2] ?? 0, list[3] ?? 0), 4];
  return [undefined, 0];
}

const SIXTEEN = [[0, 0, 0], [170, 0, 0], [0, 170, 0], [170, 120, 0], [0, 0, 200], [170, 0, 170], [0, 170, 170], [170, 170, 170], [85, 85, 85], [255, 85, 85], [85, 255, 85], [255, 255, 85], [85, 85, 255], [255, 85, 255], [85, 255, 255], [255, 255, 255]];

function rgbOf(index) {
  if (index < 16) return SIXTEEN[index];
  if (index > 231) return Array(3).fill(8 + 10 * (index - 232));
  const part = (n) => (n ? 55 + 40 * n : 0);
  return [part(Math.floor((index - 16) / 36)), part(Math.floor((index - 16) / 6) % 6), part((index - 16) % 6)];
}

function nearest(...rgb) {
  const far = (one) => one.reduce((sum, value, at) => sum + (value - rgb[at]) ** 2, 0);
  return SIXTEEN.reduce((best, one, at) => (far(one) < far(SIXTEEN[best]) ? at : best), 0);
}
