"""What a node says of itself, and what its process follows beside the API."""

import threading
import time
from datetime import timedelta

import pytest

from minikweb.apimachinery import errors
from minikweb.apimachinery.patch import merge_patch
from minikweb.kubelet.node import NodeAgent, capacity
from minikweb.kubelet.worker import Housekeeping
from minikweb.runtime.protocol import Machine, RuntimeUnavailable
from minikweb.runtime.simulated.runtime import SimulatedRuntime
from tests.kubelet.conftest import START, Recorded, pod

GIB = 1 << 30


class NodeApi:
    """A Node and Leases."""

    def __init__(self):
        self.nodes = {"node-1": {"metadata": {"name": "node-1", "uid": "u1"}, "spec": {"podCIDR": "10.244.1.0/24"}}}
        self.leases = {}
        self.writes = []

    def get(self, kind, name):
        if name not in self.nodes:
            raise errors.not_found("", "nodes", name)
        return self.nodes[name]

    def patch(self, kind, name, patch, namespace=None, *, subresource=None):
        if kind == "Lease":
            if name not in self.leases:
                raise errors.not_found("", "leases", name)
            self.leases[name] = merge_patch(self.leases[name], patch)
            return
        self.writes.append(patch)
        self.nodes[name] = merge_patch(self.nodes[name], patch)

    def create(self, obj):
        self.leases[obj["metadata"]["name"]] = obj


@pytest.fixture
def api():
    return NodeApi()


@pytest.fixture
def deleted():
    return threading.Event()


@pytest.fixture
def agent(api, deleted):
    agent = NodeAgent(
        api, Recorded(), SimulatedRuntime("node-1"), "node-1", "unix:///run/node-1.sock", deleted=deleted.set
    )
    yield agent
    agent.stop()


def condition(api, type_):
    return next(one for one in api.nodes["node-1"]["status"]["conditions"] if one["type"] == type_)


def test_a_node_says_that_it_is_ready_and_what_it_has(api, agent):
    agent.beat(START)
    node = api.nodes["node-1"]
    assert condition(api, "Ready")["status"] == "True"
    assert condition(api, "Ready")["reason"] == "KubeletReady"
    assert {one["type"] for one in node["status"]["conditions"]} == {
        "Ready",
        "MemoryPressure",
        "DiskPressure",
        "PIDPressure",
    }
    assert {"type": "InternalIP", "address": "10.244.0.11"} in node["status"]["addresses"]
    assert node["status"]["nodeInfo"]["containerRuntimeVersion"] == "simulated://1"
    assert node["metadata"]["annotations"] == {"minikweb.io/kubelet-endpoint": "unix:///run/node-1.sock"}
    assert node["metadata"]["labels"]["minikweb.io/runtime"] == "simulated"
    assert api.leases["node-1"]["metadata"]["ownerReferences"][0]["uid"] == "u1"


def test_a_heartbeat_renews_the_lease_and_writes_the_status_only_when_it_is_old(api, agent):
    agent.beat(START)
    api.writes.clear()
    agent.beat(START + timedelta(seconds=10))
    assert api.writes == []
    assert api.leases["node-1"]["spec"]["renewTime"].startswith("2026-11-23T12:00:10")
    agent.beat(START + timedelta(seconds=310))
    assert condition(api, "Ready")["lastHeartbeatTime"] == "2026-11-23T12:05:10Z"
    assert condition(api, "Ready")["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_a_node_whose_runtime_is_away_is_not_ready(api, agent):
    agent.beat(START)
    agent.runtime_failure = "no daemon"
    agent.beat(START + timedelta(seconds=10))
    assert condition(api, "Ready")["status"] == "False"
    assert condition(api, "Ready")["message"] == "container runtime is down: no daemon"
    agent.runtime_failure = ""
    agent.beat(START + timedelta(seconds=20))
    assert condition(api, "Ready")["status"] == "True"


def test_labels_of_others_stay(api, agent):
    api.nodes["node-1"]["metadata"]["labels"] = {"disk": "ssd"}
    agent.beat(START)
    assert api.nodes["node-1"]["metadata"]["labels"]["disk"] == "ssd"


def test_a_deleted_node_is_not_made_again_but_told(api, agent, deleted):
    node = api.nodes["node-1"]
    agent.start(node)
    agent.report_soon()
    del api.nodes["node-1"]
    agent.report_soon()
    assert deleted.wait(10)
    assert api.nodes == {}


def test_real_nodes_have_what_the_machine_has():
    machine = Machine(cpus=4, memory=8 * GIB, architecture="x86_64", kernel="6", os_image="Debian", boot_id="b")
    assert capacity(machine, simulated=False) == {"cpu": "4", "memory": "8388608Ki", "pods": "110"}
    assert int(capacity(machine, simulated=True)["pods"]) > 1000


# --- Housekeeping ------------------------------------------------------------------------------------
@pytest.fixture
def woken():
    return []


@pytest.fixture
def keeper(node, agent, woken):
    keeper = Housekeeping(node.kubelet, agent, woken.append)
    yield keeper
    keeper.stop()


def test_only_pods_that_changed_are_looked_at(node, keeper, woken):
    web = pod("web")
    node.run(web)
    keeper.look()
    woken.clear()
    keeper.look()
    assert woken == []
    node.runtime.stop_container(node.runtime.pods()[0].containers[0].id, 0)
    keeper.look()
    assert woken == ["default/web"]


def test_pods_that_the_api_does_not_know_are_looked_at_each_time(node, keeper, woken):
    node.run(pod("web"))
    node.api.objects.clear()
    keeper.look()
    keeper.look()
    assert woken == ["default/web", "default/web"]


def test_pods_that_vanished_from_the_runtime_are_looked_at(node, keeper, woken):
    node.run(pod("web"))
    keeper.look()
    woken.clear()
    node.runtime.remove_pod_sandbox(node.runtime.pods()[0].sandboxes[0].id)
    keeper.look()
    assert woken == ["default/web"]


def test_an_end_by_itself_wakes_its_pod_at_once(node, keeper, woken):
    node.runtime.clock = time.time
    heard = threading.Event()
    keeper.wake = lambda key: heard.set()
    node.run(pod("web", annotations={"crash-after": "0.2"}))
    keeper.start()
    heard.clear()
    assert heard.wait(5)


def test_a_runtime_that_goes_away_makes_the_node_say_so(node, keeper, agent):
    asked = threading.Event()
    agent.report_soon = asked.set

    def pods(uid=None):
        raise RuntimeUnavailable("no daemon")

    keeper.start()
    node.runtime.events = lambda: pods()
    node.runtime.close()
    assert asked.wait(10)
    assert agent.runtime_failure == "no daemon"
