"""Objects to look at: tests/testdata/<kind>-<state>.yaml."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from minikweb.kinds.registry import Kind, Registry, builtin

FOLDER = Path(__file__).parent.parent / "testdata"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # the objects were made at 11:00
REGISTRY: Registry = builtin()


def load(name: str) -> dict[str, Any]:
    """The object of `pod-running`."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def kind_of(obj: dict[str, Any]) -> Kind:
    found = REGISTRY.of(obj["apiVersion"], obj["kind"])
    assert found, obj["kind"]
    return found


def printed(name: str, *, wide: bool = False) -> list[Any]:
    """The cells that `kubectl get` prints, with -o wide if asked."""
    obj = load(name)
    return [c.value(obj, NOW) for c in kind_of(obj).columns if wide or not c.priority]


def headers(name: str, *, wide: bool = False) -> list[str]:
    return [c.name.upper() for c in kind_of(load(name)).columns if wide or not c.priority]


def messages(causes: list[dict[str, str]]) -> list[str]:
    """Causes as kubectl shows them: `field: message`."""
    return [f"{cause['field']}: {cause['message']}" for cause in causes]
