"""What the API makes of an Ingress before it is stored, and what it says where nobody acts on one."""

import pytest

from minikweb import settings
from tests.apiserver.api import TABLE

NETWORKING = "/apis/networking.k8s.io/v1"
CLASSES = f"{NETWORKING}/ingressclasses"
DEFAULT = {"ingressclass.kubernetes.io/is-default-class": "true"}


def ingresses(namespace="default"):
    return f"{NETWORKING}/namespaces/{namespace}/ingresses"


def ingress(name="shop", host="shop.localhost", path="/", annotations=None, **spec):
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    route = {"path": path, "pathType": "Prefix", "backend": backend}
    rule = {"http": {"paths": [route]}, **({"host": host} if host else {})}
    return {"metadata": {"name": name, "annotations": annotations or {}}, "spec": {"rules": [rule], **spec}}


def make_class(api, name, annotations=None):
    metadata = {"name": name, "annotations": annotations or {}}
    return api.make(CLASSES, {"metadata": metadata, "spec": {"controller": f"example.com/{name}"}})


def make_node(api, runtime):
    api.make("/api/v1/nodes", {"metadata": {"name": "node-1", "labels": {"minikweb.io/runtime": runtime}}})


def make_namespace(api, name):
    api.make("/api/v1/namespaces", {"metadata": {"name": name}})


def test_it_works(api):
    make_class(api, "other")
    make_class(api, "traefik", DEFAULT)
    answer = api.post(ingresses(), ingress())
    assert answer.status == 201
    assert answer.json["spec"]["ingressClassName"] == "traefik"
    assert "warning" not in answer.headers
    shown = api.get(f"{ingresses()}/shop", accept=TABLE).json["rows"][0]["cells"]
    assert shown == ["shop", "traefik", "shop.localhost", "", "80", "0s"]


def test_a_class_that_is_named_stays(api):
    make_class(api, "traefik", DEFAULT)
    make_class(api, "mine")
    assert api.make(ingresses(), ingress(ingressClassName="mine"))["spec"]["ingressClassName"] == "mine"
    old = ingress("old", "old.localhost", annotations={"kubernetes.io/ingress.class": "mine"})
    assert "ingressClassName" not in api.make(ingresses(), old)["spec"]


def test_of_two_default_classes_the_newest_is_taken(api):
    make_class(api, "zebra", DEFAULT)
    api.wait(5)
    make_class(api, "newest", DEFAULT)
    api.wait(5)
    make_class(api, "last")
    assert api.make(ingresses(), ingress())["spec"]["ingressClassName"] == "newest"


def test_a_class_is_set_at_creation_alone(api):
    made = api.make(ingresses(), ingress())
    make_class(api, "traefik", DEFAULT)
    assert "ingressClassName" not in api.put(f"{ingresses()}/shop", made).json["spec"]


@pytest.mark.parametrize(
    "spec, words",
    [
        ({}, "no IngressClass is the default here"),
        ({"ingressClassName": "nginx"}, "there is no IngressClass nginx"),
    ],
)
def test_an_ingress_that_no_controller_serves_is_stored_with_a_warning(api, spec, words):
    answer = api.post(ingresses(), ingress(**spec))
    assert answer.status == 201
    assert words in answer.headers["warning"]


def test_on_simulated_nodes_an_ingress_is_inert_and_says_so(api):
    make_node(api, "simulated")
    make_class(api, "traefik", DEFAULT)
    answer = api.post(ingresses(), ingress())
    assert "an Ingress is stored and routes nothing" in answer.headers["warning"]


def test_a_host_and_path_belong_to_one_namespace(api):
    make_class(api, "traefik", DEFAULT)
    make_namespace(api, "bob")
    api.make(ingresses(), ingress("mine"))
    answer = api.post(ingresses("bob"), ingress("his"))
    assert answer.status == 403
    assert answer.message == (
        'ingresses.networking.k8s.io "his" is forbidden: host "shop.localhost" with path "/" belongs to the Ingress '
        "mine of namespace default already"
    )
    assert api.post(ingresses("bob"), ingress("his", host=None)).status == 201
    assert "every host" in api.post(ingresses(), ingress("everything", host=None)).message
    assert api.post(ingresses("bob"), ingress("other", path="/other")).status == 201
    assert api.post(ingresses(), ingress("twice")).status == 201  # within a namespace Kubernetes' rules hold


def test_no_application_shares_the_dashboards_host_name(api, monkeypatch):
    monkeypatch.setattr(settings, "OWN_HOSTS", ["class.example"])
    answer = api.post(ingresses(), ingress(host="class.example"))
    assert answer.status == 403
    assert 'host "class.example" is where the dashboard answers' in answer.message
    assert api.post(ingresses(), ingress(host="shop.class.example")).status == 201


def test_a_change_takes_nobody_elses_host_either_and_everything_else_may_change(api):
    make_class(api, "traefik", DEFAULT)
    make_namespace(api, "bob")
    api.make(ingresses(), ingress("mine"))
    his = api.make(ingresses("bob"), ingress("his", host="his.localhost"))
    taking = {"spec": ingress()["spec"]}
    assert api.patch(f"{ingresses('bob')}/his", taking).status == 403
    his["metadata"]["labels"] = {"a": "b"}
    assert api.put(f"{ingresses('bob')}/his", his).status == 200
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}}
    assert api.patch(f"{ingresses('bob')}/his/status", status).status == 200


def test_an_ingress_class_is_shown_with_its_controller(api):
    make_class(api, "traefik")
    shown = api.get(f"{CLASSES}/traefik", accept=TABLE).json["rows"][0]["cells"]
    assert shown == ["traefik", "example.com/traefik", "<none>", "0s"]


@pytest.mark.parametrize("runtime, warned", [("simulated", True), ("docker", False)])
def test_a_network_policy_says_where_it_is_not_enforced(api, runtime, warned):
    make_node(api, runtime)
    policy = {"metadata": {"name": "x"}, "spec": {"podSelector": {}}}
    answer = api.post(f"{NETWORKING}/namespaces/default/networkpolicies", policy)
    assert ("stored and not enforced" in answer.headers.get("warning", "")) == warned
