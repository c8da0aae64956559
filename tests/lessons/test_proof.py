"""Each step of each lesson: its checks fail before, hold after its solution is typed, and tell a cause when wrong."""

from __future__ import annotations

import subprocess

import pytest
from django.conf import settings

from minikweb.client.informer import Cache
from minikweb.tutorial import checks, lesson
from minikweb.tutorial.cluster import NamespaceReader, ensure_namespace
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]
LESSONS = lesson.load_all(tuple(settings.LESSONS_DIRS))


@pytest.fixture(scope="session")
def cache(cluster):
    found = Cache(cluster.client)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def namespace(request, cache):
    name = f"proof-{request.node.callspec.params['slug']}"
    ensure_namespace(cache.client, name)
    yield name
    cache.client.delete("Namespace", name)


def results(step: lesson.Step, reader: checks.Reader) -> list[checks.Result]:
    return [checks.evaluate(check, reader) for check in step.checks]


def typed(script: str, namespace: str, running) -> None:
    """A solution as a learner types it: the real kubectl, in a shell."""
    environment = running.environment | {"KUBECONFIG": str(running.data / "kubeconfig")}
    environment["PATH"] = f"{settings.BASE_DIR / '.venv/bin'}:{environment['PATH']}"
    script = "set -e\n" + script.replace("{namespace}", namespace)
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("slug", LESSONS)
def test_each_step_fails_before_its_solution_and_passes_after(slug, namespace, cache, cluster):
    reader = NamespaceReader(cache, namespace)
    for step in LESSONS[slug].steps:
        before = results(step, reader)
        assert not all(result.passed for result in before), f"{step.id} asks for nothing"
        assert any(result.cause for result in before if not result.passed), f"{step.id} explains nothing"
        typed(step.solution, namespace, cluster)
        until(lambda step=step: all(r.passed for r in results(step, reader)), f"{slug}/{step.id} green", 30)


def test_a_wrong_image_is_told_apart_from_no_deployment(cache, cluster):
    namespace = "proof-wrong-image"
    ensure_namespace(cache.client, namespace)
    typed("kubectl create deployment web --image=minikweb/demo:9 -n {namespace}", namespace, cluster)
    reader = NamespaceReader(cache, namespace)
    step = LESSONS["deployment"].step("roll-out")
    until(lambda: "image" in results(step, reader)[0].observed, "the Deployment is seen")
    wrong = results(step, reader)[0]
    assert wrong.observed == "spec.template.spec.containers.0.image = minikweb/demo:9"
    assert wrong.cause["en"] == "The Deployment is there, but its image is not the one expected."
    cache.client.delete("Namespace", namespace)
