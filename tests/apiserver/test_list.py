import base64
import json

import pytest

from minikweb.store import compaction
from minikweb.store.compaction import Retention
from tests.apiserver.api import CONFIG_MAPS, PODS, TABLE, config_map, pod


def names(answer):
    return [item["metadata"]["name"] for item in answer.json["items"]]


def make(api, *wanted, **labels):
    for name in wanted:
        obj = config_map(name)
        obj["metadata"]["labels"] = labels
        api.make(CONFIG_MAPS, obj)


def test_it_works(api):
    make(api, "b", "a")

    answer = api.get(CONFIG_MAPS)

    assert answer.status == 200
    assert (answer.json["kind"], answer.json["apiVersion"]) == ("ConfigMapList", "v1")
    assert answer.json["metadata"] == {"resourceVersion": str(api.storage.hub.revision)}
    assert names(answer) == ["a", "b"]


def test_an_empty_list_has_items(api):
    assert api.get(CONFIG_MAPS).json["items"] == []


def test_all_namespaces_are_listed_at_the_top(api):
    make(api, "a")
    api.make("/api/v1/namespaces/kube-public/configmaps", config_map("b"))

    assert names(api.get("/api/v1/configmaps")) == ["a", "b"]


def test_an_unknown_namespace_is_empty(api):
    assert names(api.get("/api/v1/namespaces/nowhere/configmaps")) == []


@pytest.mark.parametrize(
    "selector, expected", [("app=web", ["a"]), ("app!=web", ["b"]), ("app in (web,db)", ["a", "b"]), ("!app", [])]
)
def test_it_selects_by_labels(api, selector, expected):
    make(api, "a", app="web")
    make(api, "b", app="db")

    assert names(api.get(f"{CONFIG_MAPS}?labelSelector={selector.replace('!', '%21')}")) == expected


@pytest.mark.parametrize(
    "selector, expected",
    [
        ("metadata.name=a", ["a"]),
        ("metadata.name!=a", ["b"]),
        ("metadata.namespace=default", ["a", "b"]),
        ("metadata.namespace=other", []),
        ("spec.nodeName=n1", ["b"]),
        ("spec.nodeName=", ["a"]),
        ("status.phase=Pending,spec.nodeName!=n1", ["a"]),
        ("status.phase!=Pending", []),
    ],
)
def test_it_selects_by_fields(api, selector, expected):
    api.make(PODS, pod("a"))
    api.make(PODS, pod("b"))
    api.post(f"{PODS}/b/binding", {"target": {"name": "n1"}})

    assert names(api.get(f"{PODS}?fieldSelector={selector}")) == expected
    assert names(api.get(f"/api/v1/pods?fieldSelector={selector}")) == expected


@pytest.mark.parametrize(
    "selector", ["fieldSelector=spec.colour=red", "labelSelector=a b", "fieldSelector=metadata.name"]
)
def test_a_selector_it_does_not_understand_is_refused(api, selector):
    assert api.get(f"{PODS}?{selector}").status == 400


