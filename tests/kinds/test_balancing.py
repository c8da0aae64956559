"""Who got how many of a Service's connections. Pure."""

from minikweb.kinds.balancing import shares


def service(kind="ClusterIP", **spec):
    return {"spec": {"type": kind, "clusterIP": "10.96.0.20", **spec}}


def endpoint(pod, ip, ready=True):
    target = {"kind": "Pod", "name": pod}
    return {"addresses": [ip], "nodeName": "node-1", "targetRef": target, "conditions": {"ready": ready}}


def endpoint_slice(*endpoints):
    return {"endpoints": list(endpoints), "ports": [{"port": 8080, "protocol": "TCP"}]}


def count(address, endpoint, connections, port=8080, protocol="TCP"):
    return {
        "address": address,
        "protocol": protocol,
        "endpoint": endpoint,
        "port": port,
        "connections": connections,
    }


SLICES = [endpoint_slice(endpoint("b", "10.244.1.3"), endpoint("a", "10.244.1.2"))]


def given(service, *counts, slices=SLICES):
    return {share.pod: share.connections for share in shares(service, slices, counts)}


def test_it_works():
    node_1 = [count("10.96.0.20", "10.244.1.2", 3), count("10.96.0.20", "10.244.1.3", 4)]
    node_2 = [count("10.96.0.20", "10.244.1.2", 5)]
    assert given(service(), node_1, node_2) == {"a": 8, "b": 4}


def test_other_services_of_the_same_pods_are_not_counted():
    others = [count("10.96.0.99", "10.244.1.2", 3), count("10.244.0.11", "10.244.1.2", 3)]
    assert given(service(), others) == {"a": 0, "b": 0}


def test_what_came_by_a_node_port_counts_where_there_is_one():
    by_node = [count("10.244.0.11", "10.244.1.2", 3), count("10.96.0.99", "10.244.1.2", 9)]
    assert given(service("NodePort"), by_node) == {"a": 3, "b": 0}


def test_an_endpoint_says_whether_it_gets_new_connections():
    (share,) = shares(service(), [endpoint_slice(endpoint("a", "10.244.1.2", ready=False))], [])
    assert (share.ready, share.node, share.ip, share.port) == (False, "node-1", "10.244.1.2", 8080)


def test_ports_are_told_apart():
    slices = [{**SLICES[0], "ports": [{"port": 8080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}]
    found = shares(service(), slices, [[count("10.96.0.20", "10.244.1.2", 7, 53, "UDP")]])
    assert [(one.pod, one.port, one.connections) for one in found] == [
        ("a", 53, 7),
        ("a", 8080, 0),
        ("b", 53, 0),
        ("b", 8080, 0),
    ]
