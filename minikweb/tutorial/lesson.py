"""A lesson as data: reading `lessons/NN-topic/`, with an error that names the file and the place.

    lesson.yaml   title, minutes, needs, read, source, steps: [id, title, needs, checks, hints]
    fr.md en.md   one section a step: `## Title {#step-id}`, and `## … {#remember}` at the end
                  fences ```sh run / copy / edit are commands, ```manifest shows a file of manifests/
    manifests/    files the text refers to
    solution/     `<step-id>.sh`, for a step that its `run` commands alone do not solve

A hint that is one `command` in backquotes needs no translation. In commands, checks and solutions `{namespace}` is the
learner's namespace, `{manifests}` where the manifests are and `{server}` where the pages are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from minikweb.apimachinery import errors, serializer
from minikweb.tutorial import checks

LANGUAGES = ("fr", "en")
NEEDS = ("docker", "ingress")  # what a lesson may ask of the cluster beyond any Kubernetes
REMEMBER = "remember"  # the section that closes a lesson
KNOWN_KEYS = {"title", "minutes", "needs", "read", "source", "steps"}
KNOWN_STEP_KEYS = {"id", "title", "needs", "checks", "hints"}
KNOWN_FILES = {"lesson.yaml", "fr.md", "en.md", "manifests", "solution"}
LARGEST = 256 * 1024  # bytes of a file
_SOURCE = re.compile(r"^(minikweb|images)(/[A-Za-z0-9_-]+)+(\.py|/Dockerfile)$")
_FOLDER = re.compile(r"^(\d\d)-([a-z0-9-]+)$")
_SECTION = re.compile(r"^## (?P<title>.+?) \{#(?P<id>[a-z0-9-]+)\}\s*$", re.MULTILINE)
_MANIFEST = re.compile(r"^```manifest\n(.*?)\n```", re.MULTILINE)
_COMMAND = re.compile(r"^```sh (run|copy|edit)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class LessonError(Exception):
    """A lesson that cannot be read; the message names the file, the place and what is expected there."""


@dataclass(frozen=True)
class Step:
    """One step: its checks (all must hold) and its hints, from the gentlest to the solution's edge."""

    id: str
    title: dict[str, str]
    checks: tuple[checks.Check, ...]
    hints: tuple[dict[str, str], ...]
    text: dict[str, str]  # Markdown by language
    needs: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]  # (run, copy or edit; the command)
    solution: str  # a shell script that makes the checks pass


@dataclass(frozen=True)
class Page:
    """A page elsewhere that tells more."""

    url: str
    title: dict[str, str]


@dataclass(frozen=True)
class Lesson:
    """One chapter. `number` orders the chapters, `slug` names it in URLs and in the questions."""

    number: int
    slug: str
    title: dict[str, str]
    minutes: int
    needs: tuple[str, ...]
    introduction: dict[str, str]
    remember: dict[str, str]  # the same, of what closes the lesson
    read: tuple[Page, ...]
    source: tuple[str, ...]  # the files of this project that do what the lesson tells
    steps: tuple[Step, ...]
    folder: Path

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def manifest(self, name: str) -> str | None:
        """The text of a file of manifests/, or None."""
        path = self.folder / "manifests" / name
        return path.read_text(encoding="utf-8") if name in manifests(self.folder) else None


def load_all(folders: tuple[Path, ...], problems: list[str] | None = None) -> dict[str, Lesson]:
    """Every lesson below the folders, by slug, in the order of their numbers.

    Raises LessonError; with a list of problems what cannot be read is left out, and named there.
    """
    found: dict[str, Lesson] = {}
    for path in (path for folder in folders for path in _folders(folder, problems)):
        try:
            one = load(path)
            if one.slug in found:
                raise LessonError(f"{path.name}: {found[one.slug].folder.name} has the same name")
            found[one.slug] = one
        except LessonError as error:
            _tell(error, problems)
    return dict(sorted(found.items(), key=lambda item: item[1].number))


def _folders(folder: Path, problems: list[str] | None) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and _FOLDER.match(path.name))
    except OSError as error:
        _tell(LessonError(f"{folder}: the folder of lessons cannot be read: {error.strerror}"), problems)
        return []


def _tell(error: LessonError, problems: list[str] | None) -> None:
    if problems is None:
        raise error
    problems.append(str(error))


