"""One resource, two groups."""

from minikweb.store import compaction

CORE = "/api/v1/namespaces/default/events"
NEW = "/apis/events.k8s.io/v1/namespaces/default/events"


def core_event(name="e", **extra):
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web", "uid": "u"},
        "reason": "Started",
        "message": "Started container",
        "type": "Normal",
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": "2026-11-23T12:00:00Z",
        "lastTimestamp": "2026-11-23T12:00:00Z",
        "count": 1,
        **extra,
    }


def test_what_is_written_to_one_is_read_from_the_other(api):
    api.make(CORE, core_event())

    found = api.get(f"{NEW}/e").json

    assert (found["apiVersion"], found["kind"]) == ("events.k8s.io/v1", "Event")
    assert found["regarding"]["name"] == "web"
    assert found["note"] == "Started container"
    assert "involvedObject" not in found
    (listed,) = api.get(NEW).json["items"]
    assert listed == found


def test_the_new_form_is_written_too(api):
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2026-11-23T12:00:00.000000Z",
        "regarding": {"kind": "Pod", "namespace": "default", "name": "web"},
        "reason": "Started",
        "note": "hello",
        "type": "Normal",
        "action": "Starting",
        "reportingController": "kubelet",
        "reportingInstance": "n1",
    }

    created = api.make(NEW, event)

    assert (created["apiVersion"], created["note"]) == ("events.k8s.io/v1", "hello")
    assert api.get(f"{CORE}/e").json["message"] == "hello"
    patched = api.patch(f"{NEW}/e", {"series": {"count": 2, "lastObservedTime": "2026-11-23T12:00:09.000000Z"}})
    assert patched.status == 200, patched.text
    assert patched.json["series"]["count"] == 2
    assert patched.json["apiVersion"] == "events.k8s.io/v1"


def test_they_are_selected_by_the_object_they_are_about(api):
    api.make(CORE, core_event("a"))
    other = core_event("b")
    other["involvedObject"]["name"] = "db"
    api.make(CORE, other)

    def names(target):
        return [item["metadata"]["name"] for item in api.get(target).json["items"]]

    assert names(f"{CORE}?fieldSelector=involvedObject.name=db,involvedObject.kind=Pod") == ["b"]
    assert names(f"{NEW}?fieldSelector=regarding.name=db") == ["b"]


def test_a_watch_of_either_sees_both(api):
    changes = api.watch(f"{NEW}?watch=1&fieldSelector=reason%3DStarted")
    api.make(CORE, core_event())

    event = changes.next()

    assert event["type"] == "ADDED"
    assert (event["object"]["apiVersion"], event["object"]["note"]) == ("events.k8s.io/v1", "Started container")
    changes.close()


def test_they_end_after_an_hour_without_being_repeated(api):
    api.make(CORE, core_event("once"))
    repeated = api.make(CORE, core_event("again"))
    api.wait(3000)
    api.put(f"{CORE}/again", repeated | {"count": 2})
    api.wait(700)

    compaction.expire(api.storage, api.now.timestamp())

    assert api.get(f"{CORE}/once").status == 404
    assert api.get(f"{CORE}/again").status == 200


def test_nobody_keeps_books_on_them(api):
    assert "managedFields" not in api.make(CORE, core_event())["metadata"]
