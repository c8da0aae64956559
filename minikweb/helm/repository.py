"""A folder of charts as an HTTP repository: index.yaml and archives, made when they are asked for.

`helm repo add minikweb http://127.0.0.1:8000/charts`. Source: helm.sh/docs/topics/chart_repository.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minikweb.apimachinery import clock, serializer
from minikweb.helm import chart
from minikweb.helm.chart import About, Files, NotAChart

Object = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One version of a chart, in a folder of its own."""

    folder: Path
    about: About
    created: datetime

    @property
    def archive_name(self) -> str:
        return f"{self.about.name}-{self.about.version}.tgz"

    def files(self) -> Files:
        return chart.read_folder(self.folder)


def entries(folders: Iterable[Path]) -> list[Entry]:
    """The charts below these folders, by name, the highest version first; what is no chart is left out."""
    found = []
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not (path / "Chart.yaml").is_file() or path.is_symlink():
                continue
            try:
                about = chart.about({"Chart.yaml": (path / "Chart.yaml").read_bytes()})
            except NotAChart as error:
                log.info("%s is not served: %s", path.name, error)
                continue
            stamp = max(one.stat().st_mtime for one in path.rglob("*"))
            found.append(Entry(path, about, datetime.fromtimestamp(int(stamp), UTC)))
    return sorted(found, key=lambda entry: (entry.about.name, _order(entry.about.version)), reverse=False)


def _order(version: str) -> tuple[Any, ...]:
    """A sort key that puts the higher version first, and a pre-release after its release."""
    numbers, _, stage = version.partition("+")[0].removeprefix("v").partition("-")
    parts = tuple(-int(part) if part.isdigit() else 0 for part in numbers.split("."))
    return parts, bool(stage), stage


def find(found: Iterable[Entry], name: str, version: str = "") -> Entry | None:
    """The entry of a chart, its highest version if none is given."""
    return next((one for one in found if one.about.name == name and version in ("", one.about.version)), None)


def index(found: Iterable[Entry], now: datetime) -> str:
    """The text of index.yaml."""
    charts: dict[str, list[Object]] = {}
    for entry in found:
        try:
            content = chart.archive(entry.files())
        except NotAChart as error:
            log.info("%s is not served: %s", entry.folder.name, error)
            continue
        described = {
            **entry.about.metadata,
            "created": clock.format(entry.created),
            "digest": hashlib.sha256(content).hexdigest(),
            "urls": [entry.archive_name],
        }
        charts.setdefault(entry.about.name, []).append(described)
    return serializer.dump_yaml({"apiVersion": "v1", "entries": charts, "generated": clock.format(now)})
