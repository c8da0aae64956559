"""From Services and their endpoints to nftables rules. Pure."""

import json
import re

from minikweb.network import proxy
from tests.network.objects import endpoint, endpoint_slice, service

NODE = proxy.Node("node-1", "10.244.0.11", "10.244.0.0/16", (("10.244.2.0/24", "10.244.0.12"),))


def rules(services, slices, node=NODE, **more):
    return proxy.rules(node, proxy.ports(services, slices), **more)


def targets(text, chain):
    """The endpoints a chain chooses from, as often as it names them; None if there is no such chain."""
    found = re.search(rf"chain {re.escape(chain)} {{\n(?:    ct mark.*\n)?.*map {{ (.*) }}\n", text)
    return found and [one.split(" : ")[1].replace(" . ", ":") for one in found[1].split(", ")]


def test_it_works():
    text = rules([service()], [endpoint_slice(endpoint("10.244.1.2"), endpoint("10.244.2.2", node="node-2"))])
    assert "tcp . 10.96.0.20 . 80 : goto svc.default.web.80.tcp" in text
    assert "dnat to numgen random mod 2 map" in text
    assert targets(text, "svc.default.web.80.tcp") == ["10.244.1.2:8080", "10.244.2.2:8080"]


def test_only_ready_pods_are_chosen():
    slices = [
        endpoint_slice(
            endpoint("10.244.1.2"),
            endpoint("10.244.1.3", ready=False),
            endpoint("10.244.1.4", ready=False, serving=True, terminating=True),
        )
    ]
    assert targets(rules([service()], slices), "svc.default.web.80.tcp") == ["10.244.1.2:8080"]


def test_where_all_are_ending_those_that_still_serve_are_chosen():
    slices = [
        endpoint_slice(
            endpoint("10.244.1.3", ready=False),
            endpoint("10.244.1.4", ready=False, serving=True, terminating=True),
            endpoint("10.244.1.5", ready=False, serving=False, terminating=True),
        )
    ]
    assert targets(rules([service()], slices), "svc.default.web.80.tcp") == ["10.244.1.4:8080"]


def test_unknown_readiness_counts_as_ready():
    slices = [endpoint_slice({"addresses": ["192.0.2.7"]})]
    assert targets(rules([service()], slices), "svc.default.web.80.tcp") == ["192.0.2.7:8080"]


def test_without_endpoints_a_service_has_no_element_and_what_is_left_is_refused():
    text = rules([service()], [endpoint_slice(endpoint("10.244.1.3", ready=False))])
    assert "10.96.0.20" not in text
    assert 'ip daddr 10.96.0.0/12 oifname != "lo" meta l4proto tcp reject with tcp reset' in text


def test_several_ports_find_their_numbers_by_name_and_protocol():
    named = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        {"name": "web", "port": 80, "protocol": "TCP"},
    ]
    slices = [
        endpoint_slice(endpoint("10.244.1.2"), ports=[
            {"name": "dns", "protocol": "UDP", "port": 5353},
            {"name": "dns-tcp", "protocol": "TCP", "port": 5354},
        ])
    ]  # fmt: skip
    text = rules([service(ports=named)], slices)
    assert targets(text, "svc.default.web.53.udp") == ["10.244.1.2:5353"]
    assert targets(text, "svc.default.web.53.tcp") == ["10.244.1.2:5354"]
    assert targets(text, "svc.default.web.80.tcp") is None


def test_services_without_an_address_have_no_rules():
    headless = service(ip="None")
    elsewhere = service(ip=None, type="ExternalName", externalName="example.com")
    assert proxy.ports([headless, elsewhere], [endpoint_slice(endpoint("10.244.1.2"))]) == []


def test_addresses_served_by_the_node_itself_are_left_alone():
    dns = service("kube-dns", ip="10.96.0.10", ports=[{"port": 53, "protocol": "UDP"}])
    assert "10.96.0.10" not in rules([dns], [endpoint_slice(endpoint("10.244.0.11"))], served_here=("10.96.0.10",))


def test_a_node_port_masks_its_clients():
    port = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    text = rules([service(type="NodePort", ports=port)], [endpoint_slice(endpoint("10.244.2.2", node="node-2"))])
    assert "tcp . 30080 : goto ext.default.web.80.tcp" in text
    assert "chain ext.default.web.80.tcp {\n    ct mark set 0x4000\n" in text
    assert targets(text, "ext.default.web.80.tcp") == ["10.244.2.2:8080"]


def test_a_node_port_kept_local_reaches_this_nodes_pods_and_keeps_the_client():
    port = [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]
    here, there = endpoint("10.244.1.2"), endpoint("10.244.2.2", node="node-2")
    balanced = service(type="LoadBalancer", ports=port, externalTrafficPolicy="Local")
    text = rules([balanced], [endpoint_slice(here, there)])
    assert targets(text, "ext.default.web.80.tcp") == ["10.244.1.2:8080"]
    assert targets(text, "svc.default.web.80.tcp") == ["10.244.1.2:8080", "10.244.2.2:8080"]
    assert "chain ext.default.web.80.tcp {\n    meta" in text
    assert "30080" not in rules([balanced], [endpoint_slice(there)])


