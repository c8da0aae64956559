"""Charts that a reader writes in the pages: kept in a folder of the person's own, rendered as they are typed."""

from __future__ import annotations

import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from minikweb.dashboard import helm, manifest
from minikweb.helm import binary, chart, problems
from minikweb.helm.chart import Files, NotAChart
from minikweb.helm.problems import Problem

Object = dict[str, Any]

MOST_CHARTS, MOST_FILES, MOST_BYTES = 20, 60, 512 << 10
RELEASE, NAMESPACE = "example", "default"  # what .Release says while one writes
MINIMAL: Files = {
    "Chart.yaml": b'apiVersion: v2\nname: {name}\nversion: 0.1.0\nappVersion: "1"\n',
    "values.yaml": b'composantA:\n  image:\n    name: minikweb/demo\n    tag: "1"\n    pullPolicy: IfNotPresent\n',
    "templates/composantA-pod.yaml": b"""apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-composant-a
  labels:
    version: {{ .Values.composantA.image.tag | toString | replace "." "-" | quote }}
spec:
  containers:
    - name: composant-a
      image: "{{ .Values.composantA.image.name }}:{{ .Values.composantA.image.tag }}"
      imagePullPolicy: {{ .Values.composantA.image.pullPolicy }}
""",
}
_SOURCE = re.compile(r"^# Source: [^/\n]+/(.+)$", re.M)
_turns = threading.BoundedSemaphore(2)  # a class that types all at once must not take the whole machine
_FOLDER = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")


class Refused(Exception):
    """What was asked cannot be done; the message says why, to the reader."""


@dataclass(frozen=True)
class Rendered:
    """What one template became; `wrong` is the line (from 1) that is no YAML."""

    file: str
    text: str
    wrong: int | None = None

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


@dataclass(frozen=True)
class Result:
    """What helm made of a chart."""

    documents: list[Rendered]
    problems: list[Problem]
    advice: list[Problem]  # of `helm lint`, where it renders


def names() -> list[str]:
    folder = helm.own_folder()
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def folder(name: str) -> Path:
    """The folder of a draft. Raises Refused."""
    path = helm.own_folder() / name
    if not _FOLDER.fullmatch(name) or not path.is_dir():
        raise Refused(_("There is no chart %(name)s of yours.") % {"name": name})
    return path


def create(name: str, source: Files | None = None) -> None:
    """A new draft, from the files of another chart or the smallest one. Raises Refused."""
    if not _FOLDER.fullmatch(name):
        raise Refused(_("A chart's name has small letters, digits and - only."))
    if name in names():
        raise Refused(_("You have a chart of that name already."))
    if len(names()) >= MOST_CHARTS:
        raise Refused(_("You have %(count)d charts already: delete one first.") % {"count": MOST_CHARTS})
    files = dict(MINIMAL if source is None else source)
    files["Chart.yaml"] = re.sub(rb"(?m)^name:.*$", f"name: {name}".encode(), files["Chart.yaml"], count=1)
    path = helm.own_folder() / name
    for file, content in files.items():
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_bytes(content)


def delete(name: str) -> None:
    shutil.rmtree(folder(name))


def forget(person: str) -> int:
    """Deletes the charts that somebody wrote; returns how many."""
    path = helm.folder_of(person)
    count = sum(one.is_dir() for one in path.iterdir()) if path.is_dir() else 0
    shutil.rmtree(path, ignore_errors=True)
    return count


def files(name: str) -> Files:
    """Raises Refused."""
    try:
        return chart.read_folder(folder(name))
    except NotAChart as error:
        raise Refused(str(error)) from None


def write(name: str, file: str, content: str) -> None:
    """Saves one file. Raises Refused."""
    path, data = folder(name), content.replace("\r\n", "\n").encode()
    if not chart.is_name(file):
        raise Refused(_("%(file)s is no name of a file of a chart.") % {"file": file[:80]})
    if file.rpartition("/")[2] == chart.SCHEMA and (place := chart.leads_out(content)):
        raise Refused(_("A schema here refers to itself alone, with #, not to %(place)s.") % {"place": place[:80]})
    others = {key: value for key, value in files(name).items() if key != file}
    if any(key.startswith(f"{file}/") for key in others) or any(file.startswith(f"{key}/") for key in others):
        raise Refused(_("%(file)s is the name of a folder or below a file.") % {"file": file})
    if len(others) >= MOST_FILES or sum(map(len, others.values())) + len(data) > MOST_BYTES:
        raise Refused(_("A chart written here has at most %(count)d files and 512 KiB.") % {"count": MOST_FILES})
    (path / file).parent.mkdir(parents=True, exist_ok=True)
    (path / file).write_bytes(data)


def remove(name: str, file: str) -> None:
    """Deletes one file. Raises Refused."""
    if not chart.is_name(file) or file not in files(name):
        raise Refused(_("%(file)s is not there.") % {"file": file[:80]})
    (folder(name) / file).unlink()


def render(name: str) -> Result:
    """What the chart renders to, and what is wrong with it. Raises Refused and NoHelm."""
    path = folder(name)
    written = files(name)
    with _turns:
        found = binary.run(helm.program(), ["template", RELEASE, str(path), "--namespace", NAMESPACE, "--debug"])
        linted = binary.run(helm.program(), ["lint", "--quiet", str(path)]).output if found.is_good else ""
    said = "" if found.is_good else _without_debug(found.error)
    wrong = [_placed(problem, written) for problem in problems.read(said, chart_name(written, name))]
    return Result(documents(found.output, wrong), wrong, problems.advice(linted))


def chart_name(written: Files, name: str) -> str:
    """What Chart.yaml calls it; its folder's name while that cannot be read."""
    try:
        return chart.about(written).name
    except NotAChart:
        return name


def _without_debug(said: str) -> str:
    """helm's error without the lines of --debug and the stack that some of its errors bring along."""
    start = said.rfind("Error: ")
    return said[start:].partition("\nhelm.go:")[0].partition("\nhelm.sh/helm")[0] if start >= 0 else said


def _placed(problem: Problem, written: Files) -> Problem:
    """A problem of the values, with the line it is about."""
    if problem.field and not problem.line:
        text = written.get("values.yaml", b"").decode("utf-8", "replace")
        line = manifest.line_of(text, problem.field)
        return Problem(problem.message, "values.yaml", line, None, None, problem.field)
    return problem


def documents(output: str, wrong: list[Problem]) -> list[Rendered]:
    """Helm's output by the template it comes from."""
    marks = list(_SOURCE.finditer(output))
    texts: dict[str, list[str]] = {}
    ends = [*(mark.start() for mark in marks[1:]), len(output)]
    for mark, end in zip(marks, ends, strict=False):
        text = output[mark.end() : end]
        texts.setdefault(mark[1], []).append(text.removesuffix("---\n").strip("\n"))
    lines = {problem.file: problem.rendered for problem in wrong if problem.rendered}
    return [Rendered(file, "\n---\n".join(parts), lines.get(file)) for file, parts in texts.items()]
