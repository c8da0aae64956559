"""A node's rules and names follow the cluster; its container is kept, and missed when it is gone."""

import queue

import pytest

from minikweb.network import agent
from minikweb.network.agent import NodeNetwork, ServiceProxy
from minikweb.runtime.protocol import RuntimeFailure, RuntimeUnavailable
from tests.network.objects import endpoint, endpoint_slice, network_policy, pod, service


class Router:
    """A node container: keeps what it is told."""

    def __init__(self):
        self.told, self.running, self.broken, self.ensured = [], False, "", 0
        self.happening = queue.Queue()

    def ensure(self):
        if self.broken:
            raise RuntimeUnavailable(self.broken)
        self.running, self.ensured = True, self.ensured + 1

    def is_running(self):
        return self.running

    def apply(self, files):
        if not self.running:
            raise RuntimeFailure("it does not run")
        self.told.append(dict(files))

    def events(self):
        while (event := self.happening.get()) is not None:
            yield event
        raise RuntimeUnavailable("closed")

    def close(self):
        self.happening.put(None)


class Cached(dict):
    known = True

    def list(self, kind):
        return self.get(kind, [])

    def wait_for_sync(self, timeout):
        return self.known

    def informer(self, kind):
        return self

    def add_handler(self, handler):
        self.handler = handler

    def start(self):
        pass

    stop = start


def node(name, number):
    return {
        "metadata": {"name": name},
        "spec": {"podCIDR": f"10.244.{number}.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": f"10.244.0.{10 + number}"}]},
    }


@pytest.fixture
def router():
    found = Router()
    found.running = True
    return found


@pytest.fixture
def cache():
    slices = [endpoint_slice(endpoint("10.244.1.2"))]
    return Cached(Service=[service()], EndpointSlice=slices, Node=[node("node-1", 1), node("node-2", 2)])


@pytest.fixture
def proxy(router, cache, monkeypatch):
    monkeypatch.setattr(agent, "PAUSE", 0.0)
    about = {"node": "node-1", "ip": "10.244.0.11", "pod_network": "10.244.0.0/16"}
    found = ServiceProxy(None, cache, None, everywhere=Cached(), router=router, **about)
    found.resume()
    return found


def test_it_works(proxy, router):
    assert proxy.sync("", "everything") is None
    (told,) = router.told
    assert "10.96.0.20" in told["rules.nft"]
    assert "web.default.svc.cluster.local" in told["names.new"]
    assert told["routes"] == "route replace 10.244.2.0/24 via 10.244.0.12\n"


def test_policies_and_pods_of_the_whole_cluster_count(proxy, router):
    proxy.everywhere["Pod"] = [pod("web", "10.244.1.7")]
    proxy.everywhere["NetworkPolicy"] = [network_policy(policyTypes=["Ingress"])]
    proxy.sync("", "everything")
    (told,) = router.told
    assert "10.244.1.7 : goto ingress_of_0" in told["rules.nft"]
    assert "10-244-1-7.default.pod.cluster.local. 5 IN A 10.244.1.7" in told["names.new"]


def test_nothing_is_told_before_all_pods_are_known(proxy, router):
    proxy.everywhere.known = False
    assert proxy.sync("", "everything") == agent.SOON
    assert router.told == []


def test_services_do_not_wait_for_ever_for_policies_and_leave_those_that_are_there(proxy, router, monkeypatch):
    monkeypatch.setattr(agent, "PATIENCE", 0.0)
    proxy.everywhere.known = False
    proxy.resume()
    proxy.sync("", "everything")
    assert "10.96.0.20" in router.told[0]["rules.nft"]
    assert "kube_policy" not in router.told[0]["rules.nft"]
    proxy.everywhere.known = True
    proxy.sync("", "everything")
    assert "delete table ip kube_policy" in router.told[1]["rules.nft"]


