"""StatefulSets, DaemonSets, Jobs and CronJobs by clicks, on a cluster whose controllers answer."""

import pytest
from playwright.sync_api import expect

from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def labelled(name, **spec):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "minikweb/demo:1"}]}}
    return spec | {"selector": {"matchLabels": labels}, "template": template}


def make(space, kind, name, spec, group="apps/v1"):
    space.api.create(
        {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}, namespace=space.name
    )


def job_template(seconds="1", code="0"):
    annotations = {"simulated.minikweb.io/duration": seconds, "simulated.minikweb.io/exit-code": code}
    containers = [{"name": "work", "image": "minikweb/demo:1"}]
    return {"metadata": {"annotations": annotations}, "spec": {"containers": containers, "restartPolicy": "Never"}}


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    return reader


def test_it_works(space, reader):
    """A StatefulSet comes into the tree, is scaled, rolled out and rolled back."""
    make(space, "StatefulSet", "db", labelled("db", replicas=2, serviceName="db"))
    expect(reader.row("db-1")).to_contain_text("Running")
    reader.open("StatefulSet", "db")
    reader.verb("scale")
    reader.page.locator("#replicas").fill("3")
    expect(reader.page.locator("#preview pre")).to_contain_text("--replicas=3")
    assert reader.command() == f"kubectl scale statefulset/db --replicas=3 -n {space.name}"
    reader.confirm()
    expect(reader.row("db-2")).to_contain_text("Running")

    reader.verb("image")
    reader.page.locator("#image-web").fill("minikweb/demo:2")
    expect(reader.page.locator("#preview ins")).to_have_text("minikweb/demo:2")
    reader.confirm()
    reader.tab("History")
    history = reader.page.locator(".history tbody tr")
    expect(history).to_have_count(2)
    history.nth(1).get_by_role("link", name="Go back").click()
    expect(reader.page.locator("#action .diff")).to_contain_text("minikweb/demo:1")
    assert reader.command() == f"kubectl rollout undo statefulset/db --to-revision=1 -n {space.name}"
    reader.confirm()
    expect(history.nth(0)).to_contain_text("minikweb/demo:1")


def test_a_daemon_set_runs_on_each_node(space, reader):
    make(space, "DaemonSet", "agent", labelled("agent"))
    expect(reader.rows("DaemonSet")).to_contain_text("3/3")
    reader.open("DaemonSet", "agent")
    assert reader.page.locator(".verbs [data-act=scale]").count() == 0
    expect(reader.page.locator("#object-body")).to_contain_text("one Pod on each node")


def test_a_cron_job_runs_now_and_is_suspended(space, reader):
    job = {"spec": {"template": job_template()}}
    make(space, "CronJob", "report", {"schedule": "0 0 1 1 *", "jobTemplate": job}, "batch/v1")
    expect(reader.rows("CronJob")).to_contain_text("0 0 1 1 *")
    reader.open("CronJob", "report")
    reader.verb("run")
    reader.page.locator("#job").fill("today")
    expect(reader.page.locator("#preview pre")).to_contain_text("create job today")
    reader.confirm()
    expect(reader.row("today")).to_contain_text("Complete")
    reader.verb("suspend")
    reader.confirm()
    expect(reader.page.locator("#panel .title")).to_contain_text("Suspended")
    until(lambda: space.api.get("CronJob", "report", space.name)["spec"]["suspend"], "suspension")


def test_a_node_is_closed_and_opened_again(space, open_page):
    reader = open_page(space.url("/objects/Node/-/node-1/"))
    reader.page.locator(".verbs [data-act=cordon]").click()
    reader.page.locator("form.action button[type=submit]").click()
    reader.page.locator(".verbs [data-act=uncordon]").click()
    until(lambda: space.api.get("Node", "node-1")["spec"].get("unschedulable"), "cordon")
    reader.page.locator("form.action button[type=submit]").click()
    expect(reader.page.locator(".verbs [data-act=cordon]")).to_be_visible()


def test_a_job_that_gives_up_says_why(space, reader):
    make(space, "Job", "work", {"backoffLimit": 0, "template": job_template(code="3")}, "batch/v1")
    expect(reader.rows("Job")).to_contain_text("Failed")
    reader.open("Job", "work")
    expect(reader.page.locator("#object-body")).to_contain_text("Why BackoffLimitExceeded?")


def test_a_node_comes_is_emptied_is_killed_and_goes(space, open_page):
    reader = open_page(space.url("/nodes/"))
    reader.is_live()
    cards = reader.page.locator(".node-card")
    expect(cards).to_have_count(3)
    reader.page.locator("#node-name").fill("node-9")
    reader.page.get_by_role("button", name="Add a node").click()
    expect(reader.page.locator("#panel .title")).to_contain_text("Ready")
    assert space.api.get("Node", "node-9")["spec"]["podCIDR"]

    reader.page.locator(".verbs [data-act=drain]").click()
    expect(reader.page.locator("form.action pre")).to_contain_text("kubectl drain node-9 --ignore-daemonsets")
    reader.page.locator("form.action button[type=submit]").click()
    expect(reader.page.locator("#panel .title")).to_contain_text("SchedulingDisabled")
    expect(reader.page.locator("#object-body")).to_contain_text("The drain is done.")

    reader.page.locator(".verbs [data-act=kill]").click()
    reader.page.locator("form.action button[type=submit]").click()
    until(lambda: "kubelet-node-9" not in space.cluster.pids(), "the end of its kubelet")
    reader.page.goto(space.url("/objects/Node/-/node-9/do/revive/"))
    reader.page.locator("form.action button[type=submit]").click()
    until(lambda: "kubelet-node-9" in space.cluster.pids(), "its kubelet again")

    reader.page.goto(space.url("/objects/Node/-/node-9/do/delete/"))
    reader.page.locator("#typed-name").fill("node-9")
    reader.page.locator("form.action button[type=submit]").click()
    until(lambda: "kubelet-node-9" not in space.cluster.pids(), "the end of its kubelet")
    reader.page.goto(space.url("/nodes/"))
    expect(cards).to_have_count(3)
    reader.errors.clear()  # the panel of what is deleted was asked for once more


def test_a_scaling_is_taken_back_from_its_message(space, reader):
    reader.open("Deployment", "web")
    reader.verb("scale")
    reader.page.locator("#replicas").fill("5")
    reader.confirm()
    expect(reader.rows("Pod")).to_have_count(5)
    reader.page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(reader.rows("Pod")).to_have_count(3)
