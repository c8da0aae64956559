"""Where in a chart an error of Helm's stands: file, line, and what is wrong there. Pure.

Helm says it in several forms, by what found the error: the template engine, YAML, the schema, the chart's checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 600  # characters of a message that repeats itself, as an endless template does

_PLACES = (
    # execution error at (shop/templates/service.yaml:16:3): give a name
    re.compile(r"execution error at \((?P<file>[^:()]+):(?P<line>\d+)(?::(?P<column>\d+))?\): (?P<message>.*)", re.S),
    # parse error at (shop/templates/service.yaml:16): function "foo" not defined
    re.compile(r"parse error at \((?P<file>[^:()]+):(?P<line>\d+)\): (?P<message>.*)", re.S),
    # shop/templates/service.yaml:16:10\n  executing "…" at <.Values.a.b>:\n    nil pointer …
    re.compile(
        r"(?:template: )?(?P<file>[\w.\-/]+/templates/[\w.\-/]+):(?P<line>\d+):(?P<column>\d+):?\s+"
        r"executing \"[^\"]*\" at (?P<message><.*)",
        re.S,
    ),
    # YAML parse error on shop/templates/service.yaml: … yaml: line 21: mapping values are not allowed …
    re.compile(r"YAML parse error on (?P<file>\S+): (?:.*?yaml: )?(?:line (?P<rendered>\d+): )?(?P<message>.*)", re.S),
    # cannot load values.yaml: … yaml: line 162: did not find …
    re.compile(r"cannot load (?P<file>\S+\.yaml): .*?yaml: (?:line (?P<line>\d+): )?(?P<message>.*)", re.S),
    re.compile(r"(?P<message>validation: chart\.metadata.*)", re.S),
    re.compile(r"(?P<message>Chart\.yaml file is missing.*)", re.S),
)
_SCHEMA = re.compile(r"^- at '(?P<path>[^']*)': (?P<message>.*)$", re.M)
_ADVICE = re.compile(r"^\[(?:WARNING|ERROR)\] (?P<file>[\w./-]+): (?P<message>.*)$", re.M)
_NOISE = ("Use --debug flag to render out invalid YAML",)


@dataclass(frozen=True)
class Problem:
    """`file` is relative to the chart; `line` counts in the file, `rendered` in what the file was rendered to."""

    message: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    rendered: int | None = None
    field: str = ""  # of values.yaml, such as image.tag


def read(said: str, chart: str) -> list[Problem]:
    """The problems in what helm wrote to stderr, about the chart of this name."""
    text = said.strip()
    for noise in _NOISE:
        text = text.replace(noise, "")
    text = re.sub(r"^(Error|ERROR): ", "", text.strip())
    if "specifications of the schema" in text:
        found = [Problem(m["message"], "values.yaml", field=_field(m["path"])) for m in _SCHEMA.finditer(text)]
        if found:
            return found
    for pattern in _PLACES:
        if match := pattern.search(text):
            return [_problem(match.groupdict(), chart)]
    return [Problem(_shortened(text))] if text else []


def advice(said: str) -> list[Problem]:
    """What `helm lint --quiet` advises."""
    return [Problem(_shortened(match["message"]), match["file"].rstrip("/")) for match in _ADVICE.finditer(said)]


def _problem(found: dict[str, str | None], chart: str) -> Problem:
    file = found.get("file") or ("Chart.yaml" if "chart.metadata" in (found["message"] or "") else "")
    number = {key: int(found[key]) if found.get(key) else None for key in ("line", "column", "rendered")}  # type: ignore[arg-type]
    return Problem(_shortened(found["message"] or ""), file.removeprefix(f"{chart}/"), **number)


def _field(pointer: str) -> str:
    """`image.tag` for the JSON pointer /image/tag."""
    return pointer.strip("/").replace("/", ".")


def _shortened(message: str) -> str:
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    text = " ".join(lines)
    if text.count("error calling include") > 2:
        last = text.rpartition("error calling include: ")[2]
        text = f"{text.partition('error calling include')[0]}… {last}"
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