def test_a_pod_whose_status_alone_changes_is_no_reason_to_look(proxy):
    woken = []
    proxy.wake = woken.append
    proxy.follow()
    before, after, moved = pod("web", "10.244.1.7"), pod("web", "10.244.1.7"), pod("web", "10.244.1.8")
    after["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    proxy.everywhere.handler(before, after)
    assert woken == []
    proxy.everywhere.handler(before, moved)
    proxy.everywhere.handler(moved, None)
    proxy.everywhere.handler(network_policy(), network_policy())
    assert len(woken) == 3


def test_the_api_is_found_at_the_machine_where_the_bridge_is_in_a_virtual_one(router, cache, monkeypatch):
    monkeypatch.setattr(agent, "PAUSE", 0.0)
    cache["Service"] = [service("kubernetes", ip="10.96.0.1", ports=[{"name": "https", "port": 443}])]
    router.machine = lambda: "192.168.65.254"
    about = {"node": "node-1", "ip": "10.244.0.11", "pod_network": "10.244.0.0/16", "api_port": 6443}
    far = ServiceProxy(None, cache, None, everywhere=Cached(), router=router, **about)
    far.resume()
    far.sync("", "everything")
    assert "dnat to numgen random mod 1 map { 0 : 192.168.65.254 . 6443 }" in router.told[-1]["rules.nft"]

    def nowhere():
        raise RuntimeFailure("no such name")

    router.machine = nowhere
    far.resume()
    far.sync("", "everything")
    assert "6443" not in router.told[-1]["rules.nft"]


def test_only_what_changed_is_told(proxy, router, cache):
    proxy.sync("", "everything")
    proxy.sync("", "everything")
    assert len(router.told) == 1
    cache["EndpointSlice"] = []
    proxy.sync("", "everything")
    assert list(router.told[1]) == ["rules.nft"]


def test_what_was_not_taken_is_told_again(proxy, router):
    router.running = False
    with pytest.raises(RuntimeFailure):
        proxy.sync("", "everything")
    router.running = True
    proxy.sync("", "everything")
    assert len(router.told) == 1


def test_nothing_is_told_while_nobody_hears(proxy, router):
    proxy.suspend()
    assert proxy.sync("", "everything") is None
    assert router.told == []
    proxy.resume()
    proxy.sync("", "everything")
    assert len(router.told) == 1


def test_changes_are_collected_for_a_moment(proxy, router, cache, monkeypatch):
    monkeypatch.setattr(agent, "PAUSE", 60.0)
    proxy.sync("", "everything")
    cache["EndpointSlice"] = []
    assert 59 < proxy.sync("", "everything") <= 60
    assert len(router.told) == 1


def test_names_of_single_pods_wait_a_little_longer(proxy, router, cache, monkeypatch):
    monkeypatch.setattr(agent, "UNHURRIED", 60.0)
    proxy.sync("", "everything")
    proxy.everywhere["Pod"] = [pod("web", "10.244.1.7")]
    assert 59 < proxy.sync("", "everything") <= 60
    cache["EndpointSlice"] = []
    assert proxy.sync("", "everything") is None  # a Service's change takes them along
    assert "10-244-1-7" in router.told[1]["names.new"]


def test_a_nodes_heartbeat_is_no_reason_to_look(proxy):
    before, after = node("node-2", 2), node("node-2", 2)
    after["status"]["conditions"] = [{"type": "Ready"}]
    assert list(proxy.keys("Node", before, after)) == []
    assert list(proxy.keys("Node", None, after)) == list(proxy.keys("Service", None, service())) != []


class Reports(queue.Queue):
    def next(self):
        return self.get(timeout=5)


@pytest.fixture
def network(router, proxy):
    router.running = False
    reports = Reports()
    found = NodeNetwork(router, reports.put, lambda: None, proxy)
    found.reports = reports
    found.start()
    yield found
    found.stop()


def test_the_container_is_started_and_a_killed_one_is_missed_until_it_is_back(network, router, proxy):
    assert network.wait(5)
    assert network.reports.next() == ""
    proxy.sync("", "everything")
    router.running = False
    router.happening.put("die")
    assert "docker start" in network.reports.next()
    router.running = True
    router.happening.put("start")
    assert network.reports.next() == ""
    proxy.sync("", "everything")
    assert router.told[0] == router.told[1]
    assert router.ensured == 1


def test_when_docker_was_away_the_container_is_started_again(network, router, monkeypatch):
    monkeypatch.setattr(agent, "AWAY", 0.01)
    assert network.reports.next() == ""
    router.broken = "Docker does not answer"
    router.happening.put(None)
    assert network.reports.next() in ("closed", "Docker closed its event stream")
    assert network.reports.next() == "Docker does not answer"
    router.broken = ""
    while network.reports.next() != "":
        continue
    assert router.ensured == 2
