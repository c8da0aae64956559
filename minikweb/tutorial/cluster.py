"""What the lessons see and do in the cluster: reads of the learner's namespace, its creation and its cleaning."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from minikweb.apimachinery import errors, meta
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.client.shared import shared_cache
from minikweb.kinds.registry import Kind
from minikweb.people import access, actor
from minikweb.tutorial import checks
from minikweb.tutorial.lesson import Lesson

Object = dict[str, Any]
AnyCache = Cache | access.ScopedCache

GLANCE = 1.0  # seconds to wait for all kinds where the answer is only a courtesy
FIRST_LOOK = 5.0  # seconds to wait for the first list of a kind


def cache() -> Cache | access.ScopedCache:
    """The pages' cache; of it, what the person at the page may see."""
    return access.seen_by_actor(shared_cache())


def client() -> Client:
    """What a lesson writes with: it acts as the person at the page."""
    return access.acting_client(shared_cache().client)


def namespace() -> str:
    """Where the lessons of the person at the page take place."""
    return actor.current().namespace


_custom: dict[str, Kind] = {}  # those of checks.CUSTOM that were seen


def kind_named(client: Client, name: str) -> Kind | None:
    """The Kind of a check; None for one of an operator that is not installed."""
    if name not in checks.CUSTOM:
        return client.kind(name)
    if name not in _custom:
        with contextlib.suppress(errors.BadRequest):
            _custom[name] = client.kind_of({"apiVersion": checks.CUSTOM[name], "kind": name})
    return _custom.get(name)


class NamespaceReader:
    """The checks' reader (checks.Reader) over a cache: one learner's namespace, and what is beside it."""

    def __init__(self, cache: AnyCache, namespace: str):
        self.cache = cache
        self.namespace = namespace

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        known = kind_named(self.cache.client, kind)
        found = self._ready(known).get(self._scope(known, namespace), name) if known else None
        if found is None:
            raise errors.not_found(known.group if known else "", known.plural if known else kind, name)
        return found

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        known = kind_named(self.cache.client, kind)
        return self._ready(known).list(self._scope(known, namespace)) if known else []

    def elsewhere(self, kind: str, name: str) -> list[str]:
        known = kind_named(self.cache.client, kind)
        if known is None or not known.namespaced:
            return []
        metas = [obj["metadata"] for obj in self._ready(known).list() if obj["metadata"]["name"] == name]
        return sorted(meta["namespace"] for meta in metas if meta["namespace"] != self.namespace)

    def _scope(self, kind: Kind, namespace: str | None) -> str | None:
        return (namespace or self.namespace) if kind.namespaced else None

    def _ready(self, kind: Kind):
        informer = self.cache.informer(kind)
        if not informer.wait_for_sync(FIRST_LOOK):
            raise errors.ServiceUnavailable("the cluster does not answer; the page goes on by itself when it does")
        return informer


def lacks(cache: AnyCache, needs: tuple[str, ...]) -> list[str]:
    """What a step needs and this cluster does not have (see lesson.NEEDS)."""
    versions = [
        node.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", "")
        for node in cache.informer("Node").list()
    ]
    simulated = bool(versions) and all(version.startswith("simulated") for version in versions)
    missing = {"docker": simulated, "ingress": simulated or "ingress" in needs and not _has_ingress(cache)}
    return [need for need in needs if missing[need]]


def _has_ingress(cache: AnyCache) -> bool:
    """Whether somebody reads Ingresses here; while that is unknown, yes."""
    informer = cache.informer("IngressClass")
    return not informer.wait_for_sync(GLANCE) or bool(informer.list())


def kinds_of(lesson: Lesson) -> set[str]:
    """The kinds that the checks of a lesson look at, and Pods, which tell why others are not well."""
    looked_at = [check for step in lesson.steps for check in step.checks]
    looked_at += [when for check in looked_at for when, _ in check.causes]
    looked_at += [
        field.value.check for check in looked_at for field in check.fields if isinstance(field.value, checks.Other)
    ]
    return {check.kind for check in looked_at} | {"Namespace", "Pod"}


