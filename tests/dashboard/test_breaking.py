"""Breaking things on purpose: every fault has its way back."""

import copy
import json

import pytest

from minikweb.apimachinery.patch import json_patch
from minikweb.dashboard import breaking
from tests.dashboard.objects import deployment, made
from tests.dashboard.test_actions import text

PROBE = {"exec": {"command": ["true"]}}


def workload(kind="Deployment", **container):
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "demo:1", **container}, {"name": "side", "image": "log:1"}]},
    }
    return made(kind, "web", spec={"replicas": 2, "template": template})


def service():
    return made("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})


def every():
    for kind, faults in breaking.FAULTS.items():
        for fault in faults:
            obj = service() if kind == "Service" else workload(kind, readinessProbe=PROBE, args=["-v"])
            yield pytest.param(obj, fault, id=f"{kind}-{fault}")


@pytest.mark.parametrize(("obj", "fault"), every())
@pytest.mark.parametrize("simulated", [False, True])
def test_what_was_there_before_comes_back(obj, fault, simulated):
    before = copy.deepcopy(obj)
    broken = json_patch(obj, breaking.broken(obj, fault, simulated=simulated))
    assert broken["spec"] != before["spec"] and breaking.fault_of(broken) == fault
    back = json_patch(broken, breaking.repaired(broken))
    assert breaking.fault_of(back) == ""
    for metadata in (back["metadata"], back["spec"].get("template", {}).get("metadata", {})):
        if metadata.get("annotations") == {}:
            del metadata["annotations"]
    assert back == before


def test_a_fault_touches_one_container_alone():
    obj = workload()
    containers = json_patch(obj, breaking.broken(obj, "image"))["spec"]["template"]["spec"]["containers"]
    assert [container["image"] for container in containers] == ["demo:no-such-version", "log:1"]


def test_a_container_that_moved_meanwhile_is_found_by_its_name():
    obj = workload()
    broken = json_patch(obj, breaking.broken(obj, "image"))
    broken["spec"]["template"]["spec"]["containers"].reverse()
    containers = json_patch(broken, breaking.repaired(broken))["spec"]["template"]["spec"]["containers"]
    assert {container["name"]: container["image"] for container in containers} == {"web": "demo:1", "side": "log:1"}


def test_a_simulated_node_is_told_what_to_play():
    obj = workload()
    annotations = json_patch(obj, breaking.broken(obj, "crash", simulated=True))["spec"]["template"]["metadata"]
    assert annotations["annotations"] == {"simulated.minikweb.io/crash-after": "2"}
    assert "annotations" not in json_patch(obj, breaking.broken(obj, "crash"))["spec"]["template"]["metadata"]


def test_the_cluster_s_own_namespaces_are_protected():
    assert breaking.is_protected("kube-system") and not breaking.is_protected("demo")


def test_nonsense_in_the_annotation_breaks_nothing():
    for note in ("nonsense", "[]", "7"):
        assert breaking.fault_of(deployment(metadata={"annotations": {breaking.BROKEN: note}})) == ""


# --- On the pages ---------------------------------------------------------------------------------


def test_breaking_shows_its_command_and_the_panel_offers_the_repair(web):
    web.deployment()
    form = web.get(web.path("Deployment", "web", "do/break/?fault=probe"))
    assert "kubectl patch deployment/web --type=json" in text(form)
    answer = web.post(web.path("Deployment", "web", "do/break/"), {"fault": "probe"}, hx_request="true")
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert toast["undo"]["url"].endswith("/do/repair/")
    page = web.get(web.path("Deployment", "web"))
    assert "Broken on purpose." in text(page) and 'data-act="repair"' in page
    again = web.post(web.path("Deployment", "web", "do/break/"), {"fault": "image"}, hx_request="true")
    assert again.status_code == 422 and "repair it first" in text(again.content.decode())
    web.post(web.path("Deployment", "web", "do/repair/"), {}, hx_request="true")
    container = web.read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert "readinessProbe" not in container


def test_nothing_is_broken_in_the_cluster_s_own_namespaces(web):
    metadata = {"name": "dns"}
    spec = {"selector": {"a": "b"}, "ports": [{"port": 53}]}
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    web._seen(web.api.create(obj, namespace="kube-system"))
    answer = web.post("/objects/Service/kube-system/dns/do/break/", {"fault": "selector"}, hx_request="true")
    assert answer.status_code == 422 and "belongs to the cluster itself" in text(answer.content.decode())
    web.api.delete("Service", "dns", "kube-system")


def test_a_fault_that_a_kind_does_not_have_is_refused(web):
    web.deployment()
    answer = web.post(web.path("Deployment", "web", "do/break/"), {"fault": "selector"}, hx_request="true")
    assert answer.status_code == 422
