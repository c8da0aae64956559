"""The client against the real API server: the unix socket, TLS, watches, own writes, a server that is killed."""

import threading
import uuid

import pytest

from minikweb.apimachinery import errors
from minikweb.client import informer as informer_module
from minikweb.client.informer import Cache, Informer
from tests.apiprocess import ApiProcess
from tests.client.fakeapi import config_map, pod

SOON = 10.0


@pytest.fixture
def namespace(server):
    name = f"test-{uuid.uuid4().hex[:8]}"
    server.client().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture(params=["unix", "tls"])
def client(request, server):
    client = server.client() if request.param == "unix" else server.remote()
    yield client
    client.close()


def test_it_works(client, namespace):
    made = client.create(config_map("a", namespace, x="1"))
    made["data"]["x"] = "2"
    updated = client.update(made)
    assert int(updated["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert client.patch("ConfigMap", "a", {"data": {"y": "3"}}, namespace)["data"] == {"x": "2", "y": "3"}
    assert [item["metadata"]["name"] for item in client.list("ConfigMap", namespace)["items"]] == ["a"]
    client.delete("ConfigMap", "a", namespace)
    with pytest.raises(errors.NotFound):
        client.get("ConfigMap", "a", namespace)


def test_a_stale_update_is_a_conflict(client, namespace):
    made = client.create(config_map("a", namespace))
    client.patch("ConfigMap", "a", {"data": {"x": "1"}}, namespace)
    with pytest.raises(errors.Conflict, match="the object has been modified"):
        client.update(made)


def test_the_writer_is_recorded(client, namespace):
    client.acting_as("deployment").create(config_map("a", namespace, x="1"))
    managed = client.get("ConfigMap", "a", namespace)["metadata"]["managedFields"]
    assert [entry["manager"] for entry in managed] == ["deployment"]


def test_a_watch_tells_what_happens_and_ends_when_closed(client, namespace):
    revision = client.list("ConfigMap", namespace)["metadata"]["resourceVersion"]
    watch = client.watch("ConfigMap", namespace, resource_version=revision)
    client.create(config_map("a", namespace))
    client.delete("ConfigMap", "a", namespace)
    events = iter(watch)
    seen = [next(events), next(events)]
    assert [(type_, obj["metadata"]["name"], obj["kind"]) for type_, obj in seen] == [
        ("ADDED", "a", "ConfigMap"),
        ("DELETED", "a", "ConfigMap"),
    ]
    threading.Timer(0.05, watch.close).start()
    with pytest.raises(errors.ApiError):
        while True:
            next(events)


def test_a_watch_ends_by_itself_when_its_time_is_over(client, namespace):
    revision = client.list("ConfigMap", namespace)["metadata"]["resourceVersion"]
    events = list(client.watch("ConfigMap", namespace, resource_version=revision, timeout_seconds=1))
    assert all(type_ == "BOOKMARK" for type_, _ in events)


def test_an_informer_follows(client, namespace):
    informer = Informer(client, "ConfigMap", namespace=namespace)
    informer.start()
    try:
        assert informer.wait_for_sync(SOON)
        for number in range(20):
            made = client.create(config_map(f"c{number}", namespace))
            assert informer.wait_for(made["metadata"]["resourceVersion"], SOON)
            assert informer.get(namespace, f"c{number}")
    finally:
        informer.stop()


def test_a_field_selector_limits_the_cache(server, namespace):
    client = server.client()
    cache = Cache(client, scopes={"Pod": {"field_selector": f"spec.nodeName=n1,metadata.namespace={namespace}"}})
    informer = cache.informer("Pod")
    cache.start()
    try:
        assert cache.wait_for_sync(SOON)
        client.create(pod("elsewhere", namespace, node="n2"))
        made = client.create(pod("here", namespace, node="n1"))
        assert informer.wait_for(made["metadata"]["resourceVersion"], SOON)
        assert [obj["metadata"]["name"] for obj in cache.list("Pod")] == ["here"]
    finally:
        cache.stop()


def test_own_writes_of_every_sort_are_seen(server, namespace):
    cache = Cache(server.client())
    cache.informer("Pod")
    cache.start()
    client = server.client().acting_as("tester", wrote=cache.writes.record)
    try:
        assert cache.wait_for_sync(SOON)
        for name in ("immediate", "graceful", "bound"):
            client.create(pod(name, namespace))
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "bound", "namespace": namespace}}
        target = {"apiVersion": "v1", "kind": "Node", "name": "n1"}
        client.create({**binding, "target": target}, subresource="binding")
        client.delete("Pod", "immediate", namespace, grace_period_seconds=0)
        assert cache.wait_for_writes(("Pod",), SOON)
        assert cache.get("Pod", namespace, "immediate") is None
        assert cache.get("Pod", namespace, "bound")["spec"]["nodeName"] == "n1"
        client.delete("Pod", "bound", namespace, grace_period_seconds=30)
        assert cache.wait_for_writes(("Pod",), SOON)
        assert "deletionTimestamp" in cache.get("Pod", namespace, "bound")["metadata"]
    finally:
        cache.stop()


def test_a_server_that_is_killed_and_comes_back_is_followed_on(tmp_path, monkeypatch):
    monkeypatch.setattr(informer_module, "LONGEST_WAIT", 0.1)
    server = ApiProcess(tmp_path).start()
    client = server.client()
    informer = Informer(client, "ConfigMap", namespace="default")
    births = []
    informer.add_handler(lambda old, new: births.append(new["metadata"]["name"]) if old is None else None)
    informer.start()
    try:
        client.create(config_map("before"))
        assert informer.wait_for_sync(SOON)
        server.kill()
        with pytest.raises(errors.ServiceUnavailable, match="does not answer"):
            client.create(config_map("lost"))
        server.start()
        made = client.create(config_map("after"))
        assert informer.wait_for(made["metadata"]["resourceVersion"], SOON)
        assert births.count("before") == births.count("after") == 1
    finally:
        informer.stop()
        server.kill()