def exists(cache: AnyCache, namespace: str) -> bool:
    """Whether the namespace is there."""
    informer = cache.informer("Namespace")
    informer.wait_for_sync(FIRST_LOOK)
    return informer.get(None, namespace) is not None


def ensure_namespace(client: Client, namespace: str) -> None:
    """Creates the learner's namespace where it is missing."""
    with contextlib.suppress(errors.AlreadyExists):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})


def places_of(lesson: Lesson, namespace: str) -> set[str]:
    """The namespaces that the checks of a lesson look at."""
    named = {check.namespace.replace("{namespace}", namespace) for step in lesson.steps for check in step.checks}
    return (named | {namespace}) - {""}


def made_beside(lesson: Lesson, namespace: str) -> list[tuple[str, str, str | None]]:
    """(kind, name, namespace) of what a lesson has a learner make outside: Applications, CRDs, further namespaces."""
    places = {place for place in places_of(lesson, namespace) if place.startswith(f"{namespace}-")}
    named = {
        (check.kind, check.name.replace("{namespace}", namespace), check.namespace or None)
        for step in lesson.steps
        for check in step.checks
        if check.kind in ("CustomResourceDefinition", "Application") and "{namespace}" in check.name
    }
    return sorted(named, key=str) + [("Namespace", place, None) for place in sorted(places)]


_MADE = (  # what a lesson makes; what these own goes along
    ("CronJob", "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")
    + ("Service", "Ingress", "ConfigMap", "Secret", "PersistentVolumeClaim")
)
_KEPT = {"kube-root-ca.crt"}  # made by the cluster, in every namespace


def leftovers(cache: AnyCache, namespace: str) -> list[tuple[str, int]]:
    """(kind, number) of what is in the namespace and was made by nobody but a person: other lessons' remains."""
    informers = {kind: cache.informer(kind) for kind in _MADE if checks.vocabulary().named(kind)}
    deadline = time.monotonic() + GLANCE
    own = {
        kind: sum(_is_a_persons(obj) for obj in informer.list(namespace))
        for kind, informer in informers.items()
        if informer.wait_for_sync(max(0.0, deadline - time.monotonic()))
    }
    return [(kind, count) for kind, count in own.items() if count]


def _is_a_persons(obj: Object) -> bool:
    kept = obj["metadata"]["name"] in _KEPT or obj.get("type") == "kubernetes.io/service-account-token"
    return not kept and meta.controller_of(obj) is None


def clean(client: Client, namespace: str, lesson: Lesson) -> None:
    """Deletes what a lesson made; the namespace itself stays, so that a `kubectl -n` goes on working."""
    own = actor.current().namespaces
    for place in own or {namespace}:  # a student's are given, not made: emptied, not deleted
        _empty(client, place)
    if own:
        return
    for kind, name, place in made_beside(lesson, namespace):
        if known := kind_named(client, kind):
            with contextlib.suppress(errors.NotFound):
                client.delete(known, name, place)


def remains(client: Client, namespace: str, lesson: Lesson) -> list[str]:
    """What `clean` deletes and is still there, as `Pod/web`; Pods whoever made them."""
    found = [
        f"{kind}/{obj['metadata']['name']}"
        for kind in _MADE
        if checks.vocabulary().named(kind)
        for obj in client.list(kind, namespace)["items"]
        if kind == "Pod" or _is_a_persons(obj)
    ]
    if actor.current().namespaces is None:
        beside = made_beside(lesson, namespace)
        found += [f"{kind}/{name}" for kind, name, place in beside if _is_there(client, kind, name, place)]
    return found


def _is_there(client: Client, kind: str, name: str, namespace: str | None) -> bool:
    known = kind_named(client, kind)
    if known is None:
        return False
    try:
        client.get(known, name, namespace)
    except errors.NotFound:
        return False
    return True


def _empty(client: Client, namespace: str) -> None:
    for name in ("SealedSecret", *_MADE):  # it would make its Secret anew
        kind = kind_named(client, name)
        if kind is None:
            continue
        for obj in client.list(kind, namespace)["items"]:
            if _is_a_persons(obj):
                with contextlib.suppress(errors.NotFound):
                    client.delete(kind, obj["metadata"]["name"], namespace, propagation_policy="Background")
