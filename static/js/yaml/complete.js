// Completion: the keys that may stand here, and the values that a field may have.
import { bounds, headOf, parentsAt, parse, siblings } from "./place.js";
import { docOf, fieldAt, fieldsOf, kindsServed, nameOf, schemaOf } from "./schema.js";

export function completeWith(texts) {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const value = /^(\s*(?:- +)*([\w./$-]+):\s+)(["']?)([\w./-]*)$/.exec(before);
    if (value) return values(context, line, value, texts);
    const key = /^(\s*(?:- +)*)([\w./$-]*)$/.exec(before);
    if (key && (context.explicit || key[2])) return keys(context, line, key, texts);
    return null;
  };
}

async function keys(context, line, [, lead, word], texts) {
  const { doc } = context.state;
  const column = lead.length;
  const dashes = [...lead].flatMap((mark, i) => (mark === "-" ? [i] : []));
  const parents = parentsAt(doc, line.number, column, dashes);
  if (!parents) return null;
  const schema = await schemaOf(headOf(doc, line.number));
  const taken = siblings(doc, line.number, column);
  const from = context.pos - word.length;
  if (!schema) return parents.length ? null : { from, options: heads(taken) };
  const field = fieldAt(schema, parents);
  if (!field) return null;
  const fields = fieldsOf(schema, field);
  if (!fields || field.type !== "object") return field.enum || field.usual ? { from, options: words(field, texts) } : null;
  const type = schema.types[field.ref];
  const options = Object.entries(fields)
    .filter(([name, found]) => !found.kept && !taken.has(name))
    .map(([name, found]) => ({
      label: name,
      detail: nameOf(found, texts) + (found.required ? ` · ${texts.required}` : ""),
      type: "property",
      boost: found.required ? 2 : 0,
      apply: name + ending(found, column),
      info: () => explain(docOf(schema, found) || type.doc),
    }));
  return { from, options, validFor: /^[\w-]*$/ };
}

// What follows a key: its value on this line, or its first line below.
function ending(field, column) {
  const deeper = `\n${" ".repeat(column + 2)}`;
  if (field.type === "list") return `:${deeper}- `;
  return field.type === "object" || field.type === "map" ? `:${deeper}` : ": ";
}

function heads(taken) {
  return ["apiVersion", "kind", "metadata"].filter((name) => !taken.has(name)).map((name) => ({
    label: name, type: "property", apply: name === "metadata" ? "metadata:\n  name: " : `${name}: `,
  }));
}

async function values(context, line, [, lead, key, quote, word], texts) {
  const { doc } = context.state;
  const from = context.pos - word.length;
  const parsed = parse(line.text);
  const parents = parsed && parentsAt(doc, line.number, parsed.column, parsed.dashes);
  if (!parents) return null;
  const head = headOf(doc, line.number);
  if (!parents.length && (key === "kind" || key === "apiVersion")) return { from, options: await ofHead(key, head), validFor: /^[\w./-]*$/ };
  const schema = await schemaOf(head);
  const field = schema && fieldAt(schema, [...parents, key]);
  if (!field || (quote && field.type !== "string")) return null;
  const options = words(field, texts);
  return options.length ? { from, options, validFor: /^\w*$/ } : null;
}

function words(field, texts) {
  const found = field.type === "boolean" ? ["true", "false"] : field.enum ?? field.usual ?? [];
  return found.map((label) => ({ label: String(label), type: "constant", detail: field.enum || field.type === "boolean" ? "" : texts.usual }));
}

// Choosing a kind also writes its apiVersion, when there is none or another.
async function ofHead(key, head) {
  const served = await kindsServed();
  if (key === "apiVersion") {
    const names = [...new Set(served.filter((each) => !head.kind || each.kind === head.kind).map((each) => each.apiVersion))];
    return names.map((label) => ({ label, type: "namespace" }));
  }
  return served.map(({ apiVersion, kind }) => ({
    label: kind,
    detail: apiVersion,
    type: "class",
    boost: apiVersion === head.apiVersion ? 2 : 0,
    apply: (view, completion, from, to) => choose(view, from, to, kind, apiVersion),
  }));
}

function choose(view, from, to, kind, apiVersion) {
  const { doc } = view.state;
  const changes = [{ from, to, insert: kind }];
  const [first, last] = bounds(doc, doc.lineAt(from).number);
  let written = false;
  for (let n = first; n <= last; n++) {
    const line = doc.line(n);
    const found = /^apiVersion:\s*/.exec(line.text);
    if (!found) continue;
    written = true;
    changes.push({ from: line.from + found[0].length, to: line.to, insert: (found[0].endsWith(" ") ? "" : " ") + apiVersion });
  }
  if (!written) changes.push({ from: doc.lineAt(from).from, insert: `apiVersion: ${apiVersion}\n` });
  view.dispatch({ changes, userEvent: "input.complete" });
}

export function explain(text) {
  const place = document.createElement("div");
  place.className = "yaml-doc";
  place.lang = "en"; // the API's own words
  for (const paragraph of text.split(/\n{2,}/)) place.append(Object.assign(document.createElement("p"), { textContent: paragraph }));
  return place;
}
