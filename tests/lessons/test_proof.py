"""Each step of each lesson: its checks fail before, hold after its solution is typed, and tell a cause when wrong."""

from __future__ import annotations

import subprocess

import pytest
from django.conf import settings

from minikweb.client.informer import Cache
from minikweb.tutorial import checks, diagnosis, lesson
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


def results(step: lesson.Step, reader: checks.Reader) -> list[diagnosis.Result]:
    return [diagnosis.examine(check, reader) for check in step.checks]


def typed(step: lesson.Step | str, namespace: str, running, found: lesson.Lesson | None = None) -> None:
    """A solution as a learner types it: the real kubectl, in a shell."""
    environment = running.environment | {"KUBECONFIG": str(running.data / "kubeconfig")}
    environment["PATH"] = f"{settings.BASE_DIR / '.venv/bin'}:{environment['PATH']}"
    script = "set -e\n" + (step if isinstance(step, str) else step.solution).replace("{namespace}", namespace)
    if found:
        script = script.replace("{manifests}", str(found.folder / "manifests"))
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def prove(found: lesson.Lesson, step: lesson.Step, namespace: str, cache, running) -> None:
    """A step fails, in words, before its solution is typed, and passes after it."""
    reader = NamespaceReader(cache, namespace)
    before = [result for result in results(step, reader) if not result.passed]
    assert before, f"{step.id} asks for nothing"
    assert all(result.observed["fr"] and result.observed["en"] for result in before)
    typed(step, namespace, running, found)

    def green():
        return all(result.passed for result in results(step, reader))

    try:
        until(green, "green", 30)
    except AssertionError:
        left = [(result.says["en"], result.observed["en"], result.cause) for result in results(step, reader)]
        raise AssertionError(f"{found.slug}/{step.id} is not green: {left}") from None


@pytest.mark.parametrize("slug", [slug for slug in LESSONS if "docker" not in LESSONS[slug].needs])
def test_each_step_fails_before_its_solution_and_passes_after(slug, namespace, cache, cluster):
    found = LESSONS[slug]
    for step in found.steps:
        if "docker" not in step.needs:
            prove(found, step, namespace, cache, cluster)


WITH_DOCKER = [
    one.slug for one in LESSONS.values() if "docker" in {*one.needs, *(n for s in one.steps for n in s.needs)}
]


@pytest.mark.docker
@pytest.mark.parametrize("slug", WITH_DOCKER)
def test_each_step_that_needs_containers_is_proved_on_them(slug, docker_cluster):
    cache = Cache(docker_cluster.client)
    cache.start()
    name = f"proof-{slug}"
    ensure_namespace(cache.client, name)
    for step in LESSONS[slug].steps:
        prove(LESSONS[slug], step, name, cache, docker_cluster)
    cache.client.delete("Namespace", name)
    cache.stop()


def test_a_wrong_image_is_told_apart_from_no_deployment(cache, cluster):
    namespace = "proof-wrong-image"
    ensure_namespace(cache.client, namespace)
    typed("kubectl create deployment web --image=minikweb/demo:9 -n {namespace}", namespace, cluster)
    reader = NamespaceReader(cache, namespace)
    step = LESSONS["deployment"].step("roll-out")
    until(lambda: "image" in results(step, reader)[0].observed["en"], "the Deployment is seen")
    wrong = results(step, reader)[0]
    assert wrong.observed["en"] == "`spec.template.spec.containers.0.image` is `minikweb/demo:9`"
    assert wrong.cause["en"] == "The Deployment is there, but its image is not the one expected."
    cache.client.delete("Namespace", namespace)
