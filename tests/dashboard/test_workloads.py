"""StatefulSets, DaemonSets, Jobs and CronJobs in the tree, on their pages and by their actions."""

import pytest

from minikweb.dashboard import kubectl, reasons, rollout
from tests.dashboard.objects import entry_of, made, pod, tree_of
from tests.dashboard.test_actions import text
from tests.dashboard.test_tree import outline
from tests.dashboard.web import reference, template

CREATED = ("2026-11-23T11:00:00Z", "2026-11-23T11:05:00Z")


def job(name, owner=None, created=CREATED[0], **status):
    metadata = {"creationTimestamp": created}
    return made("Job", name, owner=owner, metadata=metadata, spec={"completions": 3}, status=status)


def cron_job(**spec):
    return made("CronJob", "report", spec={"schedule": "*/5 * * * *"} | spec)


def test_it_works():
    report = cron_job()
    first, second = job("report-1", report), job("report-2", report, CREATED[1])
    agent = made("DaemonSet", "agent", spec={"updateStrategy": {"type": "RollingUpdate"}})
    db = made("StatefulSet", "db", spec={"replicas": 1, "updateStrategy": {"type": "RollingUpdate"}})
    pods = [pod("report-2-x", second), pod("agent-x", agent), pod("db-0", db)]
    assert outline(tree_of(made("Namespace", "demo"), report, first, second, agent, db, *pods)) == [
        "Namespace demo",
        "  CronJob report",
        "    Job report-2",
        "      Pod report-2-x",
        "    Job report-1",
        "  DaemonSet agent",
        "    Pod agent-x",
        "  StatefulSet db",
        "    Pod db-0",
    ]


def test_a_job_shows_kubectls_word_and_how_many_succeeded():
    done = [{"type": "Complete", "status": "True"}]
    assert entry_of(job("work")).word == "Running"
    entry = entry_of(job("work", conditions=done, succeeded=3))
    assert (entry.word, entry.health, entry.ready) == ("Complete", "Healthy", (3, 3))


def test_a_cron_job_shows_its_schedule_and_that_it_is_suspended():
    assert entry_of(cron_job()).schedule == "*/5 * * * *"
    assert entry_of(cron_job(suspend=True)).health == "Suspended"


def test_a_daemon_set_counts_nodes():
    status = {"desiredNumberScheduled": 3, "numberReady": 2}
    agent = made("DaemonSet", "agent", spec={"updateStrategy": {"type": "RollingUpdate"}}, status=status)
    assert entry_of(agent).ready == (2, 3)


def test_a_failed_job_is_explained_by_its_reason():
    failed = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]
    found = reasons.explain_job(job("work", conditions=failed), "Failed")
    assert found.word == "BackoffLimitExceeded"
    assert "backoffLimit" in str(found.cause)
    unknown = reasons.explain_job(job("work", conditions=[failed[0] | {"reason": "Unheard"}]), "Failed")
    assert (unknown.word, unknown.cause) == ("Unheard", reasons.explain("JobFailed").cause)


@pytest.mark.parametrize(
    ("kind", "spec", "pace"),
    [
        ("StatefulSet", {"replicas": 3}, rollout.Pace("RollingUpdate", 3, 3, 2)),
        ("StatefulSet", {"replicas": 3, "partition": 2}, rollout.Pace("RollingUpdate", 1, 3, 2)),
        ("DaemonSet", {}, rollout.Pace("RollingUpdate", 4, 4, 3)),
        ("DaemonSet", {"maxSurge": "50%", "maxUnavailable": 0}, rollout.Pace("RollingUpdate", 4, 6, 4)),
    ],
)
def test_the_pace_of_a_rollout(kind, spec, pace):
    replicas = {"replicas": spec.pop("replicas")} if "replicas" in spec else {}
    strategy = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": spec}}
    owner = made(kind, "web", spec=replicas | strategy, status={"desiredNumberScheduled": 4})
    assert rollout.pace(owner) == pace


def test_commands_of_jobs():
    assert kubectl.create_job("demo", "report", "now") == "kubectl create job now --from=cronjob/report -n demo"
    suspended = """kubectl patch cronjob/report -p '{"spec":{"suspend":true}}' -n demo"""
    assert kubectl.suspend("demo", "CronJob", "report", True) == suspended


# --- On a real API server -------------------------------------------------------------------------


def stateful_set(web, image="demo:2"):
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}}
    spec["template"] = template("db", image)
    return web.make({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec})


