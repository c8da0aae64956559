"""Jobs, CronJobs, DaemonSets and StatefulSets in whole clusters: by kubectl, and through kills in the middle."""

import json

import pytest

from minikweb.apimachinery import errors
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]

COMPLETIONS = 40


def template(app, image, **spec):
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "main", "image": image}], **spec}}


def workload(kind, name, **spec):
    group = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def stateful_set(image, **spec):
    selector = {"matchLabels": {"app": "db"}}
    return workload("StatefulSet", "db", replicas=3, selector=selector, template=template("db", image), **spec)


def daemon_set(image):
    selector = {"matchLabels": {"app": "agent"}}
    return workload("DaemonSet", "agent", selector=selector, template=template("agent", image))


def job(**spec):
    slowly = {"annotations": {"simulated.minikweb.io/duration": "0.5"}, "labels": {"app": "count"}}
    pod = {**template("count", "minikweb/demo:1", restartPolicy="Never"), "metadata": slowly}
    return workload("Job", "count", completions=COMPLETIONS, parallelism=8, template=pod, **spec)


def images(cluster, selector):
    return {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("default", selector)}


@pytest.mark.parametrize("process", ["controllers", "apiserver", "broker"])
def test_a_job_is_never_over_its_completions_whatever_dies(fresh_cluster, process):
    fresh_cluster.client.create(job())

    def succeeded():
        try:
            return fresh_cluster.client.get("Job", "count", "default").get("status", {}).get("succeeded", 0)
        except errors.ApiError:  # while the API server is away
            return 0

    for share in (4, 2):
        until(lambda share=share: succeeded() >= COMPLETIONS // (2 * share), "some successes")
        fresh_cluster.kill_process(process)
    until(lambda: succeeded() == COMPLETIONS, "all successes", 90)
    fresh_cluster.kubectl("wait", "--for=condition=complete", "job/count", "--timeout=60s")
    pods = fresh_cluster.pods("default", "app=count")
    assert [pod["status"]["phase"] for pod in pods] == ["Succeeded"] * COMPLETIONS
    assert not any("finalizers" in pod["metadata"] for pod in pods)


def test_a_stateful_set_has_one_pod_of_each_name_whatever_dies(fresh_cluster):
    fresh_cluster.client.create(stateful_set("minikweb/demo:1"))
    fresh_cluster.kill_process("controllers")
    fresh_cluster.wait_for_pods(3, "default", "app=db")
    fresh_cluster.kubectl("set", "image", "sts/db", "main=minikweb/demo:2")
    fresh_cluster.kill_process("controllers")
    fresh_cluster.kubectl("rollout", "status", "sts/db", "--timeout=90s")
    assert images(fresh_cluster, "app=db") == {"minikweb/demo:2"}
    names = sorted(pod["metadata"]["name"] for pod in fresh_cluster.pods("default", "app=db"))
    assert names == ["db-0", "db-1", "db-2"]


@pytest.mark.parametrize(("resource", "make"), [("sts/db", stateful_set), ("ds/agent", daemon_set)])
def test_kubectl_rolls_out_looks_back_and_undoes(cluster, resource, make):
    app = f"app={resource.partition('/')[2]}"
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(make("minikweb/demo:1")))
    cluster.kubectl("rollout", "status", resource, "--timeout=90s")
    cluster.kubectl("set", "image", resource, "main=minikweb/demo:2")
    cluster.kubectl("rollout", "status", resource, "--timeout=90s")
    assert images(cluster, app) == {"minikweb/demo:2"}
    lines = cluster.kubectl("rollout", "history", resource).splitlines()[2:]
    assert [line.split()[0] for line in lines if line] == ["1", "2"]
    assert "minikweb/demo:1" in cluster.kubectl("rollout", "history", resource, "--revision=1")
    cluster.kubectl("rollout", "undo", resource)
    cluster.kubectl("rollout", "status", resource, "--timeout=90s")
    assert images(cluster, app) == {"minikweb/demo:1"}
    before = {pod["metadata"]["uid"] for pod in cluster.pods("default", app)}
    cluster.kubectl("rollout", "restart", resource)
    cluster.kubectl("rollout", "status", resource, "--timeout=90s")
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in cluster.pods("default", app))
    cluster.kubectl("delete", resource)


def test_kubectl_makes_jobs_of_its_own_and_of_a_cron_job(cluster):
    cluster.kubectl("create", "job", "pi", "--image=minikweb/demo:1", "--", "true")
    cluster.kubectl("wait", "--for=condition=complete", "job/pi", "--timeout=60s")
    cluster.kubectl("create", "cronjob", "hello", "--image=minikweb/demo:1", "--schedule=0 0 1 1 *")
    cluster.kubectl("create", "job", "now", "--from=cronjob/hello")
    cluster.kubectl("wait", "--for=condition=complete", "job/now", "--timeout=60s")
    cluster.kubectl("delete", "cronjob/hello", "job/pi")
    until(lambda: "now" not in cluster.kubectl("get", "jobs", "-o", "name"), "the end of the CronJob's Jobs")
