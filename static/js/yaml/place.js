// Where a position is in a YAML text: which document, and the path of keys that leads there, read from indentation
// alone, so that it also works in a line that is only half written. "[]" steps into an item of a list.
const LINE = /^(\s*)((?:- +)*)(?:("[^"]*"|'[^']*'|[^\s#"'{}[\],&*!|>%@`:-][^:#]*?|-?[\w./$-]+)\s*:(?=\s|$))?\s*(.*)$/;

// {indent, dashes: [columns], key, column: where the key (or value) begins, rest} or null for an empty line
export function parse(text) {
  if (!text.trim() || /^\s*#/.test(text)) return null;
  const bare = /^(\s*)((?:- +)*)-$/.exec(text.trimEnd());
  const [, space, marks, key, rest] = LINE.exec(bare ? `${bare[1]}${bare[2]}- ` : text);
  const dashes = [];
  for (let i = 0; i < marks.length; i++) if (marks[i] === "-") dashes.push(space.length + i);
  return { indent: space.length, dashes, key: key ? key.replace(/^["']|["']$/g, "") : "", column: space.length + marks.length, rest };
}

const isDivider = (text) => /^---(\s|$)/.test(text);

// The first and last line of the document around a line.
export function bounds(doc, number) {
  let first = number, last = number;
  while (first > 1 && !isDivider(doc.line(first).text)) first--;
  while (last < doc.lines && !isDivider(doc.line(last + 1).text)) last++;
  return [first, last];
}

// {apiVersion, kind} of the document around a line, "" where they are not written yet.
export function headOf(doc, number) {
  const [first, last] = bounds(doc, number);
  const head = { apiVersion: "", kind: "" };
  for (let n = first; n <= last; n++) {
    const found = /^(apiVersion|kind):\s*["']?([^\s"'#]*)/.exec(doc.line(n).text);
    if (found) head[found[1]] = found[2];
  }
  return head;
}

// The path to what holds the given column of a line: ["spec", "template", "spec", "containers", "[]"].
// null inside a block of text (after `|` or `>`).
export function parentsAt(doc, number, column, dashes = []) {
  const path = [];
  let at = column, item = false; // `item`: we are a list's item at column `at`, its key may stand at the same column
  for (const dash of [...dashes].reverse()) {
    path.unshift("[]");
    at = dash;
    item = true;
  }
  for (let n = number - 1; n >= 1 && (at > 0 || item); n--) {
    const text = doc.line(n).text;
    if (isDivider(text)) break;
    const line = parse(text);
    if (!line) continue;
    const above = line.key && (line.column < at || (item && line.column === at && !line.dashes.includes(at)));
    if (above) {
      if (/^[|>][-+\d]*\s*(#.*)?$/.test(line.rest)) return null;
      path.unshift(line.key);
      at = line.column;
      item = false;
    }
    if (item && line.dashes.includes(at)) continue; // a sibling
    for (const dash of [...line.dashes].reverse()) {
      if (dash >= at) continue;
      path.unshift("[]");
      at = dash;
      item = true;
    }
  }
  return path;
}

// The path of the key on a line, itself included; null where there is none.
export function pathOfLine(doc, number) {
  const line = parse(doc.line(number).text);
  if (!line) return null;
  const parents = parentsAt(doc, number, line.column, line.dashes);
  if (!parents) return null;
  return line.key ? [...parents, line.key] : parents;
}

// The keys beside the one on a line, in the same mapping.
export function siblings(doc, number, column) {
  const found = new Set();
  const [first, last] = bounds(doc, number);
  for (const step of [-1, 1]) {
    for (let n = number + step; n >= first && n <= last; n += step) {
      const line = parse(doc.line(n).text);
      if (!line || isDivider(doc.line(n).text)) continue;
      if (line.column < column) break;
      if (step > 0 && line.dashes.length && line.column === column) break; // the next item begins
      if (line.column === column && line.key) found.add(line.key);
      if (step < 0 && line.dashes.length && line.column === column) break; // our item's first line
    }
  }
  return found;
}
