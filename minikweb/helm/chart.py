"""The files of a chart, as paths and texts: from a folder, from an archive, from a page; and what Chart.yaml says.

Everything that comes from outside is checked: names that lead out of the chart, sizes, numbers.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minikweb.helm import values

Object = dict[str, Any]
Files = dict[str, bytes]

MOST_FILES, MOST_BYTES = 200, 2 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*){0,7}")
SCHEMA = "values.schema.json"
REFERENCES = ("$schema", "$ref", "$dynamicRef", "$recursiveRef")
_WITHIN = re.compile(r"(#.*|https?://json-schema\.org/[\w./#-]*)?", re.S)  # what helm reads nothing else for
IGNORED = (".helmignore", ".DS_Store")


class NotAChart(Exception):
    """Files that are no chart, or more than is taken; the message says why."""


@dataclass(frozen=True)
class About:
    """What Chart.yaml says."""

    name: str
    version: str
    app_version: str
    description: str
    metadata: Object


def about(files: Mapping[str, bytes]) -> About:
    """Raises NotAChart."""
    if "Chart.yaml" not in files:
        raise NotAChart("Chart.yaml file is missing")
    try:
        found = values.read(files["Chart.yaml"].decode())
    except (values.NotValues, UnicodeDecodeError) as error:
        raise NotAChart(f"Chart.yaml: {error}") from None
    lacking = [key for key in ("name", "version") if not isinstance(found.get(key), str) or not found[key]]
    if lacking:
        raise NotAChart(f"Chart.yaml: {lacking[0]} is required, as a text")
    if not re.fullmatch(r"[a-zA-Z0-9._-]+", found["name"]):
        raise NotAChart(f"Chart.yaml: {found['name']!r} is no name of a chart")
    return About(
        found["name"], found["version"], str(found.get("appVersion") or ""), str(found.get("description") or ""), found
    )


def checked(files: Mapping[str, bytes]) -> Files:
    """The same, if every name stays inside and it is not too much. Raises NotAChart."""
    if len(files) > MOST_FILES:
        raise NotAChart(f"a chart here has at most {MOST_FILES} files")
    for name in files:
        if not is_name(name):
            raise NotAChart(f"{name!r} is no name of a file of a chart")
    if sum(map(len, files.values())) > MOST_BYTES:
        raise NotAChart(f"a chart here weighs at most {MOST_BYTES >> 20} MiB")
    return dict(files)


def is_name(name: str) -> bool:
    """Whether a path is relative, without `..`, and not too deep."""
    return bool(_NAME.fullmatch(name)) and ".." not in name.split("/") and len(name) <= 200


def leads_out(schema: str) -> str:
    """The first place elsewhere that a values.schema.json has helm read, a file of this machine or a URL; "" for none.

    What is no JSON leads nowhere: helm reads nothing of it either.
    """
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        for key, value in pairs:
            if key in REFERENCES and isinstance(value, str) and not _WITHIN.fullmatch(value):
                found.append(value)

    try:
        json.loads(schema, object_pairs_hook=look, parse_int=str, parse_float=str)  # of any length, as helm's
    except RecursionError:
        return "…"
    except ValueError:
        return ""
    return found[0] if found else ""


def read_folder(folder: Path) -> Files:
    """The files below a folder; links are left out. Raises NotAChart."""
    found: Files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or path.name in IGNORED:
            continue
        if path.stat().st_size > MOST_BYTES:
            raise NotAChart(f"{name} is too large")
        found[name] = path.read_bytes()
    return checked(found)


def read_archive(content: bytes) -> Files:
    """The files of a .tgz as `helm package` makes it, without its top folder. Raises NotAChart."""
    found: Files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./").partition("/")[2]
                if not member.isfile() or not name:
                    continue
                if len(found) >= MOST_FILES or member.size + sum(map(len, found.values())) > MOST_BYTES:
                    raise NotAChart("the archive unpacks to more than a chart may have")
                reader = archive.extractfile(member)
                found[name] = reader.read() if reader else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise NotAChart(f"this is no chart archive: {error}") from None
    return checked(found)


def archive(files: Mapping[str, bytes]) -> bytes:
    """The .tgz of a chart: the same files give the same bytes."""
    import gzip

    name, output = about(files).name, io.BytesIO()
    with (
        gzip.GzipFile(fileobj=output, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path, content in sorted(files.items(), key=lambda item: (item[0] != "Chart.yaml", item[0])):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return output.getvalue()


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """Writes the chart below a folder; returns its own. Raises NotAChart."""
    root = folder / about(files).name
    for name, content in checked(files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root
