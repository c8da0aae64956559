// How the editor looks: the pages' own tokens, so that it follows light and dark by itself.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { fontSize: "0.93rem", backgroundColor: "var(--code)", color: "var(--text)", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content": { padding: "var(--s2) 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--hover) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selected)" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--missing) 30%, transparent)" },
  ".cm-searchMatch-selected": { outline: "1px solid var(--missing)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "1px solid var(--line)", padding: "0 0.4em" },
  ".cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)", boxShadow: "var(--shadow)", maxWidth: "min(34rem, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--selected)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", fontFamily: "var(--sans)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { padding: "var(--s2) var(--s3)", fontFamily: "var(--sans)", maxHeight: "18rem", overflow: "auto" },
  ".cm-diagnostic": { padding: "var(--s1) var(--s3)", fontFamily: "var(--sans)" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--degraded)" },
  ".cm-diagnostic-warning": { borderLeft: "4px solid var(--missing)" },
  ".cm-diagnostic-info": { borderLeft: "4px solid var(--progressing)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--degraded)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--missing)" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--progressing)" },
  ".cm-hover": { padding: "var(--s2) var(--s3)", fontFamily: "var(--sans)", maxHeight: "18rem", overflow: "auto" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--healthy)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--missing)" },
  { tag: [tags.comment], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.meta, tags.separator, tags.labelName, tags.typeName], color: "var(--suspended)" },
]);

export const look = [theme, syntaxHighlighting(colours)];