def load(folder: Path) -> Lesson:
    """One lesson, read again when one of its files has changed. Raises LessonError."""
    return _load(folder, max((path.lstat().st_mtime_ns for path in folder.rglob("*")), default=0))


@lru_cache(maxsize=256)
def _load(folder: Path, changed: int) -> Lesson:
    """Reads one lesson; `changed` is what makes it another one. Raises LessonError."""
    match = _FOLDER.match(folder.name)
    if not match:
        raise LessonError(f"{folder.name}: a lesson's folder is named NN-topic, such as 18-deployment")
    _refuse_unknown_files(folder)
    data = read_yaml(folder / "lesson.yaml")
    _refuse_unknown_keys(data, KNOWN_KEYS, f"{folder.name}/lesson.yaml")
    texts = {language: _sections(folder / f"{language}.md") for language in LANGUAGES}
    steps = tuple(_step(folder, entry, texts) for entry in _listed(data, "steps", folder))
    _refuse_stray_sections(folder, texts, steps)
    needs = _needs(data, f"{folder.name}/lesson.yaml")
    return Lesson(
        number=int(match[1]),
        slug=match[2],
        title=bilingual(data.get("title"), f"{folder.name}/lesson.yaml: title"),
        minutes=int(data.get("minutes") or 0),
        needs=needs,
        introduction={language: texts[language][""] for language in LANGUAGES},
        remember=_remember(folder, texts),
        read=tuple(_page(raw, f"{folder.name}/lesson.yaml: read") for raw in data.get("read") or ()),
        source=_sources(data, f"{folder.name}/lesson.yaml"),
        steps=steps,
        folder=folder,
    )