def test_a_long_list_comes_in_pages(api):
    make(api, *"abcde")

    first = api.get(f"{CONFIG_MAPS}?limit=2")
    second = api.get(f"{CONFIG_MAPS}?limit=2&continue={first.json['metadata']['continue']}")
    third = api.get(f"{CONFIG_MAPS}?limit=2&continue={second.json['metadata']['continue']}")

    assert [names(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert first.json["metadata"]["remainingItemCount"] == 3
    assert "continue" not in third.json["metadata"]


def test_pages_show_the_moment_of_the_first(api):
    make(api, *"abcd")
    first = api.get(f"{CONFIG_MAPS}?limit=2")
    api.delete(f"{CONFIG_MAPS}/c")
    make(api, "bb")

    second = api.get(f"{CONFIG_MAPS}?limit=2&continue={first.json['metadata']['continue']}")

    assert names(second) == ["c", "d"]
    assert second.json["metadata"]["resourceVersion"] == first.json["metadata"]["resourceVersion"]


def test_a_page_too_late_says_how_to_go_on(api, monkeypatch):
    monkeypatch.setattr(compaction, "KEEP", Retention(seconds=0, least=0, most=0))
    make(api, *"abcd")
    first = api.get(f"{CONFIG_MAPS}?limit=2")
    api.delete(f"{CONFIG_MAPS}/c")
    compaction.compact(api.storage, now=api.now.timestamp() + 1e9)

    late = api.get(f"{CONFIG_MAPS}?limit=2&continue={first.json['metadata']['continue']}")

    assert (late.status, late.json["reason"]) == (410, "Expired")
    assert "The provided continue parameter is too old" in late.message
    rest = api.get(f"{CONFIG_MAPS}?limit=2&continue={late.json['metadata']['continue']}")
    assert names(rest) == ["d"]


@pytest.mark.parametrize(
    "token", ["x", "%00", base64.urlsafe_b64encode(b'{"v":"other","rv":1,"start":"a/b"}').decode()]
)
def test_a_token_that_is_not_ours_is_refused(api, token):
    answer = api.get(f"{CONFIG_MAPS}?limit=1&continue={token}")

    assert (answer.status, answer.json["reason"]) == (400, "BadRequest")


def test_it_shows_an_exact_revision(api):
    make(api, "a")
    then = api.storage.hub.revision
    make(api, "b")

    exact = api.get(f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    legacy = api.get(f"{CONFIG_MAPS}?resourceVersion={then}&limit=500")
    newer = api.get(f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan&limit=500")
    any_ = api.get(f"{CONFIG_MAPS}?resourceVersion=0")

    assert [names(each) for each in (exact, legacy, newer, any_)] == [["a"], ["a"], ["a", "b"], ["a", "b"]]
    assert exact.json["metadata"]["resourceVersion"] == str(then)


def test_a_revision_still_to_come_times_out(api):
    for target in (CONFIG_MAPS, f"{CONFIG_MAPS}/a"):
        answer = api.get(f"{target}?resourceVersion=1000000")

        assert (answer.status, answer.json["reason"]) == (504, "Timeout")
        assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    "query",
    [
        "resourceVersion=x",
        "resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Nearly",
        "resourceVersion=0&resourceVersionMatch=Exact",
    ],
)
def test_a_revision_that_makes_no_sense_is_refused(api, query):
    assert api.get(f"{CONFIG_MAPS}?{query}").status == 422


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "watch=perhaps"])
def test_a_number_must_be_one(api, query):
    assert api.get(f"{CONFIG_MAPS}?{query}").status == 400


def test_a_list_becomes_a_table(api):
    make(api, "a", "b")

    answer = api.get(f"{CONFIG_MAPS}?limit=1", accept=TABLE)

    table = answer.json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert [row["cells"] for row in table["rows"]] == [["a", 0, "0s"]]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert table["metadata"]["continue"]


def test_an_object_becomes_a_table_of_one_row(api):
    make(api, "a")
    api.wait(75)

    table = api.get(f"{CONFIG_MAPS}/a", accept=TABLE).json

    assert [row["cells"] for row in table["rows"]] == [["a", 0, "75s"]]


def test_only_the_metadata_may_be_asked(api):
    make(api, "a", app="web")

    as_list = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    found = api.get(CONFIG_MAPS, accept=as_list).json
    one = api.get(f"{CONFIG_MAPS}/a", accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io").json

    assert (found["kind"], one["kind"]) == ("PartialObjectMetadataList", "PartialObjectMetadata")
    assert found["items"][0]["metadata"]["labels"] == one["metadata"]["labels"] == {"app": "web"}
    assert "data" not in one


def test_yaml_is_written_when_nothing_else_is_taken(api):
    make(api, "a")

    answer = api.get(f"{CONFIG_MAPS}/a", accept="application/yaml")

    assert answer.headers["content-type"] == "application/yaml"
    assert "\nkind: ConfigMap\n" in answer.text


@pytest.mark.parametrize(
    "accept", ["application/vnd.kubernetes.protobuf", "text/html", "application/json;as=Chair;v=v1;g=meta.k8s.io"]
)
def test_a_form_it_cannot_write_is_refused(api, accept):
    answer = api.get(CONFIG_MAPS, accept=accept)

    assert (answer.status, answer.json["reason"]) == (406, "NotAcceptable")


def test_json_is_written_to_who_prefers_protobuf(api):
    answer = api.get(CONFIG_MAPS, accept="application/vnd.kubernetes.protobuf,application/json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_only_large_answers_are_compressed(api):
    make(api, "a")
    small = api.get(CONFIG_MAPS, accept_encoding="gzip")
    api.make(CONFIG_MAPS, config_map("big", k="x" * 200_000))
    large = api.get(CONFIG_MAPS, accept_encoding="gzip")

    assert "content-encoding" not in small.headers
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in api.get(CONFIG_MAPS).headers


def test_names_in_paths_are_unquoted_once(api):
    assert json.loads(api.get(f"{CONFIG_MAPS}/a%2Fb").text)["message"] == 'configmaps "a/b" not found'
