"""metrics.k8s.io: what the kubelets measured, as metrics-server shows it."""

import json
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.apiserver.api import PODS, pod

METRICS = "/apis/metrics.k8s.io/v1beta1"
TIME = "2026-11-23T12:00:15Z"


def usage(nanocores, size):
    return {
        "cpu": {"time": TIME, "usageNanoCores": nanocores},
        "memory": {"time": TIME, "workingSetBytes": size},
        "windowSeconds": 15.0,
    }


class Kubelet:
    """Answers every GET with `status` and `document` on a unix socket."""

    def __init__(self, path):
        self.path, self.status, self.document = path, 200, {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(outer.document).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def address_string(self):
                return "unix"

            def log_message(self, *arguments):
                pass

        self.server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def kubelet():
    with tempfile.TemporaryDirectory(prefix="mk-") as folder:
        kubelet = Kubelet(Path(folder) / "n1.sock")
        yield kubelet
        kubelet.close()


@pytest.fixture
def measured(api, kubelet):
    """Two pods on a node that measures, one on a node that is away."""
    for node, path in (("n1", kubelet.path), ("dead", "/nowhere.sock")):
        api.make("/api/v1/nodes", {"metadata": {"name": node, "annotations": {
            "minikweb.io/kubelet-endpoint": f"unix://{path}"}}})  # fmt: skip
    for name, node in (("web", "n1"), ("db", "n1"), ("lost", "dead")):
        document = pod(name, nodeName=node)
        document["metadata"]["labels"] = {"app": name}
        api.make(PODS, document)
    uids = {name: api.get(f"{PODS}/{name}").json["metadata"]["uid"] for name in ("web", "db")}
    kubelet.document = {
        "node": {"nodeName": "n1", **usage(750_000_000, 3 << 20)},
        "pods": [
            {"podRef": {"name": name, "namespace": "default", "uid": uid}, **usage(250_000_000, 1 << 20),
             "containers": [{"name": "c", **usage(250_000_000, 1 << 20)}]}
            for name, uid in uids.items()
        ],
    }  # fmt: skip
    return api


def test_pods_show_what_their_containers_use(measured):
    answer = measured.get(f"{METRICS}/namespaces/default/pods")

    assert answer.status == 200
    items = answer.json["items"]
    assert [item["metadata"]["name"] for item in items] == ["db", "web"]  # of the third nothing is known
    assert items[1]["containers"] == [{"name": "c", "usage": {"cpu": "250000000n", "memory": "1024Ki"}}]
    assert (items[1]["timestamp"], items[1]["window"]) == (TIME, "15.0s")
    assert items[1]["metadata"]["labels"] == {"app": "web"}


def test_they_are_selected_by_their_labels_and_asked_for_by_name(measured):
    listed = measured.get(f"{METRICS}/pods?labelSelector=app%3Dweb").json["items"]
    assert [item["metadata"]["name"] for item in listed] == ["web"]

    one = measured.get(f"{METRICS}/namespaces/default/pods/db").json
    assert (one["kind"], one["metadata"]["name"]) == ("PodMetrics", "db")


def test_nodes_show_what_they_use(measured):
    items = measured.get(f"{METRICS}/nodes").json["items"]

    assert [(item["metadata"]["name"], item["usage"]) for item in items] == [
        ("n1", {"cpu": "750000000n", "memory": "3072Ki"})
    ]


@pytest.mark.parametrize("target", ["nodes/nobody", "nodes/dead", "namespaces/default/pods/lost"])
def test_of_what_nothing_is_known_is_not_found(measured, target):
    assert measured.get(f"{METRICS}/{target}").status == 404


def test_where_nothing_is_measured_it_is_said_why(measured, kubelet):
    kubelet.status = 501
    kubelet.document = {"kind": "Status", "code": 501, "reason": "NotImplemented", "message": "they need Docker"}
    measured.delete("/api/v1/nodes/dead")
    measured.delete(f"{PODS}/lost?gracePeriodSeconds=0")

    for target in ("nodes", "namespaces/default/pods"):
        answer = measured.get(f"{METRICS}/{target}")
        assert answer.status == 503
        assert answer.json["message"] == "metrics not available: they need Docker"


def test_they_are_read_only(measured):
    assert measured.delete(f"{METRICS}/nodes/n1").status == 405
    assert measured.get(f"{METRICS}/pods?watch=true").status != 500
