"""What the panel of a custom resource shows: its wish, its state, what its controller made of it, and who that is."""

from __future__ import annotations

from typing import Any

from minikweb.dashboard import customkinds, live
from minikweb.dashboard.tree import Entry

Object = dict[str, Any]
Context = dict[str, Any]

MOST_FACTS = 12
LONGEST = 120  # characters of a value in the table


def overview(obj: Object, found: Entry) -> Context:
    tree = live.hub().tree()
    below = [tree.entries[id] for id in tree.children.get(found.id, ())]
    spec, status = obj.get("spec"), obj.get("status")
    status = {key: value for key, value in status.items() if key != "conditions"} if isinstance(status, dict) else {}
    return {
        "wish": facts(spec if isinstance(spec, dict) else {}),
        "state": facts(status),
        "below": [one for one in below if one.kind != "Group"],
        "reconcilers": customkinds.reconcilers(obj),
        "is_seen": "status" in obj or bool(obj["metadata"].get("finalizers")) or bool(below),
    }


def facts(values: Object) -> list[tuple[str, str]]:
    """(path, value) of the leaves, as many as a table takes."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            found += [(f"{key}.{path}", text) for path, text in facts(value)]
        else:
            text = str(len(value)) + " …" if isinstance(value, list) and len(str(value)) > LONGEST else str(value)
            found.append((key, text if len(text) <= LONGEST else text[:LONGEST] + "…"))
    return found[:MOST_FACTS]
