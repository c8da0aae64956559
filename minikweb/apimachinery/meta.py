"""What every object has in common: names, owners, conditions, finalizers, the checks of its metadata.

Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/{controller_ref,helpers}.go.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, errors, labels

Object = dict[str, Any]
Cause = dict[str, str]

# Without vowels and look-alikes, so that no word appears (k8s.io/apimachinery/pkg/util/rand).
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_MAX_GENERATED_BASE = 58  # 63 less the suffix

ANNOTATIONS_LIMIT = 256 * 1024


def new_uid() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


def generate_name(base: str, source: random.Random | None = None) -> str:
    """`base` and five random letters, as generateName asks; `source` makes it repeatable."""
    letters = (source or random).choices(_SUFFIX_LETTERS, k=_SUFFIX_LENGTH)
    return base[:_MAX_GENERATED_BASE] + "".join(letters)


_LEFT_OUT_WHEN_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences", "generateName")


def drop_empty(metadata: Object) -> None:
    """Drops, in place, what Go leaves out of metadata when it is empty (the last label is gone: so are labels)."""
    for key in _LEFT_OUT_WHEN_EMPTY:
        if key in metadata and not metadata[key]:
            del metadata[key]


# --- Owners ----------------------------------------------------------------------------------------
def controller_of(obj: Object) -> dict[str, Any] | None:
    """The owner reference whose owner controls the object, or None."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return reference
    return None


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether `owner` (by uid) controls the object."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def owner_reference(owner: Object, kind: str = "", api_version: str = "") -> dict[str, Any]:
    """The reference that makes `owner` the controller of an object; kind and apiVersion are its own if not given."""
    return {
        "apiVersion": api_version or owner["apiVersion"],
        "kind": kind or owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


# --- Deletion --------------------------------------------------------------------------------------
def is_being_deleted(obj: Object) -> bool:
    """Whether deletion was asked for (it waits for finalizers or a grace period)."""
    return obj["metadata"].get("deletionTimestamp") is not None


def has_finalizer(obj: Object, finalizer: str) -> bool:
    return finalizer in (obj["metadata"].get("finalizers") or ())


def add_finalizer(obj: Object, finalizer: str) -> bool:
    """Adds it in place; tells whether that changed anything."""
    if has_finalizer(obj, finalizer):
        return False
    obj["metadata"].setdefault("finalizers", []).append(finalizer)
    return True


def remove_finalizer(obj: Object, finalizer: str) -> bool:
    """Removes it in place, and the list when it was the last; tells whether that changed anything."""
    if not has_finalizer(obj, finalizer):
        return False
    obj["metadata"]["finalizers"].remove(finalizer)
    if not obj["metadata"]["finalizers"]:
        del obj["metadata"]["finalizers"]
    return True


# --- Conditions ------------------------------------------------------------------------------------
def get_condition(conditions: list[dict[str, Any]] | None, type: str) -> dict[str, Any] | None:
    """The condition of a type, or None."""
    return next((condition for condition in conditions or () if condition.get("type") == type), None)


def set_condition(
    conditions: list[dict[str, Any]], type: str, status: str, reason: str, message: str, now: datetime
) -> bool:
    """Sets a condition in place ("True", "False", "Unknown"); lastTransitionTime moves only with the status.

    Tells whether anything changed.
    """
    wanted = {"status": status, "reason": reason, "message": message}
    wanted = {key: value for key, value in wanted.items() if value or key == "status"}
    condition = get_condition(conditions, type)
    if condition is None:
        conditions.append({"type": type, **wanted, "lastTransitionTime": clock.format(now)})
        return True
    if all(condition.get(key, "") == wanted.get(key, "") for key in ("status", "reason", "message")):
        return False
    if condition["status"] != status:
        condition["lastTransitionTime"] = clock.format(now)
    for key in ("reason", "message"):
        condition.pop(key, None)
    condition.update(wanted)
    return True


# --- Names -----------------------------------------------------------------------------------------
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_SERVICE_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def _rule(pattern: re.Pattern[str], rule: str, limit: int) -> Callable[[str], list[str]]:
    def check(name: str) -> list[str]:
        problems = [f"must be no more than {limit} characters"] if len(name) > limit else []
        return problems if pattern.fullmatch(name) else [*problems, rule]

    return check


_validate_label = _rule(_LABEL, _LABEL_RULE, 63)
validate_dns_subdomain = _rule(_SUBDOMAIN, _SUBDOMAIN_RULE, 253)  # most names
validate_dns_1035_label = _rule(_SERVICE, _SERVICE_RULE, 63)  # Services


def validate_dns_label(name: str) -> list[str]:
    """Names of namespaces and containers, and of Services."""
    if "." in name and len(name) <= 63 and not validate_dns_subdomain(name):
        return ["must not contain dots"]
    return _validate_label(name)


def validate_path_segment(name: str) -> list[str]:
    """Names that only have to fit into a URL: roles, CSRs."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in name]


# --- Metadata --------------------------------------------------------------------------------------
def validate_object_meta(
    obj: Object,
    old: Object | None,
    *,
    namespaced: bool,
    validate_name: Callable[[str], list[str]] = validate_dns_subdomain,
    custom: bool = False,
) -> list[Cause]:
    """What is wrong with the metadata of an object to be stored; `old` is None on create.

    Finalizers of custom resources need no domain: pkg/apis/core/validation asks for one, apimachinery does not.
    """
    meta = obj["metadata"]
    causes = _validate_names(meta, namespaced, validate_name)
    causes += _validate_labels(meta) + _validate_annotations(meta)
    causes += _validate_owners(meta) + _validate_finalizers(meta, custom)
    if old is not None:
        causes += _validate_unchanged(meta, old["metadata"])
    return causes


def _validate_names(meta: Object, namespaced: bool, validate_name: Callable[[str], list[str]]) -> list[Cause]:
    causes = []
    name, base = meta.get("name", ""), meta.get("generateName", "")
    if base:
        # What comes after is a letter or digit, so a trailing dash is fine.
        probe = base[:-1] + "a" if base.endswith("-") else base
        causes += [errors.invalid_value("metadata.generateName", base, rule) for rule in validate_name(probe)]
    if not name:
        causes.append(errors.required("metadata.name", "name or generateName is required"))
    else:
        causes += [errors.invalid_value("metadata.name", name, rule) for rule in validate_name(name)]
    namespace = meta.get("namespace", "")
    if namespaced and not namespace:
        causes.append(errors.required("metadata.namespace"))
    elif namespaced:
        rules = validate_dns_label(namespace)
        causes += [errors.invalid_value("metadata.namespace", namespace, rule) for rule in rules]
    elif namespace:
        causes.append(errors.forbidden_value("metadata.namespace", "not allowed on this type"))
    return causes


def _validate_labels(meta: Object) -> list[Cause]:
    causes = []
    for key, value in (meta.get("labels") or {}).items():
        problems = [(key, rule) for rule in labels.validate_key(key)]
        problems += [(value, rule) for rule in labels.validate_value(value)]
        causes += [errors.invalid_value("metadata.labels", wrong, rule) for wrong, rule in problems]
    return causes


def _validate_annotations(meta: Object) -> list[Cause]:
    causes, size = [], 0
    for key, value in (meta.get("annotations") or {}).items():
        size += len(key) + len(value)
        rules = labels.validate_key(key.lower())
        causes += [errors.invalid_value("metadata.annotations", key, rule) for rule in rules]
    if size > ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        causes.append(errors.cause("FieldValueTooLong", "metadata.annotations", message))
    return causes


def _validate_owners(meta: Object) -> list[Cause]:
    causes, controllers = [], 0
    for index, reference in enumerate(meta.get("ownerReferences") or ()):
        path = f"metadata.ownerReferences[{index}]"
        for key in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(key):
                causes.append(errors.invalid_value(f"{path}.{key}", "", f"{key} must not be empty"))
        controllers += bool(reference.get("controller"))
    if controllers > 1:
        detail = "Only one reference can have Controller set to true"
        causes.append(errors.invalid_value("metadata.ownerReferences", meta["ownerReferences"], detail))
    return causes


_STANDARD_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")


def _validate_finalizers(meta: Object, custom: bool) -> list[Cause]:
    causes = []
    finalizers = meta.get("finalizers") or ()
    for finalizer in finalizers:
        rules = labels.validate_key(finalizer)
        if not rules and not custom and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            rules = ["name is neither a standard finalizer name nor is it fully qualified"]
        causes += [errors.invalid_value("metadata.finalizers", finalizer, rule) for rule in rules]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(errors.invalid_value("metadata.finalizers", list(finalizers), detail))
    return causes


_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def _validate_unchanged(meta: Object, old: Object) -> list[Cause]:
    """What a write may not change. Finalizers may only be taken away once deletion is under way."""
    causes = [
        errors.invalid_value(f"metadata.{key}", meta.get(key), "field is immutable")
        for key in _IMMUTABLE
        if meta.get(key) != old.get(key)
    ]
    if old.get("deletionTimestamp"):
        added = sorted(set(meta.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if added:
            detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {added!r}"
            causes.append(errors.forbidden_value("metadata.finalizers", detail))
    return causes
