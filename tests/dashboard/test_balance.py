"""Who got a Service's connections, shown while it happens."""

import re

import pytest

from minikweb.dashboard.views import balance
from minikweb.dashboard.views.balance import Counts


def make_service(web):
    ports = [{"port": 80, "targetPort": 8080}]
    metadata = {"name": "web"}
    made = web.make({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
    endpoints = [
        {
            "addresses": [f"10.244.1.{number}"],
            "conditions": {"ready": True},
            "targetRef": {"kind": "Pod", "name": f"web-{number}"},
        }
        for number in (1, 2)
    ]
    labels = {"kubernetes.io/service-name": "web"}
    web.make(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web-1", "labels": labels},
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        }
    )
    return made


def given(service, endpoint, connections):
    address = service["spec"]["clusterIP"]
    return {
        "address": address,
        "protocol": "TCP",
        "endpoint": endpoint,
        "port": 8080,
        "connections": connections,
    }


def test_it_works(web, monkeypatch):
    service = make_service(web)
    nodes = [[given(service, "10.244.1.1", 3), given(service, "10.244.1.2", 4)], [given(service, "10.244.1.1", 5)]]
    monkeypatch.setattr(balance, "counts", Counts(lambda: nodes))
    fragment = web.get(web.path("Service", "web", "balance/"))
    assert re.findall(r"<td class=\"num\">(\d+)</td>", fragment) == ["8", "4"]
    assert 'max="12" value="8"' in fragment
    assert web.path("Service", "web", "balance/") in web.get(web.path("Service", "web"))


def test_a_service_that_nobody_answers_shows_nothing(web, monkeypatch):
    monkeypatch.setattr(balance, "counts", Counts(list))
    metadata = {"name": "nobody"}
    web.make({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}})
    assert web.get(web.path("Service", "nobody", "balance/")).strip() == ""


@pytest.mark.parametrize("fresh, asked", [(60.0, 1), (0.0, 3)])
def test_the_nodes_are_asked_once_for_all_readers(monkeypatch, fresh, asked):
    monkeypatch.setattr(balance, "FRESH", fresh)
    calls = []

    def ask():
        calls.append(1)
        return []

    counts = Counts(ask)
    for _ in range(3):
        assert counts.get() == []
    assert len(calls) == asked
