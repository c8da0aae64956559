"""From NetworkPolicies to what a node lets through. Pure."""

import re

import pytest

from minikweb.network import policy
from tests.network.objects import namespace, network_policy, pod

SQL = {"name": "sql", "containerPort": 5432}
PODS = [
    pod("db", "10.244.1.7", app="db", ports=[SQL]),
    pod("web", "10.244.1.8", app="web"),
    pod("far", "10.244.2.8", app="web", node="node-2"),
    pod("spy", "10.244.2.9", namespace="other", app="web", node="node-2"),
    pod("done", "10.244.1.9", app="web", phase="Succeeded"),
]
NAMESPACES = [namespace("default", team="a"), namespace("other", team="b"), namespace("kube-system")]
FOR_DB = {"podSelector": {"matchLabels": {"app": "db"}}}
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


class Rules:
    """The rules of node-1, read back."""

    def __init__(self, *policies, pods=PODS):
        self.text = policy.rules("node-1", policies, pods, NAMESPACES)
        self.sets = {
            name: ips.split(", ") for name, ips in re.findall(r"set (peers_\d+) \{[^}]*= \{ ([^}]*) \}", self.text)
        }
        self.chains = {}
        for name, body in re.findall(r"  chain (\w+) \{\n(.*?)  \}\n", self.text, re.DOTALL):
            self.chains[name] = [line.strip() for line in body.splitlines() if "comment" not in line]

    def of(self, direction, ip):
        """What may be opened to or from a pod, the sets' addresses in their place; None where everything may."""
        found = re.search(rf"{re.escape(ip)} : goto ({direction}_of_\d+)", self.text)
        if not found:
            return None
        *jumps, last = self.chains[found[1]]
        assert last == "counter drop"
        lines = [line for jump in jumps for line in self.chains[jump.removeprefix("jump ")]]
        assert all(line.endswith("accept") for line in lines)
        plain = [line.removesuffix("accept").strip() or "everything" for line in lines]
        return [re.sub(r"@(\w+)", lambda name: "{" + ", ".join(self.sets[name[1]]) + "}", line) for line in plain]


def ingress(*rules, **spec):
    return network_policy(policyTypes=["Ingress"], ingress=list(rules), **{**FOR_DB, **spec})


def egress(*rules, **spec):
    return network_policy(policyTypes=["Egress"], egress=list(rules), **{**FOR_DB, **spec})


def test_it_works():
    rules = Rules(ingress({"from": [WEB], "ports": [{"protocol": "TCP", "port": 5432}]}))
    assert rules.of("ingress", "10.244.1.7") == ["ip saddr {10.244.1.8, 10.244.2.8} tcp dport { 5432 }"]
    assert rules.of("egress", "10.244.1.7") is None
    assert rules.of("ingress", "10.244.1.8") is None


def test_without_policies_there_is_no_table():
    assert Rules().text == "table ip kube_policy\ndelete table ip kube_policy\n"
    assert Rules(ingress(podSelector={"matchLabels": {"app": "nobody"}})).text == Rules().text


def test_a_policy_without_rules_lets_nothing_in_and_one_with_an_empty_rule_everything():
    assert Rules(ingress()).of("ingress", "10.244.1.7") == []
    assert Rules(ingress({})).of("ingress", "10.244.1.7") == ["everything"]
    assert Rules(egress(), ingress()).of("egress", "10.244.1.7") == []


def test_an_empty_selector_is_every_pod_of_the_namespace_and_of_no_other():
    rules = Rules(ingress(podSelector={}))
    assert rules.of("ingress", "10.244.1.7") == rules.of("ingress", "10.244.1.8") == []
    assert rules.of("ingress", "10.244.2.8") is None  # its own node's business
    elsewhere = network_policy(namespace="other", policyTypes=["Ingress"])
    assert Rules(elsewhere).of("ingress", "10.244.1.7") is None


def test_all_policies_of_a_pod_together_say_what_is_allowed():
    rules = Rules(ingress({"ports": [{"port": 80}]}), ingress({"from": [WEB]}), ingress())
    assert rules.of("ingress", "10.244.1.7") == ["tcp dport { 80 }", "ip saddr {10.244.1.8, 10.244.2.8}"]


