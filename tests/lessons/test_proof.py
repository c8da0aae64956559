"""Each step of each lesson: its checks fail before, hold after its solution is typed, and tell a cause when wrong."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import override_settings

from minikweb.client.informer import Cache
from minikweb.tutorial import lesson, proof
from minikweb.tutorial.cluster import NamespaceReader, ensure_namespace
from tests import tools
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]
LESSONS = lesson.load_all(tuple(settings.LESSONS_DIRS))
# Lessons whose solutions are typed with a program of their own: the marker, and what makes it.
WITH = {
    "sealedsecrets": (pytest.mark.kubeseal, tools.kubeseal),
    "helm-reader": (pytest.mark.helm, tools.helm),
    "helm-author": (pytest.mark.helm, tools.helm),
    "shop": (pytest.mark.kubeseal, tools.kubeseal),
}
NEED = {slug: {*one.needs, *(need for step in one.steps for need in step.needs)} for slug, one in LESSONS.items()}


@pytest.fixture(scope="session")
def cache(cluster):
    yield from _caching(cluster)


@pytest.fixture(scope="session")
def docker_cache(docker_cluster):
    yield from _caching(docker_cluster)


def _caching(running):
    found = Cache(running.client)
    found.start()
    yield found
    found.stop()


def marked(slugs):
    return [pytest.param(slug, marks=WITH[slug][:1] if slug in WITH else ()) for slug in slugs]


def proved(slug, cache, running):
    namespace = f"proof-{slug}"
    if slug in WITH:
        WITH[slug][1]()
    with override_settings(HTTP_PORT=running.http_port):
        outcomes = list(proof.prove(LESSONS[slug], namespace, cache, running.kubeconfig))
    cache.client.delete("Namespace", namespace)
    assert [(outcome.step.id, outcome.problem) for outcome in outcomes if outcome.problem] == []
    return outcomes


@pytest.mark.parametrize("slug", marked(slug for slug in LESSONS if "docker" not in LESSONS[slug].needs))
def test_each_step_fails_before_its_solution_and_passes_after(slug, cache, cluster):
    outcomes = proved(slug, cache, cluster)
    assert {outcome.step.id: set(outcome.lacks) for outcome in outcomes} == {
        step.id: set(step.needs) for step in LESSONS[slug].steps
    }


@pytest.fixture(scope="session")
def ingress(docker_cluster):
    """The Ingress controller, installed while the lessons need it."""
    done = docker_cluster.run("ingress", "install", seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    docker_cluster.run("ingress", "remove")


@pytest.mark.docker
@pytest.mark.parametrize("slug", marked(slug for slug in LESSONS if "docker" in NEED[slug]))
def test_each_step_that_needs_containers_is_proved_on_them(slug, docker_cache, docker_cluster, request):
    if "ingress" in NEED[slug]:
        request.getfixturevalue("ingress")
    assert not any(outcome.lacks for outcome in proved(slug, docker_cache, docker_cluster))


@pytest.fixture
def wrong(cache, cluster):
    """Types something wrong in a namespace of its own; returns the reader for the checks."""
    namespace = "proof-wrong"
    ensure_namespace(cache.client, namespace)

    def wrong(script):
        assert proof.typed(script.replace("{namespace}", namespace), cluster.kubeconfig) == ""
        return NamespaceReader(cache, namespace)

    yield wrong
    cache.client.delete("Namespace", namespace)
    until(lambda: namespace not in _namespaces(cache.client), "the namespace is gone")


def _namespaces(client):
    """As the API has them now: a cache that has not listed them yet would find none."""
    return [one["metadata"]["name"] for one in client.list("Namespace")["items"]]


# lesson, step, number of the check → what is typed, what the check says of it
MISTAKES = {
    "a wrong image": (
        ("deployment", "roll-out", 0),
        "kubectl create deployment web --image=minikweb/demo:9 -n {namespace}",
        "The Deployment is there, but its image is not the one expected.",
    ),
    "one replica": (
        ("deployment", "roll-out", 1),
        "kubectl create deployment web --image=minikweb/demo:1 -n {namespace}",
        "You ask for a single replica (the default).",
    ),
    "an image that cannot be": (
        ("why", "declare", 0),
        "kubectl create deployment shop --image=minikweb/demo:1 --replicas=2 -n {namespace};"
        " kubectl set image deployment/shop demo=minikweb/Demo:1 -n {namespace};"
        " kubectl delete pods --all -n {namespace}",
        "The image `minikweb/Demo:1` of container `demo` cannot be found: check its name and its version.",
    ),
    "a misspelt name": (
        ("pod", "run", 0),
        "kubectl run helo --image=minikweb/demo:1 -n {namespace}",
        "There is a Pod `helo`, but `hello` is the name expected.",
    ),
    "encoded twice": (
        ("configuration", "secret", 0),
        "kubectl create secret generic database --from-literal=password=YXplcnR5 -n {namespace}",
        "Encoded twice: `kubectl create secret` does the encoding for you.",
    ),
    "not decoded": (
        ("configuration", "base64", 1),
        "kubectl create configmap answers --from-literal=combination=c291cy1sZS1wYWlsbGFzc29u -n {namespace}",
        "That is the encoded text. Decode it with `base64 -d`.",
    ),
    "the group without its version": (
        ("yaml", "explain", 0),
        "kubectl create configmap answers --from-literal=deployment=apps -n {namespace}",
        "That is the group. The version is missing, after a slash.",
    ),
    "a port where nobody listens": (
        ("service", "expose", 1),
        "kubectl create service clusterip web --tcp=80:80 -n {namespace}",
        "It leads to port 80 of the Pods, where nobody listens: `--target-port=8080` is missing.",
    ),
    "a label misspelt": (
        ("service", "repair", 0),
        "kubectl create service clusterip shop --tcp=80:8080 -n {namespace};"
        " kubectl set selector service/shop app=wbe -n {namespace}",
        "It looks for `app=wbe`. No Pod has that label, and nothing forbids it:"
        " a selector is never an error, only empty.",
    ),
    "the wrong type": (
        ("exposing", "node-port", 0),
        "kubectl create service clusterip web-node --tcp=80:8080 -n {namespace}",
        "It is a ClusterIP: `--type=NodePort` is missing.",
    ),
    "the port of the Pods": (
        ("ingress", "host", 0),
        "kubectl create ingress web --rule='shop.{namespace}.localhost/*=shop:8080' -n {namespace}",
        "8080 is the Pods' port. An Ingress leads to a Service, hence to its port: 80.",
    ),
    "an operator without its kind": (
        ("operators", "operator", 0),
        "kubectl create deployment blog --image=minikweb/demo:1 -n {namespace}",
        "The CRD is not there: go back to the first step.",
    ),
    "the Secret itself": (
        ("sealedsecrets", "seal", 0),
        "kubectl create secret generic database --from-literal=password=azerty -n {namespace}",
        "You have created the Secret itself! Delete it: `--dry-run=client -o yaml | kubeseal` is missing on the way.",
    ),
    "the application's version": (
        ("helm-reader", "repository", 0),
        "kubectl create configmap answers --from-literal=chart=2 -n {namespace}",
        "That is the application's version (APP VERSION). The chart's is in the column before.",
    ),
    "the wrong branch": (
        ("gitops", "repository", 0),
        "kubectl create configmap answers --from-literal=replicas=1 -n {namespace}",
        "That is the branch `dev`. Production is on `master`.",
    ),
    "a Deployment that is not Helm's": (
        ("helm-author", "minimal", 0),
        "kubectl create deployment web --image=minikweb/demo:1 -n {namespace}",
        "It is not Helm's: made by kubectl? Delete it, and `helm install first ./mine`.",
    ),
    "a thermometer thrown away": (
        ("shop", "stock", 1),
        "kubectl create deployment stock --image=minikweb/demo:1 -n {namespace}",
        "The probe is gone: no thermometer, no fever. Put it back, corrected.",
    ),
    "volumes that stay": (
        ("statefulset", "kept", 1),
        "kubectl apply -f lessons/19-statefulset/manifests/notes.yaml -n {namespace};"
        " kubectl delete statefulset notes -n {namespace}",
        "The volumes are still there, with their data: deleting them is up to you.",
    ),
    "too short a name": (
        ("dns", "elsewhere", 0),
        "kubectl create configmap answers --from-literal=api=kubernetes -n {namespace}",
        "Too short: it is looked for in the namespace of whoever asks, and is not there.",
    ),
    "an alias of a short name": (
        ("dns", "alias", 0),
        "kubectl create service externalname front --external-name=web -n {namespace}",
        "“web” alone only exists thanks to the line `search`; an alias takes the full name.",
    ),
    "the wrong count": (
        ("architecture", "nodes", 0),
        "kubectl create configmap answers --from-literal=nodes=12 -n {namespace}",
        "That is not the count. One line of `kubectl get nodes` per node; the heading does not count.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_by_its_cause(mistake, wrong):
    (slug, step, number), script, cause = MISTAKES[mistake]
    reader = wrong(script)
    until(
        lambda: proof.examined(LESSONS[slug].step(step), reader)[number].cause.get("en") == cause,
        f"{cause} (now: {proof.examined(LESSONS[slug].step(step), reader)[number]})",
        30,
    )
    assert not proof.examined(LESSONS[slug].step(step), reader)[number].passed


def test_a_teacher_proves_a_lesson_with_a_command(cluster):
    done = cluster.run("lessons", "check", "18")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:2] == ["18-deployment", "  ✔ roll-out"]
    assert "There is no lesson 99." in cluster.run("lessons", "check", "99").stderr


def test_a_demonstration_is_kept_as_a_recording(cluster, tmp_path):
    done = cluster.run("lessons", "cast", "8", "--language", "en", "--folder", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    header, *events = map(json.loads, (tmp_path / "08-pod.cast").read_text().splitlines())
    assert (header["version"], header["title"]) == (2, "Pod: one container, by hand")
    assert [kind for _, kind, _ in events] == ["o"] * len(events)
    assert [time for time, _, _ in events] == sorted(time for time, _, _ in events)
    shown = "".join(text for _, _, text in events)
    assert "kubectl run hello --image=minikweb/demo:1 -n learn\r\npod/hello created\r\n" in shown
    assert "# 6. " in shown


def test_a_lesson_that_proves_nothing_is_refused(cluster, tmp_path):
    folder = tmp_path / "90-lazy"
    folder.mkdir()
    said = "{fr: a, en: a}"
    folder.joinpath("lesson.yaml").write_text(
        f"title: {said}\nsteps:\n  - id: only\n    title: {said}\n    hints: ['`true`']\n"
        f"    checks: [{{kind: Namespace, name: default, says: {said}}}]\n"
    )
    for language in lesson.LANGUAGES:
        folder.joinpath(f"{language}.md").write_text(
            "## Only {#only}\n\n```sh run\ntrue\n```\n\n## Remember {#remember}\n\nnothing\n"
        )
    cluster.environment["MINIKWEB_LESSONS"] = str(tmp_path)
    try:
        done = cluster.run("lessons", "check", "90")
    finally:
        del cluster.environment["MINIKWEB_LESSONS"]
    assert done.returncode == 1
    assert "✘ only: its checks hold before anything is typed" in done.stdout
    assert "Not proved: 90-lazy" in done.stderr
