"""Objects as text for people, and back: what the YAML view shows, the editor sends and Secrets hide. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from copy import deepcopy
from typing import Any

import yaml

from minikweb.dashboard import fieldpath

Object = dict[str, Any]

MASK = "••••••••"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
KEPT_BY_THE_SERVER = ("managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink")


def for_view(obj: Object) -> Object:
    """An object to look at: without managedFields, Secret values masked."""
    shown = masked(obj)
    shown["metadata"].pop("managedFields", None)
    return shown


def for_edit(obj: Object) -> Object:
    """An object to edit: only what a user may write."""
    shown = for_view(obj)
    shown.pop("status", None)
    for key in KEPT_BY_THE_SERVER:
        shown["metadata"].pop(key, None)
    return shown


def masked(obj: Object) -> Object:
    """A copy without the values of a Secret. They never reach a page unless a reader reveals one key."""
    copy = deepcopy(obj)
    if copy.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if copy.get(part):
                copy[part] = dict.fromkeys(copy[part], MASK)
        copy.get("metadata", {}).get("annotations", {}).pop(LAST_APPLIED, None)
    return copy


def unmasked(edited: Object, live: Object) -> Object:
    """What the editor sent, with every untouched mask replaced by the live value."""
    if edited.get("kind") != "Secret":
        return edited
    copy = deepcopy(edited)
    values = live.get("data") or {}
    for part in ("data", "stringData"):
        kept = copy.get(part)
        if isinstance(kept, dict):
            for key in [key for key, value in kept.items() if value == MASK]:
                del kept[key]
                if key in values:
                    copy.setdefault("data", {})[key] = values[key]
    annotations = live.get("metadata", {}).get("annotations", {})
    if LAST_APPLIED in annotations:
        copy.setdefault("metadata", {}).setdefault("annotations", {})[LAST_APPLIED] = annotations[LAST_APPLIED]
    return copy


def mask_changes(old: Object, new: Object) -> tuple[Object, Object]:
    """Two versions of a Secret to compare: masked, and a changed value says so without showing itself."""
    shown_old, shown_new = masked(old), masked(new)
    if new.get("kind") == "Secret":
        for key, value in (new.get("data") or {}).items():
            if key in (old.get("data") or {}) and old["data"][key] != value:
                shown_new["data"][key] = MASK + " *"
    return shown_old, shown_new


def decoded(value: str) -> str | None:
    """A Secret's value in clear; None when it is not text."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def written_over(live: Object, edited: Object) -> Object:
    """The body of a PUT: what was edited, on the identity and the server's fields of `live`."""
    body = deepcopy(edited)
    metadata = body.setdefault("metadata", {})
    for key in ("uid", "resourceVersion"):
        if key in live["metadata"]:
            metadata.setdefault(key, live["metadata"][key])
    for key in ("ownerReferences", "finalizers"):
        if key not in metadata and key in live["metadata"]:
            metadata[key] = live["metadata"][key]
    return body


# --- Where in the text is that field? -----------------------------------------------------------


def line_of(text: str, field: str, document: int = 0) -> int | None:
    """The line (from 1) of a field such as spec.containers[0].image, or of its nearest parent that is written."""
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    node = documents[document] if document < len(documents) else None
    line = None
    for step in fieldpath.parse(field):
        found = _step(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _step(node: yaml.Node | None, step: fieldpath.Step | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, tuple):
        return next(((item, item) for item in node.value if _has(item, *step)), None)
    return None


def _has(item: yaml.Node, name: str, value: str) -> bool:
    found = _step(item, name)
    return found is not None and found[1].value == str(value)


_FIELD = re.compile(r'"([A-Za-z][\w]*(?:[.\[][\w./\-\]\[]+)+)"')


def fields_in(message: str) -> list[str]:
    """The field paths an API message quotes, such as unknown field "spec.replica"."""
    return _FIELD.findall(message)


_PLACE = re.compile(r"\(line (\d+)(?:, column (\d+))?\)")


def line_in(message: str) -> int | None:
    """The line that a message of the YAML reader names (see apimachinery.serializer)."""
    found = _PLACE.search(message)
    return int(found[1]) if found else None
