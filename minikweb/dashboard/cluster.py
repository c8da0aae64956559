"""The cluster as the pages see it: one shared cache to read from, one client to write with."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from django.conf import settings

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.client.shared import shared_cache
from minikweb.dashboard import customkinds
from minikweb.dashboard.tree import CONFIG_KINDS, TREE_KINDS
from minikweb.kinds.registry import Kind
from minikweb.people import access

Object = dict[str, Any]

FIELD_MANAGER = "minikweb-dashboard"
KINDS = (*TREE_KINDS, *CONFIG_KINDS, "ControllerRevision", "EndpointSlice", "Node", "Event")
FIRST_LIST = 3.0  # seconds a page waits for the cache of a process that has just started


def cache() -> Cache | access.ScopedCache:
    """The shared cache, following every kind the pages show; of it, what the person at the page may see."""
    return access.seen_by_actor(whole_cache())


def whole_cache() -> Cache:
    """The shared cache with what everybody sees, and nobody in particular may."""
    return _prepared(shared_cache())


@lru_cache(maxsize=4)
def _prepared(found: Cache) -> Cache:
    for kind in KINDS:
        informer = found.informer(kind)
        if kind == "Event":
            informer.add_indexer("about", about)
    customkinds.of(found)
    return found


def about(event: Object) -> list[str]:
    """The index `about` of events: the uid of the object an event is about."""
    return [(event.get("involvedObject") or event.get("regarding") or {}).get("uid", "")]


def client() -> Client:
    """What the pages write with; managedFields then say who it was."""
    return access.acting_client(shared_cache().client, FIELD_MANAGER)


def ready() -> bool:
    """Whether the tree's kinds were listed once. Only a process that has just started waits for that."""
    found = whole_cache()
    deadline = _patience(found)
    # The other kinds may be forbidden to the user of a kubeconfig; the tree then does without them.
    return all(found.informer(kind).wait_for_sync(max(0.0, deadline - time.monotonic())) for kind in TREE_KINDS)


@lru_cache(maxsize=4)
def _patience(found: Cache) -> float:
    """Until when (time.monotonic) a page waits for this cache."""
    return time.monotonic() + FIRST_LIST


def connected() -> bool:
    """Whether the tree's watches are open: what the pages show is what the cluster is."""
    return all(whole_cache().informer(kind).connected for kind in TREE_KINDS)


def get(kind: str, namespace: str, name: str) -> Object:
    """An object, from the cache if that kind is followed. Raises NotFound, and ServiceUnavailable without an API."""
    declared = cache().client.kind(kind) if knows(kind) else _late(kind)
    if declared.kind in KINDS and cache().informer(declared.kind).synced.is_set():
        found = cache().get(declared.kind, namespace or None, name)
        if found is not None:
            return found
        raise errors.not_found(declared.group, declared.plural, name)
    return cache().client.get(declared, name, namespace or None)


def _late(kind: str) -> Kind:
    """A custom kind, once a process that has just started knows the definitions. Raises NotFound."""
    whole_cache().informer(customkinds.DEFINITION).wait_for_sync(FIRST_LIST)
    return cache().client.kind(kind)


def knows(kind: str) -> bool:
    """Whether this kind has a page: a remote cluster may have others."""
    return whole_cache().client.registry.named(kind) is not None


def events_about(uids: set[str]) -> list[Object]:
    """The events about any of these objects, latest first."""
    found = [event for uid in uids for event in cache().by_index("Event", "about", uid)]
    return latest_first(found)


def latest_first(events: list[Object]) -> list[Object]:
    """By the second they were seen, then by the order they were written in."""
    return sorted(events, key=lambda e: (last_seen(e)[:19], int(e["metadata"].get("resourceVersion", 0))), reverse=True)


def last_seen(event: Object) -> str:
    """When an event last happened, RFC 3339."""
    series = event.get("series") or {}
    return (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp", "")
    )


def runtime() -> str:
    """`docker`, `simulated`, another runtime's name, or "" while there is no node: as the nodes report it."""
    for node in whole_cache().list("Node"):
        version = node.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", "")
        if version:
            return version.partition(":")[0]
    return ""


def name() -> str:
    """What to call this cluster in the header."""
    return settings.KUBECONFIG.rpartition("/")[2] if settings.KUBECONFIG else "minikweb"


@lru_cache(maxsize=1)
def version() -> str:
    """The version the API server announces, such as v1.37.0."""
    return whole_cache().client.request("GET", "/version").json().get("gitVersion", "")
