"""Event: one object served by two groups under different field names. The form of the core group is stored.

Source: pkg/apis/events/v1/conversion.go, pkg/apis/core/validation/events.go, pkg/registry/core/event/strategy.go.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from minikweb.apimachinery.errors import invalid_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import UNKNOWN, since
from minikweb.kinds.registry import Cause, Column, Health, Kind, Object

# core/v1 → events.k8s.io/v1; all other fields have one name.
_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_CORE_NAMES = {name: core for core, name in _NAMES.items()}
_REQUIRED = ("reportingComponent", "reportingInstance", "action", "reason")
_LIMITS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}  # characters


def to_core(event: Object) -> Object:
    """The core/v1 form of an events.k8s.io/v1 Event, as a new object."""
    return {**{_CORE_NAMES.get(key, key): value for key, value in event.items()}, "apiVersion": "v1"}


def from_core(event: Object) -> Object:
    """The events.k8s.io/v1 form of a core/v1 Event, as a new object."""
    return {**{_NAMES.get(key, key): value for key, value in event.items()}, "apiVersion": "events.k8s.io/v1"}


def _default(event: Object) -> None:
    """Fields that Kubernetes always shows, and users of events read without asking."""
    event.setdefault("source", {})
    for key in ("reportingComponent", "reportingInstance"):
        if event.get(key) is None:
            event[key] = ""


# --- Validation --------------------------------------------------------------------------------------


def _validate(event: Object, old: Object | None) -> list[Cause]:
    """Events of old clients have no eventTime and may leave nearly everything out."""
    namespace = event["metadata"].get("namespace", "")
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    new = bool(event.get("eventTime"))
    homes = ("default", "kube-system") if new else ("", "default")  # of events about cluster-scoped objects
    if involved != namespace and (involved and not new or not involved and namespace not in homes):
        return [invalid_value("involvedObject.namespace", involved, "does not match event.namespace")]
    return _validate_new(event) if new else []


def _validate_new(event: Object) -> list[Cause]:
    causes = [required(key) for key in _REQUIRED if not event.get(key)]
    if event.get("reportingComponent"):
        causes += formats.qualified_name("reportingComponent", event["reportingComponent"])
    for key, limit in _LIMITS.items():
        if len(event.get(key) or "") > limit:
            causes.append(invalid_value(key, "", f"can have at most {limit} characters"))
    return causes


# --- Columns -----------------------------------------------------------------------------------------


def first_seen(event: Object) -> str | None:
    """When it was first seen, RFC 3339."""
    return event.get("firstTimestamp") or event.get("eventTime")


def last_seen(event: Object) -> str | None:
    """When it was last seen, RFC 3339."""
    series = event.get("series")
    if series:
        return series.get("lastObservedTime")
    return event.get("lastTimestamp") or first_seen(event)


def count(event: Object) -> int:
    """How often it was seen."""
    series = event.get("series")
    return (series.get("count") if series else event.get("count")) or 1


def source(event: Object) -> str:
    """Who reports: `kubelet, node-1`."""
    known = event.get("source") or {}
    component = known.get("component") or event.get("reportingComponent") or ""
    instance = known.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


def _involved(event: Object) -> dict[str, Any]:
    return event.get("involvedObject") or {}


def _last_seen(event: Object, now: datetime) -> str:
    return since(last_seen(event), now) or UNKNOWN


def _first_seen(event: Object, now: datetime) -> str:
    return since(first_seen(event), now)


def _type(event: Object, now: datetime) -> str:
    return event.get("type") or ""


def _reason(event: Object, now: datetime) -> str:
    return event.get("reason") or ""


def _object(event: Object, now: datetime) -> str:
    involved = _involved(event)
    kind = (involved.get("kind") or "").lower()
    return f"{kind}/{involved['name']}" if involved.get("name") else kind


def _subobject(event: Object, now: datetime) -> str:
    return _involved(event).get("fieldPath") or ""


def _source(event: Object, now: datetime) -> str:
    return source(event)


def _message(event: Object, now: datetime) -> str:
    return (event.get("message") or "").strip()


def _count(event: Object, now: datetime) -> int:
    return count(event)


def _name(event: Object, now: datetime) -> str:
    return event["metadata"]["name"]


_COLUMNS = (
    Column("Last Seen", _last_seen, description="How long ago it was last seen."),
    Column("Type", _type, description="Normal or Warning."),
    Column("Reason", _reason, description="What happened, in one word."),
    Column("Object", _object, description="What it happened to."),
    Column("Subobject", _subobject, priority=1, description="The part of the object, such as a container."),
    Column("Source", _source, priority=1, description="Who reports it."),
    Column("Message", _message, description="What happened, for people."),
    Column("First Seen", _first_seen, priority=1, description="How long ago it was first seen."),
    Column("Count", _count, priority=1, description="How often it was seen."),
    Column("Name", _name, format="name", priority=1, description="The name of the Event."),
)


def _health(event: Object) -> Health:
    word = event.get("type") or ""
    return Health("Degraded" if word == "Warning" else "Healthy", word, _message(event, datetime.min))


def _selectable_source(event: Object) -> str:
    return (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

CORE_EVENT = Kind(
    group="",
    version="v1",
    kind="Event",
    plural="events",
    namespaced=True,
    schema="io.k8s.api.core.v1.Event",
    short_names=("ev",),
    columns=_COLUMNS,
    default=_default,
    validate=_validate,
    selectable={
        **{f"involvedObject.{key}": strategy.path("involvedObject", key) for key in _INVOLVED},
        "reason": strategy.path("reason"),
        "reportingComponent": strategy.path("reportingComponent"),
        "source": _selectable_source,
        "type": strategy.path("type"),
    },
    health=_health,
)

# All its functions take the stored form: a server converts what comes in before and what goes out after.
EVENT = replace(
    CORE_EVENT,
    group="events.k8s.io",
    schema="io.k8s.api.events.v1.Event",
    selectable={
        **{f"regarding.{key}": strategy.path("involvedObject", key) for key in _INVOLVED},
        "reason": strategy.path("reason"),
        "reportingController": strategy.path("reportingComponent"),
        "type": strategy.path("type"),
    },
)

KINDS = [EVENT]
