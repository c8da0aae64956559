"""What questions read in the cluster: the learner's own objects, as the learner may see them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache

from django.urls import reverse
from django.utils.http import urlencode

from minikweb.apimachinery import errors
from minikweb.client.shared import shared_cache
from minikweb.kinds import registry
from minikweb.people import access, actor
from minikweb.quiz import objects
from minikweb.quiz.bank import Question

PATIENCE = 1.0  # seconds for all kinds together; without an answer these questions are left out


def values(questions: Iterable[Question]) -> dict[str, objects.Values]:
    """Question id → values, of the questions about an object that the learner has now."""
    asking = [question for question in questions if question.reads]
    found: dict[str, objects.Values] = {}
    deadline = time.monotonic() + PATIENCE
    for question in asking:
        assert question.reads
        read = objects.read(question.reads, _objects(question.reads.kind, deadline))
        if read is not None:
            found[question.id] = read
    return found


def _objects(kind: str, deadline: float) -> list[objects.Object]:
    try:
        informer = access.seen_by_actor(shared_cache()).informer(kind)
        if not informer.wait_for_sync(max(0.0, deadline - time.monotonic())):
            return []
        return informer.list(actor.current().namespace)
    except errors.ApiError:  # no API, or no such kind in this cluster
        return []


def place(question: Question, read: objects.Values | None) -> str:
    """Where the answer can be seen in one's own cluster: the object asked about, or those of the kind; "" for none."""
    if read:
        return reverse("dashboard:object", args=[read["KIND"], read["NAMESPACE"] or "-", read["NAME"]])
    if not question.see:
        return ""
    plural, namespaced = _listed(question.see)
    query = "?" + urlencode({"ns": actor.current().namespace}) if namespaced else ""
    return reverse("dashboard:list", args=[plural]) + query


@lru_cache(maxsize=64)
def _listed(kind: str) -> tuple[str, bool]:
    """The plural of a kind, and whether it lives in namespaces; of a custom one as nearly all are."""
    declared = _builtin().named(kind)
    return (declared.plural, declared.namespaced) if declared else (kind.lower() + "s", True)


@lru_cache(maxsize=1)
def _builtin() -> registry.Registry:
    return registry.builtin()
