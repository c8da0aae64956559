"""A lesson's demonstration: its solutions typed on a real cluster, one command after the other.

Played live on a page, where the reader sets the pace, or kept as an asciicast that plays with no cluster
(https://docs.asciinema.org/manual/asciicast/v2/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from minikweb.tutorial import cluster, proof, shell
from minikweb.tutorial.lesson import Lesson, Step

# What only looks, of a step's text, and comes to an end: it is typed after the solution, to show what has changed.
_LOOKS = re.compile(r"^kubectl (get|describe|explain|rollout (history|status)) ")
_ENDLESS = re.compile(r" (-w|-f|--watch|--follow)\b|HERE")
LEFT_OUT = {
    "fr": "(laissé de côté : ce cluster n'a pas ce qu'il faut)",
    "en": "(left out: this cluster lacks what it takes)",
}

COLUMNS, ROWS = 110, 32
KEY, ENTER, READ, LINE, HEADING = 0.045, 0.35, 1.2, 0.12, 1.0  # seconds of an asciicast


@dataclass(frozen=True)
class Event:
    """`kind` is heading, note, command (about to be typed), output, done (a step's checks hold) or problem."""

    kind: str
    text: str


def commands(step: Step, namespace: str) -> list[str]:
    """What is typed for a step, in the folder of its manifests: the solution, then looks at what came of it."""

    def filled(text: str) -> str:
        return text.replace("{namespace}", namespace).replace("{manifests}/", "").replace("{server}", shell.server())

    typed = shell.commands(filled(step.solution))
    looks = [filled(command) for _, command in step.commands]
    shown = [look for look in looks if _LOOKS.match(look) and not _ENDLESS.search(look) and "\n" not in look]
    return typed + [look for look in dict.fromkeys(shown) if look not in typed]


def play(
    lesson: Lesson, steps: Sequence[Step], reader: cluster.NamespaceReader, terminal: shell.Shell, language: str
) -> Iterator[Event]:
    """Types the steps; each command runs when the event after it is asked for. Ends at the first problem."""
    for step in steps:
        yield Event("heading", f"{lesson.steps.index(step) + 1}. {step.title[language]}")
        if cluster.lacks(reader.cache, lesson.needs + step.needs):
            yield Event("note", LEFT_OUT[language])
            continue
        for command in commands(step, reader.namespace):
            yield Event("command", command)
            for text in terminal.run(command):
                yield Event("output", text)
        problem = proof.wait_until_green(step, reader)
        yield Event("problem", problem) if problem else Event("done", step.id)
        if problem:
            return


def folder(lesson: Lesson) -> Path:
    """Where the commands of a demonstration are typed."""
    inside = lesson.folder.resolve() / "manifests"
    return inside if inside.is_dir() else lesson.folder.resolve()


def asciicast(title: str, events: Iterable[Event]) -> Iterator[str]:
    """The lines of an asciicast (version 2): what was typed and printed, at the pace of a person who types."""
    yield json.dumps({"version": 2, "width": COLUMNS, "height": ROWS, "title": title}, ensure_ascii=False)
    now = 0.0

    def shown(text: str) -> str:
        return json.dumps([round(now, 3), "o", text.replace("\n", "\r\n")], ensure_ascii=False)

    for event in events:
        if event.kind in ("heading", "note"):
            now += HEADING
            yield shown(f"\n\x1b[1;34m# {event.text}\x1b[0m\n")
        elif event.kind == "command":
            now += READ
            yield shown("\x1b[1m$\x1b[0m ")
            for position, key in enumerate(event.text):
                now += KEY * (0.6 + position * 7 % 5 / 5)  # nobody types like a metronome
                yield shown(key)
            now += ENTER
            yield shown("\n")
        elif event.kind == "output":
            now += LINE * (1 + event.text.count("\n"))
            yield shown(event.text)
    now += READ
    yield shown("")
