"""The verbs: what they send, what they give back, and how errors come."""

import orjson
import pytest

from minikweb.apimachinery import errors
from minikweb.client import client as client_module
from minikweb.client.client import Client
from minikweb.client.transport import Response, Stream
from tests.client.fakeapi import FakeApi, config_map


class Recorded:
    """A transport that answers from a list and keeps what it was asked."""

    def __init__(self, *answers, chunks=()):
        self.answers = list(answers) or [(200, {})]
        self.chunks = chunks
        self.sent = []

    def request(self, method, target, headers, body, timeout):
        self.sent.append((method, target, dict(headers), orjson.loads(body) if body else None))
        status, content, *more = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(
            status, more[0] if more else {}, content if isinstance(content, bytes) else orjson.dumps(content)
        )

    def stream(self, method, target, headers, timeout):
        self.sent.append((method, target, dict(headers), None))
        return Stream(200, {}, iter(self.chunks))

    def close(self):
        pass


def speaking(*answers, **keywords):
    transport = Recorded(*answers, **keywords)
    return Client(transport, user_agent="tester"), transport


def test_it_works():
    client = FakeApi().client()
    client.create(config_map("a", x="1"))
    client.patch("ConfigMap", "a", {"data": {"y": "2"}}, "default")
    assert client.get("ConfigMap", "a", "default")["data"] == {"x": "1", "y": "2"}
    assert [item["metadata"]["name"] for item in client.list("ConfigMap")["items"]] == ["a"]
    client.delete("ConfigMap", "a", "default")
    with pytest.raises(errors.NotFound, match='configmaps "a" not found'):
        client.get("ConfigMap", "a", "default")


def test_each_write_names_its_manager():
    client, transport = speaking()
    client.acting_as("replicaset").patch("Deployment", "web", {}, "shop", type="strategic", subresource="status")
    method, target, headers, _ = transport.sent[0]
    assert (method, target) == (
        "PATCH",
        "/apis/apps/v1/namespaces/shop/deployments/web/status?fieldManager=replicaset",
    )
    assert headers["User-Agent"] == "replicaset"
    assert headers["Content-Type"] == "application/strategic-merge-patch+json"


def test_apply_may_force_and_validate():
    client, transport = speaking()
    obj = config_map("a")
    client.patch("ConfigMap", "a", obj, "default", type="apply", force=True, dry_run=True, field_validation="Strict")
    _, target, headers, _ = transport.sent[0]
    assert target.endswith("?fieldManager=tester&dryRun=All&fieldValidation=Strict&force=true")
    assert headers["Content-Type"] == "application/apply-patch+yaml"


def test_delete_sends_its_options_and_nothing_else():
    client, transport = speaking()
    client.delete("Pod", "a", "x", propagation_policy="Orphan", grace_period_seconds=0, uid="u", resource_version="7")
    method, target, _, body = transport.sent[0]
    assert (method, target) == ("DELETE", "/api/v1/namespaces/x/pods/a")
    assert body == {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Orphan",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u", "resourceVersion": "7"},
    }


def test_a_binding_goes_to_its_pod():
    client, transport = speaking()
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a", "namespace": "x"}, "target": {}}
    client.create(binding, subresource="binding")
    assert transport.sent[0][1].startswith("/api/v1/namespaces/x/pods/a/binding?")


def test_an_object_without_a_namespace_is_created_in_default():
    client, transport = speaking()
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert transport.sent[0][1].startswith("/api/v1/namespaces/default/configmaps?")


def test_it_refuses_a_namespaced_name_without_a_namespace():
    client, transport = speaking()
    with pytest.raises(errors.BadRequest, match="say in which namespace 'a' is"):
        client.get("Pod", "a")
    assert transport.sent == []


def test_it_says_what_it_does_not_know():
    client, _ = speaking()
    with pytest.raises(errors.NotFound, match='doesn\'t have a resource type "Unicorn"'):
        client.list("Unicorn")
    with pytest.raises(errors.BadRequest, match='no matches for kind "Unicorn" in version "v1"'):
        client.create({"apiVersion": "v1", "kind": "Unicorn", "metadata": {"name": "a"}})


