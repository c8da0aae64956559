"""One Event, two forms."""

from __future__ import annotations

import pytest

from minikweb.kinds.events import CORE_EVENT, EVENT, count, from_core, last_seen, source, to_core
from tests.kinds.testdata import load, messages


def test_it_works():
    assert from_core(load("event-counted")) == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": load("event-counted")["metadata"],
        "regarding": load("event-counted")["involvedObject"],
        "reason": "BackOff",
        "note": "Back-off restarting failed container web\n",
        "type": "Warning",
        "deprecatedSource": {"component": "kubelet", "host": "node-1"},
        "deprecatedFirstTimestamp": "2026-11-23T11:30:00Z",
        "deprecatedLastTimestamp": "2026-11-23T11:59:30Z",
        "deprecatedCount": 12,
        "reportingController": "kubelet",
        "reportingInstance": "node-1",
    }


@pytest.mark.parametrize("name", ["event-counted", "event-series", "event-single"])
def test_there_and_back_is_the_same_event(name):
    assert to_core(from_core(load(name))) == load(name)


def test_both_are_stored_in_one_place():
    assert CORE_EVENT.storage_key == EVENT.storage_key == "events"


@pytest.mark.parametrize(
    ("name", "seen", "times", "who"),
    [
        ("event-counted", "2026-11-23T11:59:30Z", 12, "kubelet, node-1"),
        ("event-series", "2026-11-23T11:59:50.000000Z", 7, "kubelet, node-1"),
        ("event-single", "2026-11-23T11:55:00.000000Z", 1, "default-scheduler, scheduler-0"),
    ],
)
def test_when_how_often_and_by_whom(name, seen, times, who):
    event = load(name)
    assert (last_seen(event), count(event), source(event)) == (seen, times, who)


@pytest.mark.parametrize("name", ["event-counted", "event-series", "event-single"])
def test_events_as_clients_write_them_are_well(name):
    assert CORE_EVENT.validate(load(name), None) == []


def test_an_event_lives_in_the_namespace_of_its_object():
    event = load("event-counted")
    event["metadata"]["namespace"] = "other"
    expected = 'involvedObject.namespace: Invalid value: "demo": does not match event.namespace'
    assert messages(CORE_EVENT.validate(event, None)) == [expected]


def test_an_event_about_a_node_lives_in_default():
    event = load("event-counted")
    event["involvedObject"] = {"kind": "Node", "name": "node-1"}
    event["metadata"]["namespace"] = "default"
    assert CORE_EVENT.validate(event, None) == []


def test_a_new_event_says_who_reports_it_and_what_was_done():
    event = load("event-series")
    event.update(action="", reportingComponent="")
    expected = ["reportingComponent: Required value", "action: Required value"]
    assert messages(CORE_EVENT.validate(event, None)) == expected


def test_events_are_selected_by_their_object_in_both_forms():
    event = load("event-counted")
    assert CORE_EVENT.selectable["involvedObject.name"](event) == "web-5d4b8c7f6-x7x2k"
    assert EVENT.selectable["regarding.name"](event) == "web-5d4b8c7f6-x7x2k"
    assert CORE_EVENT.selectable["source"](event) == "kubelet"
