"""The proof of a lesson: on a real cluster each step fails before its solution is typed, and passes after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from minikweb.client.informer import Cache
from minikweb.tutorial import cluster, diagnosis
from minikweb.tutorial.lesson import LANGUAGES, Lesson, Step

TYPING_SECONDS = 120.0  # for the commands of one step
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
    script = step.solution.replace("{namespace}", reader.namespace)
    failure = typed(script.replace("{manifests}", str(lesson.folder / "manifests")), kubeconfig)
    return failure or _wait_until_green(step, reader)


def _wait_until_green(step: Step, reader: cluster.NamespaceReader) -> str:
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


def typed(script: str, kubeconfig: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Runs a script as a learner would type it, with the kubectl of the PATH; returns what went wrong."""
    environment = dict(environment) | {"KUBECONFIG": str(kubeconfig)}
    if shutil.which("kubectl", path=environment.get("PATH")) is None:  # the one beside Python, where there is one
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    command = ["sh", "-c", "set -e\n" + script]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TYPING_SECONDS)
    except subprocess.TimeoutExpired:
        return f"its solution does not end within {TYPING_SECONDS:g} s"
    return "" if done.returncode == 0 else f"its solution fails: {(done.stderr or done.stdout).strip()}"