def past(web, owner, number, image):
    """A ControllerRevision as the controllers of StatefulSets and DaemonSets make it."""
    metadata = {"name": f"db-{number}", "ownerReferences": [reference(owner)]}
    data = {"spec": {"template": template("db", image) | {"$patch": "replace"}}}
    made = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata}
    return web.make(made | {"data": data, "revision": number})


def batch(web, kind, spec, name="report"):
    return web.make({"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})


def job_spec():
    containers = [{"name": "work", "image": "demo:1"}]
    return {"template": {"spec": {"containers": containers, "restartPolicy": "Never"}}}


def scheduled(web):
    return batch(web, "CronJob", {"schedule": "*/5 * * * *", "jobTemplate": {"spec": job_spec()}})


def test_a_stateful_set_goes_back_to_a_revision(web):
    owner = stateful_set(web)
    past(web, owner, 1, "demo:1")
    past(web, owner, 2, "demo:2")
    page = web.get(web.path("StatefulSet", "db", "history/"))
    assert "demo:1" in page
    assert "current" in page
    undo = web.path("StatefulSet", "db", "do/undo/")
    assert f"kubectl rollout undo statefulset/db --to-revision=1 -n {web.namespace}" in text(
        web.get(undo, hx_request="true")
    )
    web.post(undo, {"to": "1"})
    assert web.read("StatefulSet", "db")["spec"]["template"]["spec"]["containers"][0]["image"] == "demo:1"


def test_a_stateful_set_is_scaled_and_restarted(web):
    stateful_set(web)
    web.post(web.path("StatefulSet", "db", "do/scale/"), {"replicas": "4"})
    web.post(web.path("StatefulSet", "db", "do/restart/"))
    found = web.read("StatefulSet", "db")["spec"]
    assert found["replicas"] == 4
    assert rollout.RESTARTED_AT in found["template"]["metadata"]["annotations"]


def test_a_daemon_set_cannot_be_scaled(web):
    spec = {"selector": {"matchLabels": {"app": "db"}}, "template": template("db", "demo:1")}
    web.make({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": spec})
    assert web.ask(web.path("DaemonSet", "agent", "do/scale/")).status_code == 404
    assert "do/restart/" in web.get(web.path("DaemonSet", "agent"))


def test_a_cron_job_runs_now(web):
    owner = scheduled(web)
    run = web.path("CronJob", "report", "do/run/")
    assert "kubectl create job report-manual-" in text(web.get(run, hx_request="true"))
    web.post(run, {"job": "today"})
    made = web.read("Job", "today")
    assert made["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    assert made["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    assert "today" in web.get(web.path("CronJob", "report"))


def test_a_name_the_api_refuses_is_said_in_the_form(web):
    scheduled(web)
    answer = web.post(web.path("CronJob", "report", "do/run/"), {"job": "Not A Name"})
    assert answer.status_code == 422
    assert "Not A Name" in answer.content.decode()


def test_a_cron_job_is_suspended_and_resumed(web):
    scheduled(web)
    for verb, suspended in (("suspend", True), ("unsuspend", False)):
        web.post(web.path("CronJob", "report", f"do/{verb}/"))
        assert web.read("CronJob", "report")["spec"]["suspend"] is suspended


def test_the_page_of_a_failed_job_says_why(web):
    failed = batch(web, "Job", job_spec(), "work")
    reason = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
    begun = {"startTime": "2026-11-23T11:00:00Z", "failed": 7}
    conditions = [{"type": kind, "status": "True"} | reason for kind in ("FailureTarget", "Failed")]
    web.status(failed, begun | {"conditions": conditions})
    page = web.get(web.path("Job", "work"))
    assert "Why BackoffLimitExceeded?" in page
    assert "has given up" in page


@pytest.mark.parametrize("plural", ["statefulsets", "daemonsets", "jobs", "cronjobs"])
def test_every_kind_has_its_list_and_its_template(web, plural):
    assert f'href="/list/{plural}/" aria-current="page"' in web.get(f"/list/{plural}/")


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job", "CronJob"])
def test_the_template_of_a_kind_is_accepted_by_the_server(web, kind):
    page = web.get(f"/new/?template={kind}&ns={web.namespace}")
    text = page.partition('name="yaml"')[2].partition(">")[2].partition("</textarea>")[0]
    text = text.replace("&quot;", '"').replace("&#x27;", "'")
    answer = web.post(f"/new/?ns={web.namespace}", {"yaml": text, "action": "check"})
    assert "The server accepts it." in answer.content.decode()
