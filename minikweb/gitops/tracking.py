"""Which Application an object belongs to: an annotation that names both, so that a copy of it counts for nothing.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/ (by annotation)
"""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str, str, str]  # group, kind, namespace, name

ANNOTATION = "argocd.argoproj.io/tracking-id"


def group_of(obj: Object) -> str:
    return obj.get("apiVersion", "").rpartition("/")[0]


def key_of(obj: Object) -> Key:
    meta = obj["metadata"]
    name = meta.get("name") or meta.get("generateName") or ""
    return group_of(obj), obj.get("kind", ""), meta.get("namespace") or "", name


def tracking_id(app: str, key: Key) -> str:
    group, kind, namespace, name = key
    return f"{app}:{group}/{kind}:{namespace}/{name}"


def marked(obj: Object, app: str) -> Object:
    """A copy that says whose it is."""
    found = copy.deepcopy(obj)
    annotations = found["metadata"].get("annotations") or {}
    found["metadata"]["annotations"] = {**annotations, ANNOTATION: tracking_id(app, key_of(obj))}
    return found


def owner_of(obj: Object) -> str:
    """The name of the Application it belongs to, or ""."""
    said = ((obj.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION, "")
    app = said.partition(":")[0]
    return app if app and said == tracking_id(app, key_of(obj)) else ""
