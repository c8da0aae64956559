"""Which pods are in a Service's EndpointSlices, and how. Pure."""

import copy

from minikweb.controllers import endpoints
from minikweb.controllers.endpointslice import desired, difference, pair, ports_of, selects, target_number
from tests.controllers.builders import ago, metadata, pod


def service(name="web", *, ports=None, selector=None, labels=None, **spec):
    ports = [{"port": 80, "targetPort": 8080, "protocol": "TCP"}] if ports is None else ports
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, labels=labels or {}),
        "spec": {"type": "ClusterIP", "selector": {"app": "web"} if selector is None else selector, "ports": ports}
        | spec,
    }


def answering(ip="10.244.1.2", **more):
    status = {"podIP": ip, **more.pop("status", {})}
    return pod(status=status, **more)


def conditions(found):
    return [tuple(each["conditions"].values()) for one in found for each in one["endpoints"]]


def addresses(found):
    return [[each["addresses"][0] for each in one["endpoints"]] for one in found]


def test_it_works():
    first, second = answering("10.244.1.10"), answering("10.244.1.9", node="node-2")
    (found,) = desired(service(labels={"team": "a"}), [first, second])
    assert addresses([found]) == [["10.244.1.9", "10.244.1.10"]]
    assert conditions([found]) == [(True, True, False)] * 2  # ready, serving, terminating
    assert found["endpoints"][0]["nodeName"] == "node-2"
    assert found["endpoints"][1]["targetRef"]["name"] == first["metadata"]["name"]
    assert found["ports"] == [{"name": "", "protocol": "TCP", "port": 8080}]
    assert found["metadata"]["generateName"] == "web-"
    assert found["metadata"]["labels"] == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert found["metadata"]["ownerReferences"][0]["controller"] is True


def test_a_selector_chooses_by_all_its_labels_and_none_chooses_nobody():
    both = {"app": "web", "tier": "front"}
    assert selects(service(selector=both), answering(labels={**both, "more": "1"}))
    assert not selects(service(selector=both), answering(labels={"app": "web"}))
    assert not selects(service(selector={}), answering())


def test_a_pod_that_is_not_ready_is_there_and_not_ready():
    assert conditions(desired(service(), [answering(ready=None)])) == [(False, False, False)]


def test_a_terminating_pod_still_serves_and_is_not_ready():
    ending = answering(deletionTimestamp=ago(1))
    assert conditions(desired(service(), [ending])) == [(False, True, True)]
    assert conditions(desired(service(), [answering(ready=None, deletionTimestamp=ago(1))])) == [(False, False, True)]


def test_not_ready_addresses_are_published_where_asked_for():
    anyone = service(publishNotReadyAddresses=True)
    assert conditions(desired(anyone, [answering(ready=None)])) == [(True, False, False)]
    assert conditions(desired(anyone, [answering(deletionTimestamp=ago(1))])) == [(True, True, True)]


def test_pods_without_an_address_or_ended_for_good_are_left_out():
    (found,) = desired(service(), [pod(), answering(phase="Succeeded"), answering(phase="Failed")])
    assert (found["endpoints"], found["ports"]) == ([], [])


def test_a_named_port_is_a_number_of_each_pod():
    named = [{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}]

    def listening(ip, number, protocol="TCP"):
        port = {"name": "http", "containerPort": number, "protocol": protocol}
        return answering(ip, spec={"containers": [{"name": "web", "ports": [port]}]})

    found = desired(
        service(ports=named),
        [listening("10.244.1.2", 8080), listening("10.244.1.3", 9090), listening("10.244.1.4", 53, "UDP")],
    )
    assert [(one["ports"], addresses([one])[0]) for one in found] == [
        ([], ["10.244.1.4"]),
        ([{"name": "web", "protocol": "TCP", "port": 8080}], ["10.244.1.2"]),
        ([{"name": "web", "protocol": "TCP", "port": 9090}], ["10.244.1.3"]),
    ]


def test_the_named_port_of_a_sidecar_counts_and_that_of_an_init_container_does_not():
    port = {"name": "metrics", "containerPort": 9000}
    for policy, number in (("Always", 9000), (None, None)):
        init = {"name": "i", "ports": [port], **({"restartPolicy": policy} if policy else {})}
        assert target_number(answering(spec={"initContainers": [init]}), "metrics", "TCP") == number


def test_several_ports_and_protocols():
    ports = [
        {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    assert ports_of(service(ports=ports), answering()) == (("dns", "UDP", 5353), ("dns-tcp", "TCP", 53))


def test_a_headless_service_marks_its_slices_and_knows_its_pods_by_host_name():
    named = answering(spec={"hostname": "db-0", "subdomain": "web"})
    (found,) = desired(service(clusterIP="None", ports=[]), [named])
    assert found["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert found["endpoints"][0]["hostname"] == "db-0"
    assert found["ports"] == []


def test_a_hundred_endpoints_to_a_slice():
    pods = [answering(f"10.244.{n // 200}.{n % 200 + 2}") for n in range(250)]
    assert [len(one["endpoints"]) for one in desired(service(), pods)] == [100, 100, 50]


def test_what_is_right_already_is_not_written():
    wanted = desired(service(), [answering()])
    existing = [stored(one, number) for number, one in enumerate(wanted)]
    pairs, left_over = pair(existing, wanted)
    assert [difference(found, new) for found, new in pairs] == [{}]
    assert left_over == []


def test_a_changed_endpoint_rewrites_its_slice_and_nothing_else():
    one = answering()
    (before,), (after,) = (desired(service(labels=labels), [one]) for labels in ({"old": "1"}, {"new": "1"}))
    after["endpoints"][0]["conditions"]["ready"] = False
    change = difference(stored(before), after)
    assert change["endpoints"] == after["endpoints"]
    assert change["metadata"]["labels"].items() >= {"old": None, "new": "1"}.items()
    assert "ports" not in change


def test_slices_of_ports_nobody_has_any_more_are_left_over():
    many = desired(service(), [answering(f"10.244.1.{n}") for n in range(2, 152)])
    existing = [stored(one, number) for number, one in enumerate(many)]
    pairs, left_over = pair(existing, desired(service(), []))
    assert len(pairs) == len(left_over) == 1


def stored(one, number=0):
    found = copy.deepcopy(one)
    found["metadata"]["name"] = f"web-{number}"
    return found


# --- Endpoints ----------------------------------------------------------------------------------------
def test_endpoints_hold_the_ready_and_the_others_apart_and_nobody_terminating():
    pods = [
        answering("10.244.1.2"),
        answering("10.244.1.3", ready=None),
        answering("10.244.1.4", deletionTimestamp="x"),
    ]
    found = endpoints.desired(service(), desired(service(), pods))
    (subset,) = found["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == ["10.244.1.2"]
    assert [each["ip"] for each in subset["notReadyAddresses"]] == ["10.244.1.3"]
    assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_endpoints_of_nobody_have_no_subset():
    assert endpoints.desired(service(), desired(service(), []))["subsets"] == []
