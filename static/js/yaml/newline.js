// Enter: the next line begins below what this one began, deeper after a key without a value.
import { EditorSelection } from "@codemirror/state";
import { parse } from "./place.js";

export function newline({ state, dispatch }) {
  if (state.readOnly) return false;
  const changes = state.changeByRange((range) => {
    const line = state.doc.lineAt(range.from);
    const insert = `\n${" ".repeat(depth(line.text.slice(0, range.from - line.from)))}`;
    return { changes: { from: range.from, to: range.to, insert }, range: EditorSelection.cursor(range.from + insert.length) };
  });
  dispatch(state.update(changes, { scrollIntoView: true, userEvent: "input" }));
  return true;
}

function depth(text) {
  const line = parse(text);
  if (!line) return /^ */.exec(text)[0].length;
  const opens = line.key && /^([|>][-+\d]*)?\s*(#.*)?$/.test(line.rest);
  return line.column + (opens ? 2 : 0);
}