def test_items_of_a_list_carry_their_kind():
    client, transport = speaking((200, {"metadata": {}, "items": [{"metadata": {"name": "a"}}]}))
    assert client.list("Deployment", label_selector="a=b,c")["items"] == [
        {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "a"}}
    ]
    assert transport.sent[0][1] == "/apis/apps/v1/deployments?labelSelector=a%3Db%2Cc"


def test_an_error_is_the_status_the_server_sent():
    status = errors.conflict("apps", "deployments", "web").to_status()
    client, _ = speaking((409, status))
    with pytest.raises(errors.Conflict, match="the object has been modified") as caught:
        client.update({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "x"}})
    assert caught.value.details == {"name": "web", "group": "apps", "kind": "deployments"}


def test_an_error_without_a_status_is_quoted():
    client, _ = speaking((502, b"<h1>Bad gateway</h1>"))
    with pytest.raises(errors.ApiError, match="the server answered 502: <h1>Bad gateway</h1>"):
        client.list("Pod")


def test_it_comes_back_when_it_is_asked_to(monkeypatch):
    naps = []
    monkeypatch.setattr(client_module.time, "sleep", naps.append)
    busy = (429, errors.TooManyRequests("slow down").to_status(), {"retry-after": "1"})
    client, transport = speaking(busy, busy, (200, {"items": [], "metadata": {}}))
    assert client.list("Pod")["items"] == []
    assert (naps, len(transport.sent)) == ([1.0, 1.0], 3)


def test_it_gives_up_in_the_end(monkeypatch):
    monkeypatch.setattr(client_module.time, "sleep", lambda seconds: None)
    client, transport = speaking((429, errors.TooManyRequests("slow down").to_status(), {"retry-after": "1"}))
    with pytest.raises(errors.TooManyRequests):
        client.list("Pod")
    assert len(transport.sent) == client_module.TRIES


def test_it_does_not_repeat_a_refusal_without_retry_after():
    """An eviction that a budget forbids is the caller's to try again."""
    client, transport = speaking((429, errors.TooManyRequests("budget").to_status()))
    with pytest.raises(errors.TooManyRequests):
        client.list("Pod")
    assert len(transport.sent) == 1


def test_a_watch_reads_lines_wherever_the_chunks_end():
    one = orjson.dumps({"type": "ADDED", "object": {"metadata": {"name": "é"}}}) + b"\n"
    two = orjson.dumps({"type": "BOOKMARK", "object": {"metadata": {}}}) + b"\n"
    stream = one + two
    for size in (1, 7, len(one), len(stream)):
        client, _ = speaking(chunks=[stream[i : i + size] for i in range(0, len(stream), size)])
        events = list(client.watch("Pod", resource_version="1"))
        assert [(type_, obj["kind"], obj["metadata"].get("name")) for type_, obj in events] == [
            ("ADDED", "Pod", "é"),
            ("BOOKMARK", "Pod", None),
        ]


def test_a_watch_raises_the_error_it_is_told():
    line = orjson.dumps({"type": "ERROR", "object": errors.Gone("too old").to_status()}) + b"\n"
    client, _ = speaking(chunks=[line])
    with pytest.raises(errors.Gone, match="too old"):
        list(client.watch("Pod", resource_version="1"))


def test_impersonation_is_in_the_headers():
    client, transport = speaking()
    client.acting_as(user="alice", groups=("students", "class-a")).get("Node", "n")
    headers = transport.sent[0][2]
    assert (headers["Impersonate-User"], headers["Impersonate-Group"]) == ("alice", ("students", "class-a"))


def test_a_dry_run_is_no_write():
    wrote = []
    client = Client(Recorded(), wrote=lambda *args: wrote.append(args[1]))
    client.create(config_map("a"), dry_run=True)
    client.create(config_map("a"))
    assert wrote == ["create"]
