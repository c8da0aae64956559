"""What `kubectl get` prints of the kinds other than pods."""

from __future__ import annotations

import pytest

from tests.kinds.testdata import REGISTRY, headers, load, printed


def test_it_works():
    assert headers("deployment-healthy") == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert printed("deployment-healthy") == ["web", "3/3", 3, 3, "60m"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deployment-new", ["web", "0/3", 0, 0, "60m"]),
        ("replicaset-progressing", ["web-5d4b8c7f6", 3, 3, 1, "60m"]),
        ("node-ready", ["node-1", "Ready", "worker", "60m", "v1.37.2"]),
        ("node-cordoned", ["node-1", "Ready,SchedulingDisabled", "worker", "60m", "v1.37.2"]),
        ("node-notready", ["node-1", "NotReady", "worker", "60m", "v1.37.2"]),
        ("namespace-terminating", ["demo", "Terminating", "60m"]),
        ("service-clusterip", ["web", "ClusterIP", "10.96.12.7", "<none>", "80/TCP,9090/TCP", "60m"]),
        ("service-headless", ["web", "ClusterIP", "None", "<none>", "80/TCP,9090/TCP", "60m"]),
        ("service-nodeport", ["web", "NodePort", "10.96.12.7", "<none>", "80:30080/TCP,9090:30090/TCP", "60m"]),
        ("service-pending", ["web", "LoadBalancer", "10.96.12.7", "<pending>", "80/TCP,9090/TCP", "60m"]),
        ("service-loadbalancer", ["web", "LoadBalancer", "10.96.12.7", "127.0.0.1", "80/TCP,9090/TCP", "60m"]),
        ("service-externalname", ["web", "ExternalName", "<none>", "db.example.com", "<none>", "60m"]),
        ("configmap-filled", ["settings", 3, "60m"]),
        ("secret-opaque", ["password", "Opaque", 1, "60m"]),
        ("lease-held", ["node-1", "node-1", "60m"]),
        (
            "event-counted",
            ["30s", "Warning", "BackOff", "pod/web-5d4b8c7f6-x7x2k", "Back-off restarting failed container web"],
        ),
    ],
)
def test_it_prints_as_kubectl_does(name, expected):
    assert printed(name) == expected


def test_wide_shows_the_template_of_a_workload():
    assert headers("deployment-healthy", wide=True)[5:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert printed("deployment-healthy", wide=True)[5:] == ["web,logs", "demo:1,logs:2", "app=web"]
    assert printed("replicaset-healthy", wide=True)[7:] == ["app=web,pod-template-hash=5d4b8c7f6"]


def test_wide_shows_what_a_node_is():
    names = ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    assert headers("node-ready", wide=True)[5:] == names
    system = ["Debian GNU/Linux 12 (bookworm)", "6.1.0 (amd64)", "docker://27.0.3"]
    assert printed("node-ready", wide=True)[5:] == ["172.18.0.3", "<none>", *system]


def test_wide_shows_the_selector_of_a_service_sorted():
    assert printed("service-clusterip", wide=True)[-1] == "app=web,tier=front"
    assert printed("service-externalname", wide=True)[-1] == "<none>"


def test_wide_shows_who_reports_an_event_and_how_often():
    assert headers("event-counted", wide=True)[4:6] == ["SUBOBJECT", "SOURCE"]
    cells = printed("event-counted", wide=True)
    assert cells[4:6] == ["spec.containers{web}", "kubelet, node-1"]
    assert cells[7:] == ["30m", 12, "web-5d4b8c7f6-x7x2k.17a1b2c3d4e5f607"]


def test_a_series_counts_itself_and_a_single_event_counts_one():
    assert [printed("event-series", wide=True)[i] for i in (0, 7, 8)] == ["10s", "30m", 7]
    assert [printed("event-single", wide=True)[i] for i in (0, 5, 7, 8)] == [
        "5m",
        "default-scheduler, scheduler-0",
        "5m",
        1,
    ]


def test_an_object_without_a_time_has_an_unknown_age():
    namespace = load("namespace-active")
    del namespace["metadata"]["creationTimestamp"]
    age = REGISTRY.named("ns").columns[-1]
    assert age.value(namespace, None) == "<unknown>"


def test_every_stored_kind_has_columns_that_bear_an_empty_object():
    for kind in REGISTRY.all():
        if kind.virtual:
            continue
        obj = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "empty", "namespace": "default"}}
        kind.default(obj)
        assert "empty" in [column.value(obj, None) for column in kind.columns]
        assert kind.health(obj).status
        assert all(isinstance(read(obj), str) for read in kind.selectable.values())
