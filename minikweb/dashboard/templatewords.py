"""What the words of a template mean, explained where they are used. Pure.

Source: helm.sh/docs/chart_template_guide (built-in objects, functions, flow control).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
_ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word of the template, the lines that use it, and its meaning."""

    name: str
    lines: tuple[int, ...]
    meaning: Text


MEANINGS: dict[str, Text] = {
    ".Values": _("The values: those of values.yaml, under those the user gives."),
    ".Release": _("The release: its Name, its Namespace, its Revision, IsInstall, IsUpgrade."),
    ".Chart": _("What Chart.yaml says: .Chart.Name, .Chart.Version, .Chart.AppVersion."),
    ".Files": _("The other files of the chart: .Files.Get \"conf/app.ini\". Templates are not among them."),
    ".Capabilities": _("What the cluster can do: its version, and which API versions it serves."),
    ".Template": _("The template itself: its Name (the path) and its BasePath."),
    "if": _("Keeps what follows only if the value is true: not empty, not 0, not false."),
    "else": _("What is kept otherwise."),
    "end": _("Ends the nearest if, range, with or define."),
    "range": _("Repeats what follows for each element. Inside, . is the element, and $ still the beginning."),
    "with": _("Makes . another value, and leaves it all out when that is empty."),
    "define": _("Gives a piece of template a name; in a .tpl file by custom. Names count in all charts: prefix yours."),
    "include": _("Puts a named piece here, as a text that a pipe can go on with. Mind the dot that it gets."),
    "template": _("As include, but its result cannot be piped: nindent does not work on it."),
    "block": _("Defines a piece and puts it here at once."),
    "eq": _("True if both are equal. Both must have the same type: eq 1 \"1\" is an error."),
    "ne": _("True if they differ."),
    "and": _("The first that is empty, else the last one."),
    "or": _("The first that is not empty."),
    "not": _("True becomes false."),
    "default": _("What is used when the value is empty: .Values.port | default 80."),
    "required": _("Stops with your message when the value is empty."),
    "fail": _("Stops with your message."),
    "quote": _("Puts it in double quotes, so that YAML reads a text: \"1\", \"true\"."),
    "toString": _("Makes a text of it: in YAML the version 1.10 is a number, and is written 1.1."),
    "replace": _("Replaces a text by another one: replace \".\" \"-\" makes 1-4-2 of 1.4.2, which a name may hold."),
    "toYaml": _("Writes a map or a list as YAML, from column 0: follow it by nindent."),
    "nindent": _("Begins a new line and indents each line by so many blanks."),
    "indent": _("Indents each line by so many blanks, the first one too."),
    "trunc": _("Cuts to so many letters: a name holds at most 63."),
    "trimSuffix": _("Takes a text off the end."),
    "printf": _("Fills a text: printf \"%s-%s\" .Release.Name .Chart.Name."),
    "lookup": _("Reads an object of the cluster. While one only renders, it finds nothing."),
    "tpl": _("Renders a text as a template: for values that contain templates."),
    "list": _("Makes a list, to give several things to an include."),
    "dict": _("Makes a map of pairs."),
    "index": _("Takes the n-th element, or the entry of a key with odd letters."),
    "b64enc": _("base64, as `data` of a Secret wants it. No encryption."),
}  # fmt: skip
_WORD = re.compile(r"(?<![\w.$\"-])(\.[A-Z][a-z]\w*|[a-z]\w*)(?![\w:\"-])")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|/\*.*?\*/', re.DOTALL)


def explained(text: str) -> list[Word]:
    """The words of a template that have a meaning of their own, by their first use."""
    found: dict[str, list[int]] = {}
    for action in _ACTION.finditer(text):
        inside = _QUOTED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), action[1])
        for match in _WORD.finditer(inside):
            if match[1] in MEANINGS:
                line = text.count("\n", 0, action.start(1) + match.start(1)) + 1
                lines = found.setdefault(match[1], [])
                if line not in lines:
                    lines.append(line)
    return [Word(name, tuple(lines), MEANINGS[name]) for name, lines in found.items()]
