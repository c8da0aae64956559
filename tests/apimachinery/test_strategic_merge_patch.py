import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import patch
from minikweb.apimachinery.errors import BadRequest, Invalid


def pod(**spec):
    return {"metadata": {"name": "web", "finalizers": ["a/1", "b/2"]}, "spec": spec}


TWO = pod(containers=[{"name": "a", "image": "a:1", "args": ["x"]}, {"name": "b", "image": "b:1"}])


def names(document):
    return [container["name"] for container in document["spec"]["containers"]]


@pytest.fixture
def merge(pod_schema):
    return lambda document, changes: patch.strategic_merge_patch(document, changes, pod_schema)


def test_it_works(merge):
    result = merge(TWO, {"spec": {"containers": [{"name": "b", "image": "b:2", "args": None}], "hostname": "h"}})
    assert result == pod(
        containers=[{"name": "a", "image": "a:1", "args": ["x"]}, {"name": "b", "image": "b:2"}], hostname="h"
    )


def test_the_result_shares_nothing_with_its_sources(merge):
    changes = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "args": ["y"]}]}}
    result = merge(TWO, changes)
    result["spec"]["containers"][0]["args"].append("z")
    result["metadata"]["labels"]["c"] = "d"
    assert changes["spec"]["containers"][0]["args"] == ["y"] and "c" not in changes["metadata"]["labels"]
    assert TWO["spec"]["containers"][0]["args"] == ["x"]


def test_null_deletes(merge):
    assert "containers" not in merge(TWO, {"spec": {"containers": None}})["spec"]


def test_lists_without_a_merge_strategy_are_replaced(merge):
    result = merge(TWO, {"spec": {"containers": [{"name": "a", "args": ["y", "z"]}]}})
    assert result["spec"]["containers"][0]["args"] == ["y", "z"]


def test_a_new_item_comes_first_as_in_kubernetes(merge):
    assert names(merge(TWO, {"spec": {"containers": [{"name": "c"}]}})) == ["c", "a", "b"]


def test_an_order_list_places_new_and_old_items(merge):
    changes = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}], "containers": [{"name": "c"}]}}
    assert names(merge(TWO, changes)) == ["a", "b", "c"]
    assert names(merge(TWO, {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}})) == ["b", "a"]


def test_the_order_list_must_agree_with_the_patch(merge):
    changes = {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "c"}]}
    with pytest.raises(BadRequest, match="doesn't match"):
        merge(TWO, {"spec": changes})


def test_an_item_is_deleted_by_its_key(merge):
    assert names(merge(TWO, {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}})) == ["b"]


def test_a_list_is_replaced_when_asked(merge):
    changes = {"spec": {"containers": [{"name": "c", "args": None}, {"$patch": "replace"}]}}
    assert merge(TWO, changes)["spec"]["containers"] == [{"name": "c"}]


def test_a_map_is_replaced_or_emptied_when_asked(merge):
    assert merge(TWO, {"spec": {"$patch": "replace", "hostname": "h"}})["spec"] == {"hostname": "h"}
    assert merge(TWO, {"spec": {"$patch": "delete"}})["spec"] == {}
    assert names(merge(TWO, {"spec": {"$patch": "merge", "hostname": "h"}})) == ["a", "b"]


def test_lists_of_scalars_are_joined(merge):
    result = merge(TWO, {"metadata": {"finalizers": ["c/3", "a/1"]}})
    assert result["metadata"]["finalizers"] == ["c/3", "a/1", "b/2"]


def test_scalars_are_taken_out_of_a_list(merge):
    changes = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/1"]}}
    assert merge(TWO, changes)["metadata"]["finalizers"] == ["b/2"]
    changes["metadata"] |= {"finalizers": ["c/3"], "$setElementOrder/finalizers": ["b/2", "c/3"]}
    assert merge(TWO, changes)["metadata"]["finalizers"] == ["b/2", "c/3"]


def test_retained_keys_push_the_others_out(merge, definitions):
    volumes = pod(volumes=[{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}])
    changes = {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}
    assert merge(volumes, {"spec": changes})["spec"]["volumes"] == [
        {"name": "v", "configMap": {"name": "c"}}, {"name": "w", "emptyDir": {}},
    ]  # fmt: skip
    deployment = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    changes = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    schema = definitions.of("io.k8s.api.apps.v1.Deployment")
    assert patch.strategic_merge_patch(deployment, changes, schema) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_directives_do_not_survive_where_there_is_nothing_to_merge_with(merge):
    changes = {
        "metadata": {"labels": {"a": None, "b": "1"}, "annotations": {"$patch": "delete"}},
        "spec": {"volumes": [{"name": "v", "$retainKeys": ["name"], "emptyDir": {"medium": None}}]},
    }
    assert merge({"metadata": {}}, changes) == {
        "metadata": {"labels": {"b": "1"}}, "spec": {"volumes": [{"name": "v", "emptyDir": {}}]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ([], BadRequest),
        ({"spec": {"$patch": "paint"}}, BadRequest),
        ({"spec": {"containers": [{"name": "a", "$patch": "merge"}]}}, BadRequest),
        ({"spec": {"containers": [{"image": "x"}]}}, Invalid),
        ({"spec": {"containers": ["a"]}}, BadRequest),
        ({"spec": {"containers": [{"name": {}}]}}, BadRequest),
        ({"spec": {"containers": [{"name": "a", "$retainKeys": "name"}]}}, BadRequest),
        ({"spec": {"$setElementOrder/containers": "a"}}, BadRequest),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}}, BadRequest),
        ({"metadata": {"finalizers": [["a"]]}}, BadRequest),
        ({"spec": {"$retainKeys": ["hostname"], "nodeName": "n"}}, BadRequest),
    ],
)
def test_it_refuses_malformed_patches(merge, changes, error):
    with pytest.raises(error):
        merge(TWO, changes)


CONTAINER = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={"image": st.none() | st.sampled_from("xy"), "args": st.lists(st.sampled_from("xy"), max_size=2)},
)
CONTAINERS = st.lists(CONTAINER, max_size=3, unique_by=lambda container: container["name"])


@settings(max_examples=100, deadline=None)
@given(CONTAINERS, CONTAINERS)
def test_merging_twice_changes_nothing(pod_schema, present, changed):
    once = patch.strategic_merge_patch(pod(containers=present), {"spec": {"containers": changed}}, pod_schema)
    assert patch.strategic_merge_patch(once, {"spec": {"containers": changed}}, pod_schema) == once
    assert set(names(once)) == {container["name"] for container in present + changed}


def test_a_new_item_takes_the_place_of_a_deleted_one(merge):
    changes = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}],
        "containers": [{"name": "c"}, {"name": "a", "$patch": "delete"}],
    }
    assert names(merge(TWO, {"spec": changes})) == ["c", "b"]
    three = pod(containers=[{"name": "b"}, {"name": "a"}, {"name": "d"}])
    changes = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "d"}],
        "containers": [{"name": "c"}, {"name": "a", "$patch": "delete"}],
    }
    assert names(merge(three, {"spec": changes})) == ["b", "c", "d"]
