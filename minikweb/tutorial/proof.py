"""The proof of a lesson: on a real cluster each step fails before its solution is typed, and passes after it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minikweb.client.informer import Cache
from minikweb.tutorial import cluster, diagnosis
from minikweb.tutorial.lesson import LANGUAGES, Lesson, Step
from minikweb.tutorial.shell import server, typed

GREEN_SECONDS = 45.0  # from the last command to the last check
LOOK = 0.05


@dataclass(frozen=True)
class Outcome:
    """One step: proved, left out for what this cluster lacks, or with the sentence that says what is wrong."""

    step: Step
    problem: str = ""
    lacks: tuple[str, ...] = ()


def prove(lesson: Lesson, namespace: str, cache: Cache, kubeconfig: Path) -> Iterator[Outcome]:
    """Types the solutions in an empty namespace of the lesson's own, step by step; ends at the first that fails."""
    cluster.ensure_namespace(cache.client, namespace)
    reader = cluster.NamespaceReader(cache, namespace)
    reader.list("Node")
    for step in lesson.steps:
        lacks = tuple(cluster.lacks(cache, lesson.needs + step.needs))
        problem = "" if lacks else _prove_step(lesson, step, reader, kubeconfig)
        yield Outcome(step, problem, lacks)
        if problem:
            return


def _prove_step(lesson: Lesson, step: Step, reader: cluster.NamespaceReader, kubeconfig: Path) -> str:
    before = [result for result in examined(step, reader) if not result.passed]
    if not before:
        return "its checks hold before anything is typed: it asks for nothing"
    if not all(result.observed.get(language) for result in before for language in LANGUAGES):
        return "a check does not say what it sees"
    return solved(lesson, step, reader, kubeconfig)


def solved(lesson: Lesson, step: Step, reader: cluster.NamespaceReader, kubeconfig: Path) -> str:
    """Types the solution of a step where the manifests are, until its checks hold; returns what went wrong."""
    folder = lesson.folder / "manifests"
    failure = typed(script(lesson, step, reader.namespace), kubeconfig, folder if folder.is_dir() else None)
    return failure or wait_until_green(step, reader)


def script(lesson: Lesson, step: Step, namespace: str) -> str:
    """The solution of a step for one learner, with the manifests of this machine."""
    manifests = shlex.quote(str(lesson.folder.resolve() / "manifests"))
    script = step.solution.replace("{namespace}", namespace).replace("{server}", server())
    return script.replace("{manifests}", manifests)


def wait_until_green(step: Step, reader: cluster.NamespaceReader) -> str:
    """Waits until the checks of a step hold; returns what is seen where they do not."""
    deadline = time.monotonic() + GREEN_SECONDS
    while True:
        waiting = [result for result in examined(step, reader) if not result.passed]
        if not waiting:
            return ""
        if time.monotonic() > deadline:
            seen = "; ".join(f"{result.says['en']}: {result.observed['en']}" for result in waiting)
            return f"its checks do not hold after its solution: {seen}"
        time.sleep(LOOK)


def examined(step: Step, reader: cluster.NamespaceReader) -> list[diagnosis.Result]:
    """The results of a step's checks now."""
    return [diagnosis.examine(check, reader) for check in step.checks]
