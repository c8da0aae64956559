"""Breaking things on purpose, and the way back. Pure: JSON patches.

What was there before is kept in an annotation of the object itself, so that the way back works for everybody who may
write it, from any page, after any restart.
"""

from __future__ import annotations

import json
from typing import Any

from minikweb.dashboard.tree import ROLLED_OUT

Object = dict[str, Any]
Patch = list[dict[str, Any]]

BROKEN = (
    "minikweb.io/broken-on-purpose"  # {"fault", "container", "before": {field: value}, "annotations": {key: value}}
)
FAULTS = {**dict.fromkeys(ROLLED_OUT, ("image", "crash", "probe")), "Service": ("selector",)}
NOBODY = {"minikweb.io/nobody": "has-this-label"}
_SIMULATED = "simulated.minikweb.io/"
# What a simulated node, which runs nothing, has to be told so that it plays the fault.
_PLAYED = {
    "image": {f"{_SIMULATED}image": "absent"},
    "crash": {f"{_SIMULATED}crash-after": "2"},
    "probe": {f"{_SIMULATED}ready": "never"},
}


def is_protected(namespace: str) -> bool:
    """Whether nothing may be broken there: the cluster's own namespaces."""
    return namespace == "" or namespace.startswith("kube-") or namespace in ("minikweb", "argocd")


def fault_of(obj: Object) -> str:
    """What is broken on purpose, "" when nothing is."""
    return _remembered(obj).get("fault", "")


def _remembered(obj: Object) -> Object:
    try:
        found = json.loads((obj["metadata"].get("annotations") or {}).get(BROKEN, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def broken(obj: Object, fault: str, *, simulated: bool = False) -> Patch:
    """The JSON patch that breaks an object. KeyError for a fault that its kind does not have."""
    if fault not in FAULTS[obj["kind"]]:
        raise KeyError(fault)
    if fault == "selector":
        note = {"fault": fault, "before": {"selector": obj["spec"].get("selector")}}
        return [_set(("spec", "selector"), NOBODY), *_noted(obj, note)]
    container = _containers(obj)[0]
    wanted = _fields(container, fault)
    played = _PLAYED[fault] if simulated else {}
    present = obj["spec"]["template"]["metadata"].get("annotations") or {}
    note = {
        "fault": fault,
        "container": container["name"],
        "before": {key: container.get(key) for key in wanted},
        "annotations": {key: present.get(key) for key in played},
    }
    return _changes(obj, 0, wanted, played) + _noted(obj, note)


def repaired(obj: Object) -> Patch:
    """The JSON patch that puts back what was there; KeyError when nothing is broken on purpose."""
    note = _remembered(obj)
    before = note["before"]
    done = [{"op": "remove", "path": _pointer(("metadata", "annotations", BROKEN))}]
    if note["fault"] == "selector":
        return [
            _set(("spec", "selector"), before["selector"]) if before["selector"] else _gone("spec", "selector"),
            *done,
        ]
    names = [container["name"] for container in _containers(obj)]
    index = names.index(note["container"]) if note["container"] in names else None
    changes = _changes(obj, index, before, note.get("annotations") or {})
    return changes + done


def _containers(obj: Object) -> list[Object]:
    return obj["spec"]["template"]["spec"]["containers"]


def _fields(container: Object, fault: str) -> Object:
    """The container's fields that make it fail; None takes one away."""
    if fault == "image":
        return {"image": container.get("image", "").partition("@")[0].rsplit(":", 1)[0] + ":no-such-version"}
    if fault == "crash":
        return {"command": ["sh", "-c", "echo broken on purpose; exit 1"], "args": None}
    return {"readinessProbe": {"httpGet": {"path": "/no-such-page", "port": 1}, "periodSeconds": 2}}


def _changes(obj: Object, index: int | None, fields: Object, annotations: Object) -> Patch:
    patch: Patch = []
    if index is not None:
        container = _containers(obj)[index]
        place = ("spec", "template", "spec", "containers", str(index))
        patch += [step for key, value in fields.items() for step in _put(place, container, key, value)]
    metadata = obj["spec"]["template"].get("metadata") or {}
    place = ("spec", "template", "metadata", "annotations")
    if any(value is not None for value in annotations.values()) and "annotations" not in metadata:
        patch.append(_set(place, {}))
    present = metadata.get("annotations") or {}
    return patch + [step for key, value in annotations.items() for step in _put(place, present, key, value)]


def _put(place: tuple[str, ...], present: Object, key: str, value: Any) -> Patch:
    if value is not None:
        return [_set((*place, key), value)]
    return [_gone(*place, key)] if key in present else []


def _noted(obj: Object, note: Object) -> Patch:
    patch = [] if obj["metadata"].get("annotations") else [_set(("metadata", "annotations"), {})]
    return [*patch, _set(("metadata", "annotations", BROKEN), json.dumps(note))]


def _set(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {"op": "add", "path": _pointer(path), "value": value}


def _gone(*path: str) -> dict[str, Any]:
    return {"op": "remove", "path": _pointer(path)}


def _pointer(path: tuple[str, ...]) -> str:
    """RFC 6901."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
