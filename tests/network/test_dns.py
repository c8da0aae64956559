"""From Services and their endpoints to names. Pure."""

from minikweb.network import dns
from tests.network.objects import endpoint, endpoint_slice, pod, service


def records(services, slices=(), pods=()):
    """The records as {name: [type and data]}; the zone's own is left out."""
    found = {}
    for line in dns.names(services, slices, pods).splitlines():
        kind, _, text = line.partition(": ")
        if kind == "local-data" and " SOA " not in text:
            name, _, _, rest = text.strip('"').split(" ", 3)
            found.setdefault(name.removesuffix(".cluster.local."), []).append(rest)
    return found


def test_it_works():
    assert records([service()]) == {"web.default.svc": ["A 10.96.0.20"]}
    assert 'local-data-ptr: "10.96.0.20 5 web.default.svc.cluster.local."' in dns.names([service()], [])


def test_unknown_names_of_the_cluster_are_not_asked_elsewhere():
    assert dns.names([], []).startswith('local-zone: "cluster.local." static\n')


def test_named_ports_are_found_by_srv():
    found = records([service(ports=[{"name": "http", "port": 80}, {"port": 81}])])
    assert found["_http._tcp.web.default.svc"] == ["SRV 0 100 80 web.default.svc.cluster.local."]
    assert len(found) == 2


def test_a_headless_service_is_its_ready_pods_each_with_a_name():
    headless = service("db", ip="None")
    pods = [
        endpoint("10.244.1.2", hostname="db-0"),
        endpoint("10.244.1.3", hostname="db-1", ready=False),
        endpoint("10.244.2.4", node="node-2"),
    ]
    ports = [{"name": "sql", "protocol": "TCP", "port": 5432}]
    found = records([headless], [endpoint_slice(*pods, of="db", ports=ports)])
    assert sorted(found["db.default.svc"]) == ["A 10.244.1.2", "A 10.244.2.4"]
    assert found["db-0.db.default.svc"] == ["A 10.244.1.2"]
    assert found["10-244-2-4.db.default.svc"] == ["A 10.244.2.4"]
    assert "db-1.db.default.svc" not in found
    assert "SRV 0 100 5432 db-0.db.default.svc.cluster.local." in found["_sql._tcp.db.default.svc"]


def test_pods_that_are_not_ready_have_names_where_asked_for():
    headless = service("db", ip="None", publishNotReadyAddresses=True)
    found = records([headless], [endpoint_slice(endpoint("10.244.1.3", hostname="db-1", ready=False), of="db")])
    assert found["db-1.db.default.svc"] == ["A 10.244.1.3"]


def test_an_external_name_is_an_alias_that_the_server_follows():
    out = service("out", ip=None, type="ExternalName", externalName="example.com.", ports=[])
    text = dns.names([out], [])
    assert 'local-zone: "out.default.svc.cluster.local." redirect' in text
    assert records([out]) == {"out.default.svc": ["CNAME example.com."]}


def test_an_external_name_inside_the_cluster_has_its_targets_addresses():
    inside = service("in", ip=None, type="ExternalName", externalName="web.default.svc.cluster.local", ports=[])
    assert records([inside, service()])["in.default.svc"] == ["A 10.96.0.20"]


def test_the_same_objects_in_another_order_are_the_same_text():
    two = [service("a", ip="10.96.0.21"), service("b", ip="10.96.0.22")]
    assert dns.names(two, []) == dns.names(two[::-1], [])


def test_a_pods_address_is_a_name_while_it_is_there():
    pods = [pod("web", "10.244.1.7"), pod("job", "10.244.1.8", phase="Succeeded"), pod("new", "", phase="Pending")]
    assert records([], [], pods) == {"10-244-1-7.default.pod": ["A 10.244.1.7"]}
