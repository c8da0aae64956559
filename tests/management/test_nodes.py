"""Node objects at their birth, and following them with nothing but a doorbell."""

import socket
import threading
from datetime import UTC, datetime

import pytest

from minikweb.apimachinery import errors
from minikweb.management.datafolder import Refusal
from minikweb.management.nodes import NodeWatch, add_node, is_ready, missing, next_name, node_object, pod_cidr
from minikweb.management.supervisor import Supervisor


class Nodes:
    """A client that knows Nodes only."""

    def __init__(self, *names):
        self.items = [node_object(name, f"10.244.{n}.0/24", "simulated") for n, name in enumerate(names, 1)]

    def list(self, kind):
        return {"items": list(self.items)}

    def create(self, node):
        if node["metadata"]["name"] in [one["metadata"]["name"] for one in self.items]:
            raise errors.AlreadyExists("there")
        self.items.append(node)


def test_it_works():
    client = Nodes("node-1", "node-3")
    assert add_node(client, "10.244.0.0/16", "docker") == "node-2"
    added = client.items[-1]
    assert added["metadata"]["labels"]["kubernetes.io/hostname"] == "node-2"
    assert added["metadata"]["labels"]["minikweb.io/runtime"] == "docker"
    assert added["spec"]["podCIDR"] == "10.244.3.0/24"


def test_a_node_that_somebody_else_created_gets_what_it_lacks():
    created = {"metadata": {"name": "node-7"}, "spec": {}}
    patch = missing(created, "10.244.0.0/16", "docker", ["10.244.1.0/24"])
    assert patch["spec"] == {"podCIDR": "10.244.7.0/24", "podCIDRs": ["10.244.7.0/24"]}
    assert patch["metadata"]["labels"]["kubernetes.io/hostname"] == "node-7"
    complete = node_object("node-1", "10.244.1.0/24", "docker")
    assert missing(complete, "10.244.0.0/16", "docker", []) == {}
    assert missing(complete, "10.244.0.0/16", "simulated", []) == {
        "metadata": {"labels": {"minikweb.io/runtime": "simulated"}}
    }


def test_names_fill_the_gaps():
    assert next_name([]) == "node-1"
    assert next_name(["node-2", "gpu"]) == "node-1"
    assert next_name(["node-1", "node-2"]) == "node-3"


@pytest.mark.parametrize(
    ("name", "taken", "cidr"),
    [
        ("node-3", [], "10.244.3.0/24"),
        ("node-3", ["10.244.3.0/24"], "10.244.1.0/24"),
        ("gpu", ["10.244.1.0/24"], "10.244.2.0/24"),
        ("node-999", [], "10.244.1.0/24"),
    ],
)
def test_a_node_gets_the_range_of_its_number_or_the_first_free_one(name, taken, cidr):
    assert pod_cidr(name, "10.244.0.0/16", taken) == cidr


def test_the_first_and_last_range_are_never_given_to_a_node():
    taken = [f"10.244.{n}.0/24" for n in range(1, 255)]
    with pytest.raises(Refusal, match="no room"):
        pod_cidr("node-1", "10.244.0.0/16", taken)


def test_a_second_node_of_a_name_is_refused():
    with pytest.raises(Refusal, match="node-1"):
        add_node(Nodes("node-1"), "10.244.0.0/16", "docker", "node-1")


def ready(status, heartbeat):
    return {"status": {"conditions": [{"type": "Ready", "status": status, "lastHeartbeatTime": heartbeat}]}}


def test_ready_counts_only_if_it_was_said_since():
    since = datetime(2026, 11, 23, 12, 0, 0, 500000, UTC)
    assert is_ready(ready("True", "2026-11-23T12:00:00Z"), since)
    assert not is_ready(ready("True", "2026-11-23T11:59:59Z"), since)
    assert not is_ready(ready("False", "2026-11-23T12:00:01Z"), since)
    assert not is_ready({"status": {}}, since)


class Door:
    """A server on a unix socket that takes callers and keeps them waiting."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.socket.settimeout(10)

    def answer(self):
        caller, _ = self.socket.accept()
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += caller.recv(4096)
        return caller, request


@pytest.fixture
def followed(tmp_path):
    """(watch, supervisor, client, what was seen, path of the door)."""
    (tmp_path / "token").write_text("secret")
    supervisor, client, seen = Supervisor(tmp_path, seen_nothing), Nodes("node-1"), []
    watch = NodeWatch(
        supervisor,
        client,
        tmp_path / "door",
        tmp_path / "token",
        lambda nodes: seen.append([node["metadata"]["name"] for node in nodes]),
    )
    yield watch, supervisor, client, seen, tmp_path / "door"
    watch.close()


def seen_nothing(text):
    raise AssertionError(text)


def until(watch, supervisor, condition):
    def polled():
        watch.poll()
        return condition()

    assert supervisor.run_until(polled, 10)


def test_nodes_are_listed_at_every_ring(followed):
    watch, supervisor, client, seen, door = followed
    server = Door(door)
    watch.poll()
    caller, request = server.answer()
    assert request.startswith(b"GET /api/v1/nodes?watch=true ") and b"Bearer secret" in request
    caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
    until(watch, supervisor, lambda: seen == [["node-1"]])
    add_node(client, "10.244.0.0/16", "docker")
    caller.sendall(b"{}")
    until(watch, supervisor, lambda: seen[-1] == ["node-1", "node-2"])


def test_a_server_that_went_away_is_called_again(followed):
    watch, supervisor, client, seen, door = followed
    server = Door(door)
    watch.poll()
    server.answer()[0].close()
    callers = []
    thread = threading.Thread(target=lambda: callers.append(server.answer()))
    thread.start()
    until(watch, supervisor, lambda: callers)
    thread.join()


def test_no_server_is_no_error_and_no_news(followed):
    watch, supervisor, client, seen, door = followed
    watch.poll()
    assert seen == []


def test_a_list_that_fails_is_not_an_empty_cluster(followed, monkeypatch):
    watch, supervisor, client, seen, door = followed
    server = Door(door)
    failures = []

    def fail(kind):
        failures.append(kind)
        raise errors.ServiceUnavailable("restarting")

    monkeypatch.setattr(client, "list", fail)
    watch.poll()
    caller, _ = server.answer()
    caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    until(watch, supervisor, lambda: failures)
    assert seen == []