def test_inside_traffic_kept_local_stays_on_its_node():
    here, there = endpoint("10.244.1.2"), endpoint("10.244.2.2", node="node-2")
    inside = service(internalTrafficPolicy="Local")
    assert targets(rules([inside], [endpoint_slice(here, there)]), "svc.default.web.80.tcp") == ["10.244.1.2:8080"]
    assert targets(rules([inside], [endpoint_slice(there)]), "svc.default.web.80.tcp") is None


def test_affinity_chooses_by_the_client_and_only_a_lost_pods_clients_move():
    pods = [endpoint(f"10.244.1.{n}") for n in range(2, 6)]
    sticky = service(sessionAffinity="ClientIP")
    before = targets(rules([sticky], [endpoint_slice(*pods)]), "svc.default.web.80.tcp")
    after = targets(rules([sticky], [endpoint_slice(*pods[1:])]), "svc.default.web.80.tcp")
    assert set(before) == {f"10.244.1.{n}:8080" for n in range(2, 6)}
    assert min(before.count(one) for one in set(before)) >= 8  # of 64 buckets, 16 on average
    assert [one for one, other in zip(before, after, strict=True) if one != other] == ["10.244.1.2:8080"] * (
        before.count("10.244.1.2:8080")
    )


def test_a_pod_may_reach_itself_through_its_service():
    slices = [endpoint_slice(endpoint("10.244.1.2"), endpoint("10.244.2.2", node="node-2"))]
    assert "elements = { 10.244.1.2 . 10.244.1.2 }" in rules([service()], slices)


def test_what_the_machine_itself_answers_comes_back_through_the_node():
    assert "ct status dnat ip daddr 10.244.0.1 masquerade" in rules([], [])


def test_connections_are_counted_in_a_table_that_outlives_the_rules():
    text = rules([service()], [endpoint_slice(endpoint("10.244.1.2"))])
    assert "add rule ip kube_counts count ct status dnat update @served" in text
    assert "delete table ip kube\n" in text
    assert "delete table ip kube_counts" not in text


def test_counts_are_read_from_what_nft_lists():
    elements = [
        {"elem": {"val": {"concat": ["10.96.0.20", 6, "10.244.1.2", 8080]}, "counter": {"packets": 7, "bytes": 420}}},
        {"elem": {"val": {"concat": ["10.96.0.10", "udp", "10.244.1.3", 53]}, "counter": {"packets": 1, "bytes": 60}}},
    ]
    listed = {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"name": "served", "elem": elements}}]}
    assert proxy.counts(json.dumps(listed)) == [
        {"address": "10.96.0.10", "protocol": "UDP", "endpoint": "10.244.1.3", "port": 53, "connections": 1},
        {"address": "10.96.0.20", "protocol": "TCP", "endpoint": "10.244.1.2", "port": 8080, "connections": 7},
    ]
    assert proxy.counts('{"nftables": [{"set": {"name": "served"}}]}') == []


def test_the_longest_names_are_short_enough_and_differ():
    long = [service(f"{letter}" * 63, namespace="n" * 63) for letter in "ab"]
    ids = {port.id for port in proxy.ports(long, [])}
    assert len(ids) == 2
    assert max(map(len, ids)) < 120


def test_the_pods_of_other_nodes_are_behind_them():
    assert proxy.routes(NODE) == "route replace 10.244.2.0/24 via 10.244.0.12\n"


def test_udp_flows_to_endpoints_that_are_gone_are_forgotten():
    port = [{"port": 53, "protocol": "UDP"}]

    def ports(*ips):
        slices = endpoint_slice(*map(endpoint, ips), ports=[{"name": "", "protocol": "UDP", "port": 53}])
        return proxy.ports([service(ports=port)], [slices])

    assert proxy.stale(ports("10.244.1.2", "10.244.1.3"), ports("10.244.1.3")) == (
        "-p udp --orig-dst 10.96.0.20 --reply-src 10.244.1.2\n"
    )
    assert proxy.stale(ports("10.244.1.2"), []) == "-p udp --orig-dst 10.96.0.20 --reply-src 10.244.1.2\n"
    assert proxy.stale(ports("10.244.1.2"), ports("10.244.1.2")) == ""


def test_where_the_api_answers_is_what_its_slice_says_first():
    api = service("kubernetes", ip="10.96.0.1", ports=[{"name": "https", "port": 443, "protocol": "TCP"}])
    own = [{"name": "https", "protocol": "TCP", "port": 6443}]
    known = endpoint_slice(endpoint("10.244.0.1"), of="kubernetes", ports=own)
    here = proxy.Endpoint("192.168.65.254", 6443)
    (with_slice,) = proxy.with_api(proxy.ports([api], [known]), here)
    (without, other) = proxy.with_api(proxy.ports([api, service()], []), here)
    assert [one.ip for one in with_slice.endpoints] == ["10.244.0.1"]
    assert {port.service: port.endpoints for port in (without, other)} == {"kubernetes": (here,), "web": ()}
