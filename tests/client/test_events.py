"""The event recorder: counted, combined, limited, and never in anybody's way."""

import threading
import time

import pytest

from minikweb.client import events as events_module
from minikweb.client.events import Recorder
from minikweb.client.transport import Unreachable
from tests.client.fakeapi import FakeApi, pod


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def recorder(api):
    return Recorder(api.client(), "toy-controller", host="node-1")


def about(name="web"):
    obj = pod(name, "shop")
    obj["metadata"] |= {"uid": f"uid-{name}", "resourceVersion": "7"}
    return obj


def written(api):
    return [obj for (plural, _, _), obj in api.objects.items() if plural == "events"]


def test_it_works(api, recorder):
    recorder.event(about(), "Normal", "Pulled", "Image pulled", field_path="spec.containers{web}")
    assert recorder.flush()
    (event,) = written(api)
    assert event["metadata"]["name"].startswith("web.")
    assert event["metadata"]["namespace"] == "shop"
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "shop",
        "name": "web",
        "uid": "uid-web",
        "apiVersion": "v1",
        "resourceVersion": "7",
        "fieldPath": "spec.containers{web}",
    }
    assert event["source"] == {"component": "toy-controller", "host": "node-1"}
    assert (event["type"], event["reason"], event["message"], event["count"]) == ("Normal", "Pulled", "Image pulled", 1)
    assert event["firstTimestamp"] == event["lastTimestamp"]


def test_a_cluster_scoped_object_has_its_events_in_default(api, recorder):
    recorder.event({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}, "Normal", "NodeReady", "ready")
    recorder.flush()
    assert written(api)[0]["metadata"]["namespace"] == "default"


def test_a_repeated_event_is_counted(api, recorder):
    for revision in "789":
        obj = about()
        obj["metadata"]["resourceVersion"] = revision  # another state of the same object
        recorder.event(obj, "Warning", "BackOff", "Back-off restarting")
    recorder.flush()
    (event,) = written(api)
    assert event["count"] == 3


def test_a_counted_event_that_has_expired_is_made_anew(api, recorder):
    recorder.event(about(), "Warning", "BackOff", "Back-off")
    recorder.flush()
    api.objects.clear()
    recorder.event(about(), "Warning", "BackOff", "Back-off")
    recorder.event(about(), "Warning", "BackOff", "Back-off")
    recorder.flush()
    (event,) = written(api)
    assert event["count"] == 2


def test_many_messages_of_one_reason_are_combined(api, recorder):
    for number in range(15):
        recorder.event(about(), "Normal", "SuccessfulCreate", f"Created pod: web-{number}")
    recorder.flush()
    messages = [event["message"] for event in written(api)]
    assert len(messages) == events_module.SIMILAR
    assert messages[-1] == "(combined from similar events): Created pod: web-14"
    assert written(api)[-1]["count"] == 6


def test_one_object_cannot_flood_the_cluster(api, recorder):
    for number in range(100):
        recorder.event(about(), "Normal", f"Reason{number}", "x")
    recorder.event(about("other"), "Normal", "Fine", "x")
    recorder.flush()
    assert len(written(api)) == events_module.BURST + 1


def test_the_caller_never_waits_and_the_oldest_are_dropped(api, recorder, monkeypatch, caplog):
    monkeypatch.setattr(events_module, "QUEUED", 10)
    gate, entered = threading.Event(), threading.Event()
    create = recorder._client.create

    def slow(event):
        entered.set()
        gate.wait(10)
        return create(event)

    monkeypatch.setattr(recorder._client, "create", slow)
    recorder.event(about("first"), "Normal", "A", "x")
    assert entered.wait(10)
    started = time.monotonic()
    for number in range(30):
        recorder.event(about(f"p{number}"), "Normal", "A", "x")
    assert time.monotonic() - started < 1
    gate.set()
    assert recorder.flush()
    names = [event["involvedObject"]["name"] for event in written(api)]
    assert names == ["first", *(f"p{number}" for number in range(20, 30))]
    assert "20 events dropped" in caplog.text


def test_an_api_server_that_is_away_for_a_moment_loses_no_event(api, recorder, monkeypatch):
    monkeypatch.setattr(events_module, "AWAY", 0.01)
    api.away = True
    recorder.event(about(), "Normal", "A", "x")
    assert not recorder.flush(0.03)
    api.away = False
    assert recorder.flush()
    assert [event["reason"] for event in written(api)] == ["A"]


def test_a_second_try_of_an_event_that_had_arrived_makes_no_second_one(api, recorder, monkeypatch):
    monkeypatch.setattr(events_module, "AWAY", 0.0)
    create, tries = recorder._client.create, []

    def arrive_but_lose_the_answer(event):
        tries.append(create(event))
        if len(tries) == 1:
            raise Unreachable("lost")

    monkeypatch.setattr(recorder._client, "create", arrive_but_lose_the_answer)
    recorder.event(about(), "Normal", "A", "x")
    assert recorder.flush()
    assert len(written(api)) == 1


def test_what_cannot_be_written_harms_nobody(api, recorder, monkeypatch):
    monkeypatch.setattr(events_module, "AWAY", 0.0)
    api.away = True
    recorder.event(about("lost"), "Normal", "A", "x")
    recorder.event({"broken": "object", "metadata": {"name": "b"}, "kind": "X", "apiVersion": "v1"}, "Normal", "A", "x")
    assert recorder.flush()
    api.away = False
    recorder.event(about("kept"), "Normal", "A", "x")
    assert recorder.flush()
    assert [event["involvedObject"]["name"] for event in written(api)] == ["kept"]
