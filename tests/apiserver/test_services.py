import ipaddress

import pytest

SERVICES = "/api/v1/namespaces/default/services"


def service(name, **spec):
    return {"metadata": {"name": name}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}}


def test_it_works(api):
    spec = api.make(SERVICES, service("web"))["spec"]

    assert spec["type"] == "ClusterIP"
    assert ipaddress.ip_address(spec["clusterIP"]) in ipaddress.ip_network("10.96.0.0/12")
    assert spec["clusterIPs"] == [spec["clusterIP"]]


def test_no_two_have_the_same_address(api):
    addresses = {api.make(SERVICES, service(f"s{number}"))["spec"]["clusterIP"] for number in range(20)}

    assert len(addresses) == 20
    assert "10.96.0.1" not in addresses


def test_an_address_may_be_chosen_once(api):
    assert api.make(SERVICES, service("dns", clusterIP="10.96.0.10"))["spec"]["clusterIP"] == "10.96.0.10"

    taken = api.post(SERVICES, service("other", clusterIP="10.96.0.10"))

    assert taken.status == 422
    assert "provided IP is already allocated" in taken.message
    assert api.delete(f"{SERVICES}/dns").status == 200
    assert api.post(SERVICES, service("other", clusterIP="10.96.0.10")).status == 201


@pytest.mark.parametrize("address", ["10.0.0.1", "a.b", "::1"])
def test_an_address_must_be_of_the_services(api, address):
    assert api.post(SERVICES, service("web", clusterIP=address)).status == 422


def test_a_headless_service_has_no_address(api):
    spec = api.make(SERVICES, service("web", clusterIP="None"))["spec"]

    assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])


def test_an_external_name_has_no_address(api):
    spec = api.make(SERVICES, service("web", type="ExternalName", externalName="example.com"))["spec"]

    assert "clusterIP" not in spec


def test_an_address_stays(api):
    created = api.make(SERVICES, service("web"))
    changed = service("web", ports=[{"port": 8080}])

    spec = api.put(f"{SERVICES}/web", changed).json["spec"]

    assert spec["clusterIP"] == created["spec"]["clusterIP"]
    assert spec["ports"][0]["port"] == 8080


def test_node_ports_are_given_kept_and_taken_back(api):
    created = api.make(SERVICES, service("web", type="NodePort"))
    port = created["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767

    kept = api.put(f"{SERVICES}/web", service("web", type="NodePort")).json["spec"]["ports"][0]
    assert kept["nodePort"] == port
    back = api.put(f"{SERVICES}/web", service("web")).json["spec"]["ports"][0]
    assert "nodePort" not in back


def test_a_node_port_may_be_chosen_once(api):
    chosen = [{"port": 80, "nodePort": 30080}]
    api.make(SERVICES, service("web", type="NodePort", ports=chosen))

    taken = api.post(SERVICES, service("other", type="NodePort", ports=chosen))
    outside = api.post(SERVICES, service("other", type="NodePort", ports=[{"port": 80, "nodePort": 80}]))

    assert (taken.status, outside.status) == (422, 422)
    assert "provided port is already allocated" in taken.message


def test_the_api_has_a_service(api):
    spec = api.get(f"{SERVICES}/kubernetes").json["spec"]

    assert (spec["clusterIP"], spec["ports"][0]["port"]) == ("10.96.0.1", 443)
