"""Brings a learner's namespace to where a step begins: emptied, then the solutions of the steps before are typed.

For who comes late, comes back, or broke everything. What was typed for somebody is marked in the progress.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connections

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.people import actor
from minikweb.tutorial import cluster, progress, proof, shell
from minikweb.tutorial.lesson import Lesson, Step

EMPTY_SECONDS = 60.0  # until what was deleted is gone
GRACE = 1  # seconds that pods have to end: nobody mourns them
AT_ONCE = 4  # learners brought to their step at the same time; a whole class takes turns
LOOK = 0.1

log = logging.getLogger(__name__)
_turns = threading.Semaphore(AT_ONCE)
_under_way: dict[str, CatchUp] = {}  # by person, the last one of each


@dataclass
class CatchUp:
    """One learner on the way to a step; `reached` counts the steps before it that are done."""

    lesson: Lesson
    step: Step
    emptied: bool = False
    reached: int = 0
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def before(self) -> tuple[Step, ...]:
        return self.lesson.steps[: self.lesson.steps.index(self.step)]

    @property
    def state(self) -> str:
        """under-way, failed or there."""
        return "failed" if self.problem else "there" if self.ended.is_set() else "under-way"


def of(person: str) -> CatchUp | None:
    """What is under way for somebody, or was the last."""
    return _under_way.get(person)


def begin(lesson: Lesson, step: Step) -> CatchUp:
    """Starts for the person at the page; one that is under way for them goes on instead."""
    person = actor.current().person
    known = _under_way.get(person)
    if known and known.state == "under-way":
        return known
    found = _under_way[person] = CatchUp(lesson, step)
    context = contextvars.copy_context()  # the thread acts as the same person
    threading.Thread(target=context.run, args=(_run, found), name=f"catch-up {person}", daemon=True).start()
    return found


def _run(one: CatchUp) -> None:
    try:
        with _turns, shell.kubeconfig() as kubeconfig:
            bring(one, kubeconfig)
    except errors.ApiError as error:
        one.problem = error.message
    except Exception:
        log.exception("catch-up to %s/%s", one.lesson.slug, one.step.id)
        one.problem = "an error of our own; the log of the pages tells more"
    finally:
        one.ended.set()
        connections.close_all()


def bring(one: CatchUp, kubeconfig: Path) -> None:
    """Empties the namespace of whoever acts and types the steps before; `one` tells how far, and what went wrong."""
    one.problem = empty(one.lesson)
    one.emptied = not one.problem
    reader = cluster.NamespaceReader(cluster.cache(), cluster.namespace())
    for step in one.before:
        if one.problem:
            return
        if not cluster.lacks(cluster.cache(), one.lesson.needs + step.needs):
            one.problem = proof.solved(one.lesson, step, reader, kubeconfig)
        if not one.problem:
            progress.mark_shown(actor.current().person, one.lesson, step)
            one.reached += 1


def empty(lesson: Lesson) -> str:
    """Clears the table of whoever acts, and waits until it is clear; returns what went wrong."""
    client, namespace = cluster.client(), cluster.namespace()
    if actor.current().is_administrator:  # a student's is there, and not the student's to make
        cluster.ensure_namespace(client, namespace)
    cluster.clean(client, namespace, lesson)
    return _wait_until_empty(client, namespace, lesson)


def _wait_until_empty(client: Client, namespace: str, lesson: Lesson) -> str:
    """Waits until what a lesson makes is gone, its Pods and its further namespaces, too."""
    deadline = time.monotonic() + EMPTY_SECONDS
    while left := cluster.remains(client, namespace, lesson):
        if time.monotonic() > deadline:
            return f"these are still there after {EMPTY_SECONDS:g} s: {', '.join(left)}"
        for obj in client.list("Pod", namespace)["items"]:
            if obj["metadata"].get("deletionGracePeriodSeconds", GRACE + 1) > GRACE:
                _hurry(client, obj)
        time.sleep(LOOK)
    return ""


def _hurry(client: Client, pod: dict) -> None:
    try:
        client.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], grace_period_seconds=GRACE)
    except errors.NotFound:
        return
