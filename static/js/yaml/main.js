// The YAML editor on CodeMirror, over the plain text area that stays the form's field. Loaded where it is needed.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, linter, forceLinting } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { problemsOf } from "./check.js";
import { completeWith, explain } from "./complete.js";
import { look } from "./look.js";
import { newline } from "./newline.js";
import { headOf, parse, pathOfLine } from "./place.js";
import { docOf, fieldAt, nameOf, schemaOf, serveFrom } from "./schema.js";

// --- What the server said of the last check, at its lines until they are changed --------------------------

const said = StateEffect.define(); // [{line, severity, message}]
const sayings = StateField.define({
  create: () => [],
  update(kept, transaction) {
    for (const effect of transaction.effects) if (effect.is(said)) return place(transaction.state.doc, effect.value);
    if (!transaction.docChanged) return kept;
    const touched = (problem) => {
      let hit = false;
      transaction.changes.iterChangedRanges((from, to) => (hit ||= from <= problem.to && to >= problem.from));
      return hit;
    };
    return kept.filter((problem) => !touched(problem)).map((problem) => ({ ...problem, from: transaction.changes.mapPos(problem.from, 1), to: transaction.changes.mapPos(problem.to, -1) }));
  },
});

function place(doc, problems) {
  return problems.filter(({ line }) => line >= 1 && line <= doc.lines).map(({ line, severity, message }) => {
    const { from, to, text } = doc.line(line);
    return { from: from + /^\s*/.exec(text)[0].length, to, severity, message };
  });
}

function verdict(form) {
  return [...form.querySelectorAll("#verdict [data-line]")].map((button) => ({
    line: Number(button.dataset.line),
    severity: button.dataset.severity || "error",
    message: button.closest("li").querySelector("[data-message]")?.textContent ?? "",
  }));
}

// --- Documentation of the field under the pointer and at the cursor ------------------------------------------

async function fieldOfLine(doc, number) {
  const path = pathOfLine(doc, number);
  const schema = path?.length ? await schemaOf(headOf(doc, number)) : null;
  const field = schema && fieldAt(schema, path);
  return field ? { path, schema, field } : null;
}

function documentation(texts) {
  return hoverTooltip(async (view, pos) => {
    const line = view.state.doc.lineAt(pos);
    const parsed = parse(line.text);
    if (!parsed?.key || pos - line.from > parsed.column + parsed.key.length || pos - line.from < parsed.column) return null;
    const found = await fieldOfLine(view.state.doc, line.number);
    if (!found) return null;
    const from = line.from + parsed.column;
    return { pos: from, end: from + parsed.key.length, above: true, create: () => ({ dom: card(found, texts) }) };
  }, { hoverTime: 250 });
}

function card({ path, schema, field }, texts) {
  const dom = document.createElement("div");
  dom.className = "cm-hover";
  const head = document.createElement("p");
  head.append(Object.assign(document.createElement("strong"), { textContent: path.at(-1) }), ` ${nameOf(field, texts)}${field.required ? ` · ${texts.required}` : ""}`);
  dom.append(head, explain(docOf(schema, field)));
  return dom;
}

// The line below the text: where the cursor is, and what stands there; so the documentation needs no pointer.
function whereabouts(form, texts) {
  const place = form.querySelector("[data-place]");
  let asked = 0;
  return EditorView.updateListener.of(async (update) => {
    if (!place || !(update.selectionSet || update.docChanged || !asked)) return;
    const mine = ++asked;
    const { doc, selection } = update.state;
    const number = doc.lineAt(selection.main.head).number;
    const path = pathOfLine(doc, number) ?? [];
    const found = await fieldOfLine(doc, number);
    if (mine !== asked) return;
    const name = Object.assign(document.createElement("code"), { textContent: path.filter((key) => key !== "[]").join(" › ") });
    place.replaceChildren(name);
    if (!found) return;
    const first = docOf(found.schema, found.field).split(/(?<=\.)\s/)[0];
    place.append(` ${nameOf(found.field, texts)} `, Object.assign(document.createElement("span"), { lang: "en", textContent: first }));
  });
}

// --- Mounting ---------------------------------------------------------------------------------------------

export function mount(form) {
  const area = form.querySelector("#yaml");
  const texts = JSON.parse(document.getElementById("yaml-texts").textContent);
  const nonce = document.querySelector("meta[name=csp-nonce]")?.content;
  serveFrom(form.dataset.schemas);
  const field = area.closest(".text");
  const home = document.createElement("div");
  home.className = "rich";
  field.after(home);
  const view = new EditorView({
    parent: home,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        nonce ? EditorView.cspNonce.of(nonce) : [],
        EditorState.phrases.of(texts.phrases),
        EditorView.contentAttributes.of({ "aria-label": "YAML", tabindex: "0", spellcheck: "false" }),
        keymap.of([...completionKeymap, { key: "Enter", run: newline }, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap]),
        lineNumbers(), foldGutter(), lintGutter(), codeFolding(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), indentUnit.of("  "), EditorState.tabSize.of(2),
        yaml(), look, sayings, documentation(texts), whereabouts(form, texts),
        autocompletion({ override: [completeWith(texts)], icons: false, activateOnCompletion: () => true }),
        linter(async ({ state }) => [...(await problemsOf(state, texts)), ...state.field(sayings)], { delay: 300, needsRefresh: (update) => update.startState.field(sayings) !== update.state.field(sayings) }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  field.hidden = true;
  view.focus();
  form.addEventListener("htmx:afterSwap", () => {
    view.dispatch({ effects: said.of(verdict(form)) });
    forceLinting(view);
  });
  view.dispatch({ effects: said.of(verdict(form)) });
  form.rich = {
    reveal(number) {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      const from = line.from + /^\s*/.exec(line.text)[0].length;
      view.dispatch({ selection: { anchor: from, head: line.to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    replace(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, userEvent: "input.paste" });
      view.focus();
    },
  };
}
