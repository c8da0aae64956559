"""The files of a commit → the objects they describe: a folder of YAML, a Helm chart, or a kustomization.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/tool_detection/, directory/, helm/
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError
from minikweb.gitops.application import Source

Object = dict[str, Any]
Files = Mapping[str, bytes]
Helm = Callable[
    [Sequence[str]], tuple[int, str, str]
]  # its arguments → exit code, what it printed, what it complained of

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SKIPPED = b"+argocd:skip-file-rendering"
MOST_OBJECTS = 2000
_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
SECONDS = 30.0


class ManifestError(Exception):
    """Why files give no objects, with the file's name, in one sentence."""


def kind_of(files: Files, source: Source) -> str:
    """Helm, Kustomize or Directory, as the folder's files say."""
    below = _below(files, source.path)
    if source.chart or "Chart.yaml" in below:
        return "Helm"
    return "Kustomize" if any(name in below for name in KUSTOMIZATIONS) else "Directory"


def objects(files: Files, source: Source, app: str, namespace: str, helm: Helm | None = None) -> list[Object]:
    """The objects of one source, in the order of its files. Raises ManifestError."""
    below = _below(files, source.path)
    if not below:
        raise ManifestError(f"{source.path}: app path does not exist")
    kind = kind_of(files, source)
    if kind == "Helm":
        found = _parsed("the chart", _template(files, source, app, namespace, helm).encode())
    elif kind == "Kustomize":
        found = _parsed("the kustomization", _kustomize(files, source))
    else:
        found = list(_folder(below, source.directory))
    if len(found) > MOST_OBJECTS:
        raise ManifestError(
            f"{source.path}: {len(found)} objects are more than the {MOST_OBJECTS} an Application may have"
        )
    return found


def _below(files: Files, path: str) -> dict[str, bytes]:
    """The files of a folder by their path in it."""
    if path in (".", "", "./"):
        return dict(files)
    start = str(PurePosixPath(path)) + "/"
    return {name[len(start) :]: content for name, content in files.items() if name.startswith(start)}


# --- a folder of YAML --------------------------------------------------------------------------------


def _folder(below: Files, options: Object) -> Iterator[Object]:
    for name in sorted(below):
        if _is_read(name, options) and SKIPPED not in below[name]:
            yield from _parsed(name, below[name])


def _is_read(name: str, options: Object) -> bool:
    if not name.endswith((".yaml", ".yml", ".json")) or ("/" in name and not options.get("recurse")):
        return False
    include, exclude = options.get("include") or "", options.get("exclude") or ""
    return not (exclude and _matches(name, exclude)) and (not include or _matches(name, include))


def _matches(name: str, pattern: str) -> bool:
    """`{a.yaml,b.yaml}` is a choice; `*` crosses folders, as in Argo CD."""
    choices = pattern[1:-1].split(",") if pattern.startswith("{") and pattern.endswith("}") else [pattern]
    return any(fnmatchcase(name, one.strip()) for one in choices)


def _parsed(name: str, text: bytes) -> list[Object]:
    try:
        documents = serializer.load_yaml(text)
    except ApiError as error:
        raise ManifestError(f"{name}: {error.message}") from None
    found: list[Object] = []
    for document in documents:
        found += document.get("items") or [] if document.get("kind") == "List" else [document]
    for obj in found:
        _check(name, obj)
    return found


def _check(name: str, obj: Object) -> None:
    if not isinstance(obj, dict) or not obj.get("kind"):
        raise ManifestError(f"{name}: Object 'Kind' is missing")
    if not obj.get("apiVersion"):
        raise ManifestError(f"{name}: {obj['kind']}: Object 'apiVersion' is missing")
    meta = obj.get("metadata")
    if not isinstance(meta, dict) or not (meta.get("name") or meta.get("generateName")):
        raise ManifestError(f"{name}: {obj['kind']}: metadata.name is missing")


# --- Helm and kustomize, by their own programs ---------------------------------------------------------


def _template(files: Files, source: Source, app: str, namespace: str, helm: Helm | None) -> str:
    if helm is None:
        raise ManifestError("a chart needs the program helm, and there is none on this machine")
    with tempfile.TemporaryDirectory(prefix="minikweb-chart-") as folder:
        root = Path(folder)
        _write(files, root)
        chart = root / source.path
        words = ["template", _release(source, app), str(chart), "--namespace", namespace or "default"]
        words += [] if source.helm.get("skipCrds") else ["--include-crds"]
        code, printed, complained = helm([*words, *_values(source.helm, root, chart)])
    if code:
        raise ManifestError(_one_line(complained, folder))
    return printed


def _release(source: Source, app: str) -> str:
    """The release's name; anything else could be an option, and some of helm's read any file of this machine."""
    name = str(source.helm.get("releaseName") or app)
    if not _RELEASE.fullmatch(name):
        raise ManifestError(f"releaseName {name}: it has small letters, digits, - and . only, - and . not at the ends")
    return name


def _values(options: Object, root: Path, chart: Path) -> Iterator[str]:
    """Value files, then values, then parameters: the later wins, as in Argo CD."""
    for name in options.get("valueFiles") or ():
        path = (chart / name).resolve()
        if not path.is_relative_to(root.resolve()):
            raise ManifestError(f"value file {name}: it must be below the repository")
        if path.exists() or not options.get("ignoreMissingValueFiles"):
            yield from ("--values", str(path))
    own = options.get("valuesObject") or options.get("values")
    if own:
        path = root / ".minikweb-values.yaml"
        path.write_text(own if isinstance(own, str) else json.dumps(own))
        yield from ("--values", str(path))
    for one in options.get("parameters") or ():
        flag = "--set-string" if one.get("forceString") else "--set"
        yield from (flag, f"{one.get('name', '')}={one.get('value', '')}")


def _kustomize(files: Files, source: Source) -> bytes:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise ManifestError("a kustomization needs the program kubectl, and there is none on this machine")
    with tempfile.TemporaryDirectory(prefix="minikweb-kustomization-") as folder:
        _write(files, Path(folder))
        command = [kubectl, "kustomize", str(Path(folder) / source.path)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise ManifestError(f"kustomize did not end within {SECONDS:g} s") from None
    if done.returncode:
        raise ManifestError(_one_line(done.stderr.decode(errors="replace"), folder))
    return done.stdout


def _write(files: Files, root: Path) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _one_line(said: str, folder: str) -> str:
    """An error of a program, without the folder it was run in."""
    return " ".join(said.replace(f"{folder}/", "").split())[:1000]
