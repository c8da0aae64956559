"""The links under which a browser of this machine opens what the cluster serves."""

import pytest

from minikweb.kinds.laptop import laptop_urls

BALANCED = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}


def service(kind, *ports, status=None):
    spec = {"type": kind, "ports": [{"protocol": "TCP", **port} for port in ports]}
    return {"kind": "Service", "spec": spec, "status": status or {"loadBalancer": {}}}


def ingress(*hosts, tls=(), served=True, paths=("/",), **spec):
    http = {"paths": [{"path": path, "pathType": "Prefix"} for path in paths]}
    rules = [{"http": http, **({"host": host} if host else {})} for host in hosts]
    spec = {"rules": rules, "tls": [{"hosts": list(tls)}] if tls else [], **spec}
    return {"kind": "Ingress", "spec": spec, "status": BALANCED if served else {"loadBalancer": {}}}


def test_a_node_port_opens_on_localhost():
    found = service("NodePort", {"port": 80, "nodePort": 30080}, {"port": 443, "nodePort": 30443})
    assert laptop_urls(found) == ["http://localhost:30080/", "https://localhost:30443/"]


def test_a_load_balancer_opens_at_its_own_port_once_it_is_there():
    ports = {"name": "web", "port": 80, "nodePort": 30080}, {"name": "https", "port": 8443, "nodePort": 30443}
    assert laptop_urls(service("LoadBalancer", *ports, status=BALANCED)) == [
        "http://localhost/",
        "https://localhost:8443/",
    ]
    assert laptop_urls(service("LoadBalancer", *ports)) == ["http://localhost:30080/", "https://localhost:30443/"]
    assert laptop_urls(service("LoadBalancer", {"port": 80})) == []


def test_a_port_that_another_program_has_is_left_out():
    taken = {"port": 80, "protocol": "TCP", "error": "PortUnavailable"}
    status = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1", "ports": [taken]}]}}
    ports = {"port": 80, "nodePort": 30080}, {"port": 443, "nodePort": 30443}
    assert laptop_urls(service("LoadBalancer", *ports, status=status)) == ["https://localhost/"]


@pytest.mark.parametrize(
    "port, scheme",
    [
        ({"port": 80}, "http"),
        ({"port": 9000, "appProtocol": "https"}, "https"),
        ({"port": 9000, "name": "https-admin"}, "https"),
        ({"port": 9000, "name": "httpserver"}, "http"),
    ],
)
def test_the_scheme_follows_what_the_port_says_of_itself(port, scheme):
    assert laptop_urls(service("NodePort", {"nodePort": 31000, **port})) == [f"{scheme}://localhost:31000/"]


def test_what_is_only_inside_the_cluster_or_no_tcp_has_no_link():
    assert laptop_urls(service("ClusterIP", {"port": 80})) == []
    assert laptop_urls(service("ExternalName")) == []
    assert laptop_urls(service("NodePort", {"port": 53, "nodePort": 30053, "protocol": "UDP"})) == []
    assert laptop_urls({"kind": "Pod", "spec": {}}) == []


def test_an_ingress_opens_under_its_hosts_and_paths():
    found = ingress("shop.localhost", "pay.localhost", tls=["pay.localhost"], paths=("/", "/cart"))
    assert laptop_urls(found) == [
        "http://shop.localhost:8080/",
        "http://shop.localhost:8080/cart",
        "https://pay.localhost:8443/",
        "https://pay.localhost:8443/cart",
    ]
    assert laptop_urls(ingress("shop.localhost"), http=80, https=443) == ["http://shop.localhost/"]


def test_a_wildcard_certificate_covers_one_label():
    assert laptop_urls(ingress("a.shop.localhost", tls=["*.shop.localhost"])) == ["https://a.shop.localhost:8443/"]
    assert laptop_urls(ingress("a.b.shop.localhost", tls=["*.shop.localhost"])) == ["http://a.b.shop.localhost:8080/"]


def test_an_ingress_without_a_host_opens_on_localhost():
    assert laptop_urls(ingress(None)) == ["http://localhost:8080/"]
    assert laptop_urls(ingress(defaultBackend={"service": {"name": "web"}})) == ["http://localhost:8080/"]


def test_a_host_that_no_browser_finds_has_no_link():
    assert laptop_urls(ingress("shop.example", "*.shop.localhost")) == []


def test_an_ingress_that_nobody_serves_has_no_link():
    assert laptop_urls(ingress("shop.localhost", served=False)) == []
