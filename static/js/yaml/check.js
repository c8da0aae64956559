// What can be said of the text before the server is asked: unknown and doubled fields, missing ones, wrong types.
import { ensureSyntaxTree } from "@codemirror/language";
import { fieldsOf, schemaOf, step } from "./schema.js";

const LONGEST = 300; // ms a parse may take: a very long text is then checked by the server alone
const MOST = 100; // problems named at once

const SCALARS = {
  integer: (text) => /^[-+]?(\d[\d_]*|0x[\da-fA-F]+|0o?[0-7]+)$/.test(text),
  number: (text) => /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text),
  boolean: (text) => /^(true|false)$/i.test(text),
  string: (text) => !/^([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|0x[\da-fA-F]+|true|false|yes|no|on|off)$/i.test(text),
};
const NULL = /^(|~|null)$/i;

// All problems of a text: [{from, to, severity, message}].
export async function problemsOf(state, texts) {
  const tree = ensureSyntaxTree(state, state.doc.length, LONGEST);
  if (!tree) return [];
  const found = [];
  const say = (node, severity, message) => found.length < MOST && found.push({ from: node.from, to: lineEnd(state, node), severity, message });
  for (let document = tree.topNode.firstChild; document; document = document.nextSibling) {
    if (document.name !== "Document") continue;
    const root = content(document);
    if (!root) continue;
    const head = headOf(state, root);
    const schema = await schemaOf(head);
    const walker = new Walker(state, schema, texts, say);
    walker.value(root, schema ? { type: "object", ref: schema.root } : null);
  }
  return found;
}

const lineEnd = (state, node) => Math.max(node.from, Math.min(node.to, state.doc.lineAt(node.from).to));
const content = (node) => {
  for (let child = node.firstChild; child; child = child.nextSibling) if (/^(Block|Flow)(Mapping|Sequence)$|Literal$|Anchored|Alias|Tagged/.test(child.name)) return child;
  return null;
};

function* pairs(node) {
  for (let pair = node.firstChild; pair; pair = pair.nextSibling) {
    if (pair.name !== "Pair") continue;
    const key = pair.firstChild;
    if (key?.name !== "Key") continue;
    let value = null;
    for (let child = key.nextSibling; child; child = child.nextSibling) if (child.name !== ":" && child.name !== "Comment") value = child;
    yield [key, value];
  }
}

function headOf(state, root) {
  const head = { apiVersion: "", kind: "" };
  if (root.name !== "BlockMapping" && root.name !== "FlowMapping") return head;
  for (const [key, value] of pairs(root)) {
    const name = state.sliceDoc(key.from, key.to);
    if (name in head && value) head[name] = unquoted(state.sliceDoc(value.from, value.to));
  }
  return head;
}

const unquoted = (text) => text.trim().replace(/^(["'])(.*)\1$/s, "$2");

class Walker {
  constructor(state, schema, texts, say) {
    Object.assign(this, { state, schema, texts, say });
  }

  text(node) {
    return unquoted(this.state.sliceDoc(node.from, node.to));
  }

  // `field` is null where nothing is known; doubled keys are wrong there, too.
  value(node, field) {
    if (/Mapping$/.test(node.name)) this.mapping(node, field);
    else if (/Sequence$/.test(node.name)) this.sequence(node, field);
    else if (node.name === "Literal") this.literal(node, field);
    else if (/^(Quoted|Block)Literal$/.test(node.name)) this.quoted(node, field);
  }

  mapping(node, field) {
    if (field && !["object", "map", "any"].includes(field.type)) return this.wrong(node, field);
    const fields = field?.ref ? fieldsOf(this.schema, field) : null;
    const open = !fields || this.schema.types[field.ref].open;
    const seen = new Set();
    for (const [key, value] of pairs(node)) {
      const name = this.text(key);
      if (seen.has(name)) this.say(key, "error", this.texts.doubled.replace("%s", name));
      seen.add(name);
      const below = field ? step(this.schema, field, name) : null;
      if (!below && !open && name !== "<<") this.say(key, "error", this.unknown(name, Object.keys(fields)));
      if (below?.kept) this.say(key, "info", this.texts.kept.replace("%s", name));
      if (value) this.value(value, below);
    }
    if (fields && !seen.has("<<")) this.missing(node, fields, seen);
  }

  missing(node, fields, seen) {
    for (const [name, field] of Object.entries(fields)) {
      if (!field.required || field.kept || seen.has(name)) continue;
      const first = node.getChild("Pair")?.firstChild ?? node;
      this.say(first, "warning", this.texts.missing.replace("%s", name));
    }
  }

  unknown(name, known) {
    const like = known.map((each) => [distance(name.toLowerCase(), each.toLowerCase()), each]).sort((a, b) => a[0] - b[0])[0];
    const text = this.texts.unknown.replace("%s", name);
    return like && like[0] <= Math.max(1, name.length / 3) ? `${text} ${this.texts.meant.replace("%s", like[1])}` : text;
  }

  sequence(node, field) {
    if (field && !["list", "any"].includes(field.type)) return this.wrong(node, field);
    for (let item = node.firstChild; item; item = item.nextSibling) {
      const value = item.name === "Item" ? content(item) : null;
      if (value) this.value(value, field?.of ?? null);
    }
  }

  literal(node, field) {
    const text = this.text(node);
    if (!field || NULL.test(text)) return;
    if (["object", "map", "list"].includes(field.type)) return this.wrong(node, field);
    if (field.type === "string" && !SCALARS.string(text)) return this.say(node, "error", this.texts.quotes.replace("%s", text));
    const fits = SCALARS[field.type];
    if (fits && !fits(text)) return this.wrong(node, field);
    this.allowed(node, text, field);
  }

  quoted(node, field) {
    if (!field) return;
    if (!["string", "any"].includes(field.type)) this.wrong(node, field);
    else if (node.name === "QuotedLiteral") this.allowed(node, this.text(node), field);
  }

  allowed(node, text, field) {
    if (field.enum && !field.enum.includes(text)) this.say(node, "error", this.texts.oneOf.replace("%s", field.enum.join(", ")));
  }

  wrong(node, field) {
    // A block begins at the end of the line before it: the mark belongs to its first word.
    const first = /^\s*/.exec(this.state.sliceDoc(node.from, node.to))[0].length;
    const at = { from: node.from + first, to: node.to };
    this.say(at, "error", this.texts[`wants_${field.ref || field.type === "map" ? "object" : field.type}`] ?? this.texts.wants_object);
  }
}

// How many letters two words differ in (Levenshtein).
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
