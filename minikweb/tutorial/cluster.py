"""What the lessons see and do in the cluster: reads of the learner's namespace, its creation and its cleaning."""

from __future__ import annotations

import contextlib
from typing import Any

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.tutorial.lesson import Lesson

Object = dict[str, Any]

NAMESPACE = "learn"  # the one local learner's; each student of a class gets a namespace with issue F
FIRST_LOOK = 5.0  # seconds to wait for the first list of a kind


class NamespaceReader:
    """The checks' reader (checks.Reader) over a cache, in one namespace."""

    def __init__(self, cache: Cache, namespace: str):
        self._cache = cache
        self._namespace = namespace

    def get(self, kind: str, name: str) -> Object:
        found = self._ready(kind).get(self._scope(kind), name)
        if found is None:
            declared = self._cache.client.kind(kind)
            raise errors.not_found(declared.group, declared.plural, name)
        return found

    def list(self, kind: str) -> list[Object]:
        return self._ready(kind).list(self._scope(kind))

    def _scope(self, kind: str) -> str | None:
        return self._namespace if self._cache.client.kind(kind).namespaced else None

    def _ready(self, kind: str):
        informer = self._cache.informer(kind)
        if not informer.wait_for_sync(FIRST_LOOK):
            raise errors.ServiceUnavailable("the cluster does not answer; the page goes on by itself when it does")
        return informer


def kinds_of(lesson: Lesson) -> set[str]:
    """The kinds that the checks of a lesson look at."""
    looked_at = [check for step in lesson.steps for check in step.checks]
    looked_at += [when for check in looked_at for when, _ in check.causes]
    return {check.kind for check in looked_at} | {"Namespace"}


def ensure_namespace(client: Client, namespace: str) -> None:
    """Creates the learner's namespace where it is missing."""
    with contextlib.suppress(errors.AlreadyExists):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})


def clean_namespace(client: Client, namespace: str) -> None:
    """Deletes what a lesson made; the namespace itself stays, so that a `kubectl -n` goes on working."""
    for kind in ("Deployment", "ReplicaSet", "Pod", "Service"):
        for obj in client.list(kind, namespace)["items"]:
            with contextlib.suppress(errors.NotFound):  # its owner took it along
                client.delete(kind, obj["metadata"]["name"], namespace, propagation_policy="Background")