@pytest.mark.parametrize(
    "peers, found",
    [
        ([{"podSelector": {}}], "ip saddr {10.244.1.7, 10.244.1.8, 10.244.2.8}"),
        ([{"namespaceSelector": {"matchLabels": {"team": "b"}}}], "ip saddr {10.244.2.9}"),
        (
            [{"namespaceSelector": {}, **WEB}],
            "ip saddr {10.244.1.8, 10.244.2.8, 10.244.2.9}",
        ),
        (
            [{"namespaceSelector": {"matchLabels": {"team": "b"}}}, WEB],  # either, where one peer means both
            "ip saddr {10.244.1.8, 10.244.2.8, 10.244.2.9}",
        ),
        ([{"ipBlock": {"cidr": "192.168.0.0/16"}}], "ip saddr 192.168.0.0/16"),
        (
            [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.1.2.0/24", "10.9.0.0/16"]}}],
            "ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16, 10.9.0.0/16 }",
        ),
    ],
)
def test_peers_are_pods_namespaces_or_addresses(peers, found):
    assert Rules(ingress({"from": peers})).of("ingress", "10.244.1.7") == [found]


@pytest.mark.parametrize(
    "peers", [[{"podSelector": {"matchLabels": {"app": "nobody"}}}], [{"ipBlock": {"cidr": "fd00::/8"}}]]
)
def test_peers_that_are_nobody_are_not_everybody(peers):
    assert Rules(ingress({"from": peers})).of("ingress", "10.244.1.7") == []


@pytest.mark.parametrize(
    "ports, found",
    [
        ([{"port": 80}, {"port": 443}], ["tcp dport { 80, 443 }"]),
        ([{"port": 8000, "endPort": 8010}, {"port": 8005}], ["tcp dport { 8000-8010 }"]),
        ([{"protocol": "UDP", "port": 53}, {"port": 53}], ["udp dport { 53 }", "tcp dport { 53 }"]),
        ([{"protocol": "UDP"}], ["meta l4proto udp"]),
        ([{"port": "sql"}], ["ip daddr . tcp dport { 10.244.1.7 . 5432 }"]),
        ([{"port": "nothing"}], []),
        ([{"protocol": "UDP", "port": "sql"}], []),
    ],
)
def test_ports_are_numbers_ranges_names_or_protocols(ports, found):
    assert Rules(ingress({"ports": ports})).of("ingress", "10.244.1.7") == found


def test_a_named_port_of_a_way_out_is_looked_up_on_each_pod_that_is_reached():
    other = pod("db-2", "10.244.2.7", node="node-2", ports=[{**SQL, "containerPort": 6432}])
    rules = Rules(egress({"to": [{"podSelector": {}}], "ports": [{"port": "sql"}]}), pods=[*PODS, other])
    (line,) = rules.of("egress", "10.244.1.7")
    assert line.endswith("ip daddr . tcp dport { 10.244.1.7 . 5432, 10.244.2.7 . 6432 }")


def test_ways_out_are_judged_by_where_they_lead():
    rules = Rules(egress({"to": [WEB]}))
    assert rules.of("egress", "10.244.1.7") == ["ip daddr {10.244.1.8, 10.244.2.8}"]
    assert rules.of("ingress", "10.244.1.7") is None


def test_the_dns_server_of_the_node_is_the_pod_that_policies_call_kube_dns():
    dns = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    rules = Rules(egress({"to": [dns], "ports": [{"protocol": "UDP", "port": 53}, {"port": "dns-tcp"}]}))
    udp, tcp = rules.of("egress", "10.244.1.7")
    assert udp == "ip daddr {10.96.0.10} udp dport { 53 }"
    assert "10.96.0.10 . 53" in tcp
    assert "ip daddr 10.96.0.10 ip saddr vmap @egress" in rules.chains["asking"]


def test_what_is_open_goes_on_and_a_pod_reaches_itself():
    rules = Rules(ingress(), egress())
    for name in ("leaving", "arriving", "asking"):
        hook = rules.chains[name]
        assert hook.index("ct state established,related accept") < len(hook) - 1
        assert "ip saddr . ip daddr @themselves accept" in hook
    assert "10.244.1.7 . 10.244.1.7" in rules.text


def test_equal_peers_and_pods_of_equal_policies_share_their_rules():
    pods = [*PODS, pod("db-2", "10.244.1.20", app="db")]
    rules = Rules(ingress({"from": [WEB], "ports": [{"port": 1}, {"protocol": "UDP", "port": 2}]}), pods=pods)
    assert len(rules.sets) == 1
    assert rules.text.count("goto ingress_of_0") == 2
