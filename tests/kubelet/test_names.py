"""Whom a pod asks for names: dnsPolicy and dnsConfig. And how its sandbox is told."""

from minikweb.kubelet import configs
from minikweb.runtime.docker.containers import pause_arguments, sandbox_arguments

DNS = "10.96.0.10"


def pod(policy=None, **config):
    spec = {"containers": [], **({"dnsPolicy": policy} if policy else {}), **({"dnsConfig": config} if config else {})}
    return {"metadata": {"namespace": "shop", "name": "web", "uid": "1"}, "spec": spec}


def test_it_works():
    assert configs.names(pod(), DNS) == (
        ("10.96.0.10",),
        ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local"),
        ("ndots:5",),
    )


def test_the_nodes_own_resolver_where_asked_for():
    assert configs.names(pod("Default"), DNS) == ((), (), ())


def test_only_what_the_pod_says_itself():
    own = pod("None", nameservers=["192.0.2.1"], searches=["example.com"], options=[{"name": "edns0"}])
    assert configs.names(own, DNS) == (("192.0.2.1",), ("example.com",), ("edns0",))


def test_what_the_pod_adds_comes_after_and_its_options_win():
    own = pod(nameservers=["192.0.2.1"], searches=["example.com"], options=[{"name": "ndots", "value": "2"}])
    servers, searches, options = configs.names(own, DNS)
    assert servers == ("10.96.0.10", "192.0.2.1")
    assert searches[-1] == "example.com"
    assert options == ("ndots:2",)


def test_without_a_network_the_runtimes_resolver_is_left_alone():
    assert configs.names(pod(), "") == ((), (), ())


def test_pause_goes_through_its_node_and_writes_the_names():
    config = configs.sandbox(pod(), "10.244.1.2", 0, gateway="10.244.0.11", dns=DNS)
    assert pause_arguments(config) == [
        "offlink",
        "10.244.0.11",
        "nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n",
    ]
    assert sandbox_arguments("c", "node-1", "pause", config)["HostConfig"]["CapAdd"] == ["NET_ADMIN"]


def test_pause_leaves_docker_s_names_where_the_pod_asks_for_the_nodes():
    config = configs.sandbox(pod("Default"), "10.244.1.2", 0, gateway="10.244.0.11", dns=DNS)
    assert pause_arguments(config) == ["offlink", "10.244.0.11"]


def test_without_a_network_pause_has_no_privilege_and_nothing_to_do():
    config = configs.sandbox(pod(), "10.244.1.2", 0)
    assert pause_arguments(config) == []
    assert sandbox_arguments("c", "node-1", "pause", config)["HostConfig"]["CapAdd"] == []
