"""Every error is a Status, whatever is sent."""

import asyncio
import json

import pytest

from minikweb.apimachinery.errors import RequestEntityTooLarge
from minikweb.apiserver import app
from minikweb.store.database import StoreUnavailable
from tests.apiserver.api import CONFIG_MAPS, PODS, config_map

NOT_FOUND = "the server could not find the requested resource"


def test_it_works(api):
    answer = api.get(f"{CONFIG_MAPS}/a")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "a" not found',
        "reason": "NotFound",
        "details": {"name": "a", "kind": "configmaps"},
        "code": 404,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v2",
        "/api/v1/unicorns",
        "/apis/apps/v1/unicorns",
        "/apis/unicorns.io/v1/things",
        "/api/v1/namespaces/default/nodes",
        "/api/v1/pods/a",
        f"{CONFIG_MAPS}/a/status",
        f"{CONFIG_MAPS}/a/b/c",
        "/apis/autoscaling/v1/namespaces/default/scales",
        "/openapi/v3/apis/unicorns.io/v1",
    ],
)
def test_a_path_that_leads_nowhere(api, path):
    answer = api.get(path)

    assert (answer.status, answer.json["reason"], answer.message) == (404, "NotFound", NOT_FOUND)


@pytest.mark.parametrize(
    "method, path",
    [
        ("PUT", CONFIG_MAPS),
        ("POST", f"{CONFIG_MAPS}/a"),
        ("POST", "/api/v1/configmaps"),
        ("PATCH", CONFIG_MAPS),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", f"{PODS}/a/log"),
        ("DELETE", f"{PODS}/a/status"),
        ("POST", "/version"),
        ("TRACE", CONFIG_MAPS),
    ],
)
def test_a_method_that_is_not_allowed(api, method, path):
    answer = api.call(method, path, {})

    assert (answer.status, answer.json["reason"]) == (405, "MethodNotAllowed")
    assert answer.message == "the server does not allow this method on the requested resource"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"text"',
        b"\xff\xfe",
        b'{"metadata": 3}',
        b'{"metadata": {"name": 3}}',
        b'{"metadata": {"name": "a", "labels": ["x"]}}',
        b'{"metadata": {"name": "a"}, "data": {"k": 1}}',
        b'{"kind": 3, "apiVersion": [], "metadata": {"name": "a"}}',
        b'{"metadata": {"name": "a", "finalizers": "x"}}',
        b'{"metadata": {"name": "\\ud800"}}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
    ],
)
def test_a_body_that_makes_no_sense(api, body):
    for call in (api.post, lambda target, body: api.put(f"{target}/a", body)):
        answer = call(CONFIG_MAPS, body)

        assert (answer.status, answer.json["reason"]) == (400, "BadRequest")
        assert answer.message


def test_a_nul_is_part_of_no_name(api):
    assert api.get(f"{CONFIG_MAPS}/a%00").status == 400
    assert api.get(f"{CONFIG_MAPS}?labelSelector=a%00").status == 400


def test_an_alias_bomb_is_refused(api):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    answer = api.post(CONFIG_MAPS, "\n".join(lines).encode(), content_type="application/yaml")

    assert answer.status == 400
    assert "its aliases expand to more than" in answer.message


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/cbor"])
def test_a_body_of_an_unknown_type(api, media):
    answer = api.post(CONFIG_MAPS, config_map("a"), content_type=media)

    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")
    assert "application/json" in answer.message


def test_a_store_that_does_not_answer(api, monkeypatch):
    def broken(*args):
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(api.storage, "create", broken)

    answer = api.post(CONFIG_MAPS, config_map("a"))

    assert (answer.status, answer.json["reason"]) == (503, "ServiceUnavailable")
    assert answer.message == "the store does not answer: database or disk is full"
    assert answer.headers["retry-after"] == "1"


def test_a_fault_of_ours_is_logged_and_not_shown(api, monkeypatch, caplog):
    def broken(*args):
        raise RuntimeError("a secret")

    monkeypatch.setattr(api.storage, "create", broken)

    answer = api.post(CONFIG_MAPS, config_map("a"))

    assert (answer.status, answer.json["reason"]) == (500, "InternalError")
    assert "secret" not in answer.text
    assert "a secret" in caplog.text


def read(chunks, **headers):
    async def receive():
        return messages.pop(0)

    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    return asyncio.run(app.read_body({}, {name.replace("_", "-"): value for name, value in headers.items()}, receive))


def test_a_body_may_come_in_pieces():
    assert read([b"ab", b"cd"]) == b"abcd"


def test_a_body_that_is_too_large_is_refused_by_its_announcement_or_its_size():
    with pytest.raises(RequestEntityTooLarge):
        read([b""], content_length="4000000")
    with pytest.raises(RequestEntityTooLarge):
        read([b"x" * 1_000_000] * 4)


def test_requests_leave_no_trace_in_the_log(api, caplog):
    caplog.set_level("INFO")

    api.get(f"{CONFIG_MAPS}/a")
    api.post(CONFIG_MAPS, b"{")

    assert caplog.text == ""


def test_a_status_is_json_even_where_a_table_is_wanted(api):
    answer = api.get(f"{CONFIG_MAPS}/a", accept="application/json;as=Table;v=v1;g=meta.k8s.io")

    assert json.loads(answer.text)["kind"] == "Status"
