"""What the pages of the releases show: objects with their health, differences between revisions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.dashboard import difference, manifest
from minikweb.dashboard.difference import Line
from minikweb.helm import release, values
from minikweb.helm.release import Release
from minikweb.kinds.registry import HealthStatus

Object = dict[str, Any]
HIDDEN = "••••••••"


@dataclass(frozen=True)
class Part:
    """An object of a release, as it is in the cluster."""

    kind: str
    name: str
    namespace: str  # "" where the kind has none
    health: HealthStatus
    word: str
    message: str
    has_page: bool
    pods: tuple[tuple[HealthStatus, int], ...] = ()  # how those below it fare


Look = Callable[[Object, str], Part]


def parts(found: Release, look: Look) -> list[Part]:
    """Each object of the manifest; look(object, the release's namespace) finds it."""
    return [look(obj, found.namespace) for obj in release.objects(found.manifest)]


def selector(found: Release) -> str:
    """The label that most charts put on all they make, if this one does; empty if not."""
    label = "app.kubernetes.io/instance"
    labelled = any(
        (obj["metadata"].get("labels") or {}).get(label) == found.name for obj in release.objects(found.manifest)
    )
    return f"{label}={found.name}" if labelled else ""


def computed_text(found: Release) -> str:
    return release.values_text(values.computed(found.defaults, found.given))


def shown_manifest(text: str) -> str:
    """The rendered manifest with the values of its Secrets hidden, as everywhere in these pages."""
    if "kind: Secret" not in text:
        return text
    return "\n".join(_without_values(text.split("\n")))


def _without_values(lines: Iterable[str]) -> Iterable[str]:
    """Hides what is indented below data or stringData of a Secret."""
    block: list[str] = []
    for line in [*lines, "---"]:
        if line.startswith("---"):
            yield from _hidden(block) if any(one.strip() == "kind: Secret" for one in block) else block
            block = [line]
        else:
            block.append(line)
    yield from block[1:]


def _hidden(block: list[str]) -> Iterable[str]:
    inside = False
    for line in block:
        if line and not line[0].isspace() and not line.startswith("#"):
            inside = line.startswith(("data:", "stringData:"))
            yield line.partition(":")[0] + ":" if inside else line
            continue
        if not inside or not line.strip():
            yield line
        elif ":" in line and len(line) - len(line.lstrip()) <= 4:
            yield f"{line.partition(':')[0]}: {HIDDEN}"


def changes(old: str, new: str) -> list[Line]:
    """The difference between two manifests; a Secret's changed value says so without showing itself."""
    return difference.lines(shown_manifest(old), shown_manifest(new))


def changed_secrets(old: str, new: str) -> list[str]:
    """The Secrets whose hidden values differ."""
    before = {_place(obj): obj for obj in release.objects(old) if obj["kind"] == "Secret"}
    return [
        obj["metadata"]["name"]
        for obj in release.objects(new)
        if obj["kind"] == "Secret"
        and _place(obj) in before
        and manifest.masked(obj) == manifest.masked(before[_place(obj)])
        and obj != before[_place(obj)]
    ]


def _place(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def given_changes(old: Release, new: Release) -> list[Line]:
    return difference.lines(release.values_text(old.given), release.values_text(new.given))
