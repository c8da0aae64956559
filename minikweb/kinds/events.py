"""The group events.k8s.io: v1. Its objects are the Events of the core group under other names."""

from __future__ import annotations

from minikweb.kinds.registry import Kind

EVENT = Kind(
    group="events.k8s.io",
    version="v1",
    kind="Event",
    plural="events",
    namespaced=True,
    schema="io.k8s.api.events.v1.Event",
    short_names=("ev",),
)

KINDS = [EVENT]
