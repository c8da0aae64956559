"""What a solution reads in the cluster is one word of a command, whatever it holds.

A solution runs on the machine of the pages as the student, who may write what it reads: `1 --from-file=/etc/passwd`
in a place without quotes would be an option of kubectl, which reads this machine's files.
"""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from minikweb.tutorial import film, lesson

LESSONS = lesson.load_all(tuple(settings.LESSONS_DIRS))
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?\n\2(?=\n|$)", re.S)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_NAMES = re.compile(r"\$\(kubectl get [^|]* -o name \| head -1")  # as `pod/web-1`: the API lets no blank into a name


def loose(script: str) -> list[str]:
    """The expansions that a shell would take apart into words: outside of quotes, and no assignment."""
    found: list[str] = []
    _scan(_HEREDOC.sub(r"\3", script), 0, False, found)
    return found


def _scan(text: str, at: int, within: bool, found: list[str]) -> int:
    """Reads commands from `at` on, up to the parenthesis that closes them if `within`; where it ended."""
    quoted, word = False, at
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign == '"':
            quoted = not quoted
        elif sign == "'" and not quoted:
            at = text.index("'", at + 1)
        elif text.startswith("$((", at):
            at = text.index("))", at) + 1
        elif sign == "$" and re.match(r"[A-Za-z_{(]", text[at + 1 : at + 2]):
            start, splits = at, not quoted and not _ASSIGNMENT.match(text, word, at)
            at = _scan(text, at + 2, True, found) if text[at + 1] == "(" else at
            if splits and not _NAMES.fullmatch(text, start, at):
                found.append(text[start : at + 20])
        elif not quoted and sign == "#" and word == at:
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif within and not quoted and sign == ")":
            return at
        if not quoted and at < len(text) and text[at] in " \t\n;|&(":
            word = at + 1
        at += 1
    return at


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("a=$(cat x) && echo b", 0),
        ('echo --from="$(cat "$x")" \'$y\' "$z"', 0),
        ("echo --from=$x", 1),
        ("echo $(cat x)", 1),
        ('echo "$(cat $x)"', 1),
        ("echo '{'$x'}'", 1),
        ("kubectl delete $(kubectl get pods -l app=web -o name | head -1)", 0),
        ("p=$((8 + $$ % 9)) # any $p", 0),
        ("cat <<EOF\n$x\nEOF", 0),
    ],
)
def test_what_a_shell_takes_apart_is_found(script, count):
    assert len(loose(script)) == count


@pytest.mark.parametrize("one", LESSONS.values(), ids=LESSONS)
def test_nothing_that_is_read_becomes_an_option(one):
    typed = {(step.id, command) for step in one.steps for command in film.commands(step, "learn")}
    assert {step: found for step, command in sorted(typed) if (found := loose(command))} == {}
