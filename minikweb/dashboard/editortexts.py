"""The texts of the editor's script: CodeMirror's own phrases and ours, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def texts() -> dict[str, str | dict[str, str]]:
    """As static/js/yaml reads them; %s is the name of what is wrong."""
    return {
        "required": _("required"),
        "usual": _("usual"),
        "list": _("list of"),
        "map": _("map of"),
        "any": _("number or text"),
        "unknown": _("There is no field “%s” here."),
        "meant": _("Did you mean “%s”?"),
        "doubled": _("“%s” stands here twice: only one of them counts."),
        "kept": _("Only the server writes “%s”: what you type here is ignored."),
        "missing": _("“%s” is missing here."),
        "quotes": _("A text is expected: put %s between quotes."),
        "oneOf": _("Only these values exist: %s."),
        "wants_object": _("Fields are expected here, one per line, indented."),
        "wants_list": _("A list is expected here: each item begins with “- ”."),
        "wants_string": _("A text is expected here."),
        "wants_integer": _("A whole number is expected here."),
        "wants_number": _("A number is expected here."),
        "wants_boolean": _("true or false is expected here."),
        "phrases": _phrases(),
    }


def _phrases() -> dict[str, str]:
    """CodeMirror's words: https://codemirror.net/examples/translate/"""
    return {
        "Find": _("Find"),
        "Replace": _("Replace"),
        "next": _("next"),
        "previous": _("previous"),
        "all": _("all"),
        "match case": _("match case"),
        "by word": _("by word"),
        "regexp": _("regular expression"),
        "replace": _("replace"),
        "replace all": _("replace all"),
        "close": _("close"),
        "current match": _("current match"),
        "replaced $ matches": _("replaced $ matches"),
        "replaced match on line $": _("replaced match on line $"),
        "on line": _("on line"),
        "Go to line": _("Go to line"),
        "go": _("go"),
        "Diagnostics": _("Problems"),
        "No diagnostics": _("No problems"),
        "Fold line": _("Fold"),
        "Unfold line": _("Unfold"),
        "folded code": _("folded text"),
        "unfold": _("unfold"),
        "to": _("to"),
        "Folded lines": _("Folded lines"),
        "Unfolded lines": _("Unfolded lines"),
        "Completions": _("Completions"),
        "Control character": _("Control character"),
        "Selection deleted": _("Selection deleted"),
    }
