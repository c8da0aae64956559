"""The tab "Fields" of an object: who owns what of it (metadata.managedFields)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from minikweb.dashboard import cluster, kubectl, manifest, ownership
from minikweb.dashboard.tree import Entry

Object = dict[str, Any]
COLOURS = 6  # marks that CSS tells apart; the name always stands beside


def fill(request: HttpRequest, obj: Object, found: Entry) -> dict[str, Any]:
    """?owner=<manager> shows the fields of one owner alone, with what leads to them."""
    fresh = cluster.client().get(found.kind, found.name, found.namespace or None)
    shown = {**manifest.masked({"kind": found.kind, **fresh})}
    managers = list(dict.fromkeys(owner.manager for owner in ownership.owners(shown)))
    marks = {manager: index % COLOURS for index, manager in enumerate(managers)}
    wanted = request.GET.get("owner", "")
    fields = ownership.fields(shown)
    if wanted in marks:
        fields = _of(fields, wanted)
    return {
        "fields": [
            {"field": each, "owners": [(owner, marks[owner.manager]) for owner in each.owners]} for each in fields
        ],
        "owners": [(owner, marks[owner.manager]) for owner in ownership.owners(shown)],
        "wanted": wanted,
        "command": kubectl.get(found.namespace, found.kind, found.name, "-o", "yaml", "--show-managed-fields"),
    }


def _of(fields: list[ownership.Field], manager: str) -> list[ownership.Field]:
    """The fields of one owner and those above them."""
    own = [each.path for each in fields if any(owner.manager == manager for owner in each.owners)]
    above = {path[:depth] for path in own for depth in range(1, len(path) + 1)}
    return [each for each in fields if each.path in above]