def _refuse_unknown_keys(data: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := set(data) - known:
        raise LessonError(f"{where}: unexpected {sorted(unknown)}; known are {sorted(known)}")


def _needs(data: dict[str, Any], where: str) -> tuple[str, ...]:
    if unknown := set(data.get("needs") or []) - set(NEEDS):
        raise LessonError(f"{where}: needs {sorted(unknown)}: known are {list(NEEDS)}")
    return tuple(data.get("needs") or ())


def _sources(data: dict[str, Any], where: str) -> tuple[str, ...]:
    """Files of this project; nothing else of the machine can be shown by naming it."""
    paths = tuple(str(path) for path in data.get("source") or ())
    if wrong := [path for path in paths if not _SOURCE.match(path)]:
        raise LessonError(f"{where}: source names files such as minikweb/controllers/replicaset.py, not {wrong}")
    return paths


def _page(raw: Any, where: str) -> Page:
    if not isinstance(raw, dict) or set(raw) != {"url", "fr", "en"} or not str(raw["url"]).startswith("https://"):
        raise LessonError(f"{where}: a page has url (https), fr and en, not {raw}")
    return Page(raw["url"], {language: raw[language] for language in LANGUAGES})


def _remember(folder: Path, texts: dict[str, dict[str, str]]) -> dict[str, str]:
    missing = [language for language in LANGUAGES if not texts[language].get(REMEMBER)]
    if missing:
        raise LessonError(f"{folder.name}: no section `## … {{#{REMEMBER}}}` in {missing[0]}.md")
    return {language: texts[language][REMEMBER] for language in LANGUAGES}


def manifests(folder: Path) -> list[str]:
    """The names of the files in manifests/; links are not followed."""
    inside = folder / "manifests"
    if not inside.is_dir():
        return []
    return sorted(path.name for path in inside.iterdir() if path.is_file() and not path.is_symlink())


def _refuse_unknown_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_symlink() or (path.is_file() and path.stat().st_size > LARGEST):
            raise LessonError(f"{folder.name}: {path.name} is a link, or larger than {LARGEST // 1024} KiB")
    unknown = {path.name for path in folder.iterdir()} - KNOWN_FILES
    if unknown:
        raise LessonError(f"{folder.name}: unexpected {sorted(unknown)}; a lesson has {sorted(KNOWN_FILES)}")


def read_yaml(path: Path) -> dict[str, Any]:
    """The one mapping of a file, within the limits of any YAML that comes in. Raises LessonError."""
    try:
        documents = serializer.load_yaml(path.read_bytes())
    except OSError as error:
        raise LessonError(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from error
    except errors.ApiError as error:
        raise LessonError(f"{path.parent.name}/{path.name}: {error.message}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise LessonError(f"{path.parent.name}/{path.name}: one YAML document, a mapping, is expected")
    return documents[0]


def _listed(data: dict[str, Any], key: str, folder: Path) -> list[dict[str, Any]]:
    entries = data.get(key)
    if not isinstance(entries, list) or not entries:
        raise LessonError(f"{folder.name}/lesson.yaml: {key} must be a list with at least one entry")
    return entries


def bilingual(value: Any, where: str) -> dict[str, str]:
    """A text in every language, or an error that says which one is missing."""
    if not isinstance(value, dict) or any(not str(value.get(language) or "").strip() for language in LANGUAGES):
        raise LessonError(f"{where} must be given in {' and '.join(LANGUAGES)}")
    return {language: str(value[language]).strip() for language in LANGUAGES}


def _sections(path: Path) -> dict[str, str]:
    """Step id → its Markdown without the heading; "" → the introduction."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LessonError(f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from error
    marks = list(_SECTION.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    sections = {"": text[: marks[0].start() if marks else len(text)].strip()}
    sections |= {mark["id"]: text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}
    return sections


def _step(folder: Path, entry: dict[str, Any], texts: dict[str, dict[str, str]]) -> Step:
    step_id = str(entry.get("id") or "")
    where = f"{folder.name}/lesson.yaml: step {step_id or '(without id)'}"
    _refuse_unknown_keys(entry, KNOWN_STEP_KEYS, where)
    missing = [language for language in LANGUAGES if not texts[language].get(step_id)]
    if not step_id or missing:
        raise LessonError(f"{where}: no section `## … {{#{step_id}}}` in {', '.join(f'{m}.md' for m in missing)}")
    found = {language: tuple(_COMMAND.findall(texts[language][step_id])) for language in LANGUAGES}
    if found["fr"] != found["en"]:
        raise LessonError(f"{where}: the commands of fr.md and en.md differ")
    _refuse_missing_manifests(folder, where, texts, step_id)
    return Step(
        id=step_id,
        title=bilingual(entry.get("title"), f"{where}: title"),
        checks=tuple(_check(raw, where) for raw in _listed(entry, "checks", folder)),
        hints=tuple(_hint(hint, f"{where}: hint") for hint in _listed(entry, "hints", folder)),
        text={language: texts[language][step_id] for language in LANGUAGES},
        needs=_needs(entry, where),
        commands=tuple((how, command.strip()) for how, command in found["fr"]),
        solution=_solution(folder, step_id, found["fr"]),
    )


def _hint(raw: Any, where: str) -> dict[str, str]:
    """A hint in both languages; a plain string is a command, the same in both."""
    if isinstance(raw, str) and re.fullmatch(r"`[^`]+`", raw):
        return dict.fromkeys(LANGUAGES, raw)
    return bilingual(raw, where)


def _refuse_missing_manifests(folder: Path, where: str, texts: dict[str, dict[str, str]], step_id: str) -> None:
    named = {language: _MANIFEST.findall(texts[language][step_id]) for language in LANGUAGES}
    if named["fr"] != named["en"]:
        raise LessonError(f"{where}: the manifests shown in fr.md and en.md differ")
    if unknown := set(named["fr"]) - set(manifests(folder)):
        raise LessonError(f"{where}: manifests/ has no {sorted(unknown)}")


def _check(raw: dict[str, Any], where: str) -> checks.Check:
    try:
        return checks.parse(raw)
    except ValueError as error:
        raise LessonError(f"{where}: {error}") from error


def _solution(folder: Path, step_id: str, commands: list[tuple[str, str]]) -> str:
    """The script of solution/, else the commands that the text says to run."""
    path = folder / "solution" / f"{step_id}.sh"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    run = [command for how, command in commands if how == "run"]
    if not run:
        raise LessonError(
            f"{folder.name}: step {step_id} has no command to run, and solution/{step_id}.sh is missing:"
            " every step must be shown to be solvable"
        )
    return "".join(run)


def _refuse_stray_sections(folder: Path, texts: dict[str, dict[str, str]], steps: tuple[Step, ...]) -> None:
    known = {"", REMEMBER} | {step.id for step in steps}
    for language in LANGUAGES:
        stray = set(texts[language]) - known
        if stray:
            raise LessonError(f"{folder.name}/{language}.md: sections {sorted(stray)} are no steps of lesson.yaml")
    scripts = {path.name for path in (folder / "solution").glob("*")} - {f"{step.id}.sh" for step in steps}
    if scripts:
        raise LessonError(f"{folder.name}/solution: {sorted(scripts)} belong to no step")
