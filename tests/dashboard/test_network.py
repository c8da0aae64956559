"""Services and Ingresses: who answers, under which link, and what leads nowhere."""

import pytest

from minikweb.dashboard import reach
from minikweb.dashboard.arrangements import by_network, by_node
from minikweb.dashboard.sight import Sight, visible
from tests.dashboard.objects import deployment, entry_of, made, pod, replica_set, tree_of
from tests.dashboard.web import running


def service(name="web", namespace="demo", **spec):
    spec = {"type": "ClusterIP", "selector": {"app": "web"}, "ports": [{"port": 80, "name": "http"}]} | spec
    return made("Service", name, namespace, spec=spec)


def ingress(name="front", service="web", port=80, **spec):
    backend = {"service": {"name": service, "port": {"number": port}}}
    rule = {"host": "shop.localhost", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return made("Ingress", name, spec={"rules": [rule]} | spec)


def slice_of(*endpoints):
    return {"metadata": {"name": "web-1"}, "ports": [{"port": 8080}], "endpoints": list(endpoints)}


def endpoint(address, name, **conditions):
    return {
        "addresses": [address],
        "conditions": conditions,
        "targetRef": {"kind": "Pod", "name": name},
        "nodeName": "n",
    }


def test_an_endpoint_says_whether_it_gets_connections():
    found = reach.endpoints(
        [
            slice_of(
                endpoint("10.0.0.3", "c", ready=False, serving=True, terminating=True),
                endpoint("10.0.0.1", "a", ready=True, serving=True, terminating=False),
                endpoint("10.0.0.2", "b", ready=False, serving=False, terminating=False),
                endpoint("10.0.0.4", "d", ready=False, serving=False, terminating=True),
            )
        ]
    )
    assert [(one.pod, one.word, one.health) for one in found] == [
        ("a", "ready", "Healthy"),
        ("b", "not ready", "Missing"),
        ("c", "terminating, serving", "Suspended"),
        ("d", "terminating", "Suspended"),
    ]


def test_an_endpoint_without_conditions_is_ready():
    assert reach.endpoints([slice_of({"addresses": ["10.0.0.1"]})])[0].word == "ready"


@pytest.mark.parametrize(
    "there, ready, port, problem",
    [
        (service(), 2, 80, ""),
        (None, 0, 80, "no service"),
        (service(), 2, 81, "no port"),
        (service(), 0, 80, "no endpoint"),
        (service(type="ExternalName"), 0, 80, ""),
    ],
)
def test_a_route_says_what_leads_nowhere(there, ready, port, problem):
    (route,) = reach.routes(ingress(port=port), lambda name: there, lambda name: ready)
    assert (route.host, route.path, route.service, route.problem) == ("shop.localhost", "/", "web", problem)


def labelled(name, app="web", **parts):
    return pod(name, metadata={"labels": {"app": app}}, **parts)


def shape(tree, namespace="demo"):
    """(level, kind, name) of each row."""
    return [(row.level, row.entry.kind, row.entry.name) for row in visible(tree, Sight(namespace=namespace, depth=4))]


def test_the_network_goes_from_the_ingress_to_the_pods():
    objects = [made("Namespace", "demo"), service(), service("lonely", selector={"app": "x"}), ingress()]
    objects += [labelled("web-1"), labelled("web-2"), labelled("batch", app="batch")]
    tree = tree_of(*objects)
    arranged = by_network(tree, objects[1:3], [objects[3]])
    assert shape(arranged) == [
        (1, "Namespace", "demo"),
        (2, "Ingress", "front"),
        (3, "Service", "web"),
        (4, "Pod", "web-1"),
        (4, "Pod", "web-2"),
        (2, "Service", "lonely"),
        (2, "Group", "unreached"),
    ]
    assert next(e for e in arranged.entries.values() if e.name == "web").ready == (2, 2)


def test_a_pod_behind_two_services_has_a_row_of_its_own_in_each():
    objects = [made("Namespace", "demo"), service("one"), service("two"), labelled("web-1")]
    arranged = by_network(tree_of(*objects), objects[1:3], [])
    ids = [row.id for row in visible(arranged, Sight(namespace="demo"))]
    assert len(ids) == len(set(ids)) == 7, "a namespace, two Services, each with the Pod and its container"


def test_pods_stand_below_their_node_those_that_wait_apart():
    web = deployment()
    rs = replica_set(web, 1)
    waiting = pod("later", rs, spec={"containers": []})
    objects = [made("Namespace", "demo"), web, rs, pod("now", rs, node="node-1"), waiting]
    arranged = by_node(tree_of(*objects), [entry_of(made("Node", "node-1"))], "demo")
    assert shape(arranged) == [(1, "Node", "node-1"), (2, "Pod", "now"), (1, "Group", "unplaced")]
    assert by_node(tree_of(*objects), [], "other").children == {}


# --- The pages ---------------------------------------------------------------------------------------


def slices(web, name, address, pod, ready=True):
    labels = {reach.SERVICE_NAME: name}
    target = {"kind": "Pod", "name": pod, "namespace": web.namespace}
    found = {"addresses": [address], "conditions": {"ready": ready, "serving": ready}, "targetRef": target}
    made = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-1", "labels": labels},
    }
    return web.make(made | {"addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": [found]})


def a_service(web, name="front", **spec):
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]} | spec
    return web.make({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def test_it_works(web):
    a_service(web, type="NodePort")
    web.pod("web-1")
    slices(web, "front", "10.1.2.3", "web-1")
    page = web.get(web.path("Service", "front"))
    assert "10.1.2.3" in page and ">web-1</a>" in page and "ready" in page
    assert f"front.{web.namespace}.svc.cluster.local" in page
    node_port = web.read("Service", "front")["spec"]["ports"][0]["nodePort"]
    assert f"http://localhost:{node_port}/" in page


def test_nothing_opens_where_nothing_runs(web, monkeypatch):
    a_service(web, type="NodePort")
    monkeypatch.setattr("minikweb.dashboard.cluster.runtime", lambda: "simulated")
    page = web.get(web.path("Service", "front"))
    assert "http://localhost:" not in page and "The nodes are simulated" in page


def test_a_service_says_why_nobody_answers(web):
    a_service(web)
    assert "No Pod has the labels of its selector" in web.get(web.path("Service", "front"))
    web.pod("web-1", status=running(ready=False))
    slices(web, "front", "10.1.2.3", "web-1", ready=False)
    assert "none is ready" in web.get(web.path("Service", "front"))


def test_an_ingress_shows_its_routes_and_the_one_that_leads_nowhere(web):
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    rule = {"host": "shop.localhost", "http": {"paths": [{"path": "/buy", "pathType": "Prefix", "backend": backend}]}}
    metadata = {"name": "shop"}
    web.make({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"rules": [rule]}})
    page = web.get(web.path("Ingress", "shop"))
    assert "shop.localhost" in page and "/buy" in page
    assert "There is no Service of this name" in page and "No Ingress controller serves it yet" in page
    a_service(web)
    assert "No ready Pod behind this Service" in web.get(web.path("Ingress", "shop"))
    slices(web, "front", "10.1.2.3", "web-1")
    assert "No ready Pod" not in web.get(web.path("Ingress", "shop"))
    assert ">shop</a>" in web.get(web.path("Service", "front"))
    tree = web.get(f"/?ns={web.namespace}&by=network&depth=4")
    assert tree.index(">shop</a>") < tree.index(">front</a>")
