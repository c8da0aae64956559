from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import apply
from minikweb.apimachinery.errors import BadRequest, Conflict
from minikweb.apimachinery.serializer import deep_copy, dump_json

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def deployment(labels=None, containers=None, **spec):
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": spec,
    }
    if labels is not None:
        obj["metadata"]["labels"] = labels
    if containers is not None:
        spec["template"] = {"spec": {"containers": containers}}
    return obj


class Server:
    """Just enough of one: the live object, applies and updates."""

    def __init__(self, schema):
        self.schema = schema
        self.live = None

    def apply(self, applied, manager="helm", *, force=False, now=NOW, subresource=""):
        self.live = apply.server_side_apply(
            self.live,
            applied,
            manager,
            self.schema,
            force=force,
            subresource=subresource,
            now=now,
            api_version="apps/v1",
        )
        return self.live

    def update(self, change, manager="kubectl-edit", subresource="", now=NOW):
        new = deep_copy(self.live) if self.live else deployment()
        change(new)
        apply.update_managed_fields(self.live, new, manager, "Update", subresource, "apps/v1", now, self.schema)
        self.live = new

    @property
    def spec(self):
        return self.live["spec"]

    @property
    def owners(self):
        return {entry["manager"]: entry["fieldsV1"] for entry in self.live["metadata"].get("managedFields", [])}


@pytest.fixture
def server(deployment_schema):
    return Server(deployment_schema)


def scale(replicas):
    return lambda obj: obj["spec"].__setitem__("replicas", replicas)


def test_it_works(server):
    server.apply(deployment(labels={"app": "web"}, replicas=3))
    assert server.spec == {"replicas": 3}
    assert server.live["metadata"]["managedFields"] == [
        {
            "manager": "helm",
            "operation": "Apply",
            "apiVersion": "apps/v1",
            "time": "2026-11-23T12:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}}},
        }
    ]


def test_applying_again_changes_nothing_not_even_the_time(server):
    first = server.apply(deployment(labels={"app": "web"}, replicas=3))
    assert server.apply(deployment(labels={"app": "web"}, replicas=3), now=LATER) == first


def test_another_owner_is_a_conflict_that_names_it(server):
    server.apply(deployment(replicas=3))
    server.update(scale(5), "kubectl-client-side-apply")
    with pytest.raises(Conflict) as caught:
        server.apply(deployment(replicas=4))
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas'
    )
    assert caught.value.details["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-client-side-apply" using apps/v1',
            "field": ".spec.replicas",
        }
    ]


def test_several_conflicts_are_listed_by_owner(server):
    server.apply(deployment(containers=[{"name": "a", "image": "a:1"}], paused=True), "argo")
    server.update(scale(5), "kube-controller-manager", "scale")
    with pytest.raises(Conflict) as caught:
        server.apply(deployment(containers=[{"name": "a", "image": "a:2"}], replicas=2, paused=False))
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "argo":\n- .spec.paused\n'
        '- .spec.template.spec.containers[name="a"].image\n'
        'conflicts with "kube-controller-manager" with subresource "scale" using apps/v1:\n- .spec.replicas'
    )


def test_force_takes_the_field_over(server):
    server.apply(deployment(replicas=3), "argo")
    server.apply(deployment(replicas=4), "helm", force=True)
    assert server.spec == {"replicas": 4}
    assert set(server.owners) == {"helm"}


def test_equal_values_are_owned_together(server):
    server.apply(deployment(replicas=3), "argo")
    server.apply(deployment(replicas=3), "helm")
    assert set(server.owners) == {"argo", "helm"}
    server.apply(deployment(), "helm")
    assert server.spec == {"replicas": 3} and server.owners["helm"] == {"f:spec": {}}
    server.apply(deployment(), "argo")
    assert server.spec == {}


def test_what_is_no_longer_applied_goes_unless_somebody_else_owns_it(server):
    server.apply(deployment(labels={"a": "1", "b": "2"}, replicas=3, paused=True))
    server.update(scale(5), "scaler")
    server.apply(deployment(labels={"a": "1"}))
    assert server.live["metadata"]["labels"] == {"a": "1"}
    assert server.spec == {"replicas": 5}
    assert server.live["metadata"]["name"] == "web"


def test_what_was_never_applied_stays(server):
    server.apply(deployment(labels={"a": "1"}, containers=[{"name": "a"}, {"name": "b"}]))
    server.update(lambda obj: obj["spec"].update(progressDeadlineSeconds=600), "defaults")
    server.update(lambda obj: obj["spec"]["template"]["spec"]["containers"].append({"name": "sidecar"}), "injector")
    server.apply(deployment(containers=[{"name": "b"}]))
    assert "labels" not in server.live["metadata"]
    assert server.spec["progressDeadlineSeconds"] == 600
    assert [each["name"] for each in server.spec["template"]["spec"]["containers"]] == ["b", "sidecar"]


def test_a_dropped_list_item_goes_with_what_others_wrote_into_it(server):
    server.apply(deployment(containers=[{"name": "a", "image": "a:1"}, {"name": "b"}]))
    server.update(lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(tty=True), "other")
    server.apply(deployment(containers=[{"name": "b"}]))
    assert server.spec["template"]["spec"]["containers"] == [{"name": "b"}]
    assert set(server.owners) == {"helm"}


def test_lists_are_joined_by_their_keys_and_sets_by_their_values(server):
    ports = [{"containerPort": 80, "protocol": "TCP", "name": "http"}]
    server.update(lambda obj: obj["spec"].update(template={"spec": {"containers": [{"name": "a", "ports": ports}]}}))
    server.update(lambda obj: obj["metadata"].update(finalizers=["x/1"]))
    applied = deployment(containers=[{"name": "a", "ports": [{"containerPort": 80, "hostPort": 8080}]}])
    applied["metadata"]["finalizers"] = ["y/2"]
    server.apply(applied)
    assert server.spec["template"]["spec"]["containers"][0]["ports"] == [{**ports[0], "hostPort": 8080}]
    assert sorted(server.live["metadata"]["finalizers"]) == ["x/1", "y/2"]


def test_applied_items_keep_their_order_and_others_stay_where_they_stood(server):
    server.update(lambda obj: obj["spec"].update(template={"spec": {"containers": [{"name": n} for n in "abc"]}}))
    server.apply(deployment(containers=[{"name": "x"}, {"name": "c"}, {"name": "a"}]))
    assert [each["name"] for each in server.spec["template"]["spec"]["containers"]] == ["b", "x", "c", "a"]


def test_atomic_parts_are_replaced_and_owned_as_a_whole(server):
    server.apply(deployment(selector={"matchLabels": {"a": "1"}}, containers=[{"name": "a", "args": ["1", "2"]}]))
    server.apply(deployment(selector={"matchLabels": {"b": "2"}}, containers=[{"name": "a", "args": ["3"]}]))
    assert server.spec["selector"] == {"matchLabels": {"b": "2"}}
    assert server.spec["template"]["spec"]["containers"] == [{"name": "a", "args": ["3"]}]
    with pytest.raises(Conflict, match=r"\.spec\.selector"):
        server.apply(deployment(selector={"matchLabels": {"b": "2", "c": "3"}}), "other")


def test_an_untracked_object_belongs_to_before_first_apply(server):
    server.live = deployment(replicas=1, paused=True)
    with pytest.raises(Conflict, match='conflict with "before-first-apply" using apps/v1: .spec.replicas'):
        server.apply(deployment(replicas=2))
    server.apply(deployment(replicas=2), force=True)
    assert server.owners["before-first-apply"] == {"f:spec": {"f:paused": {}}}


def test_nulls_and_identity_are_nobodys(server):
    applied = deployment(replicas=None, paused=True)
    applied["metadata"] |= {"creationTimestamp": None, "labels": {"a": "1"}}
    server.apply(applied)
    assert server.owners == {"helm": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:paused": {}}}}
    assert "replicas" not in server.spec and "creationTimestamp" not in server.live["metadata"]


def test_fields_that_cannot_be_set_are_ignored(deployment_schema):
    applied = {**deployment(replicas=1), "status": {"replicas": 9}}
    result = apply.server_side_apply(
        None, applied, "helm", deployment_schema, force=False, subresource="", now=NOW, api_version="apps/v1",
        reset_fields=("status",),
    )  # fmt: skip
    assert "status" not in result
    assert result["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


def test_nothing_is_shared_with_the_sources(server):
    applied = deployment(labels={"a": "1"}, containers=[{"name": "a"}])
    first = server.apply(applied)
    before = dump_json(first), dump_json(applied)
    second = server.apply(deployment(labels={"b": "1"}, containers=[{"name": "b"}]))
    second["metadata"]["labels"]["c"] = "1"
    second["spec"]["template"]["spec"]["containers"].clear()
    assert (dump_json(first), dump_json(applied)) == before


@pytest.mark.parametrize(
    ("applied", "problem"),
    [
        (deployment(foo=1), ".spec.foo: field not declared in schema"),
        (deployment(replicas="3"), ".spec.replicas: expected numeric (int or float), got string"),
        (deployment(containers={}), ".spec.template.spec.containers: expected list, got map"),
        (deployment(template=[]), ".spec.template: expected map, got list"),
        (deployment(containers=[{"name": "a"}, {"name": "a"}]), 'duplicate entries for key [name="a"]'),
        (deployment(containers=[{"image": "a"}]), 'omits all key fields ["name"]'),
        (deployment(containers=["a"]), "may not have non-map elements"),
        (deployment(containers=[None]), "may not have a null element"),
        (deployment(foo=1, bar=1), "errors:\n  .spec.foo: field not declared"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(server, applied, problem):
    with pytest.raises(BadRequest) as caught:
        server.apply(applied)
    assert caught.value.message.startswith("failed to create typed patch object (demo/web; apps/v1, Kind=Deployment): ")
    assert problem in caught.value.message


def test_managed_fields_cannot_be_applied(server):
    applied = deployment()
    applied["metadata"]["managedFields"] = []
    with pytest.raises(BadRequest, match="metadata.managedFields must be nil"):
        server.apply(applied)


def client_side_apply(server, **spec):
    last = dump_json(deployment(**spec)).decode()

    def change(obj):
        obj["spec"].update(spec)
        obj["metadata"]["annotations"] = {apply.LAST_APPLIED: last}

    server.update(change, "kubectl-client-side-apply")


def test_kubectl_takes_over_what_it_applied_on_the_client_side(server):
    client_side_apply(server, replicas=3)
    server.apply(deployment(replicas=4), "kubectl")
    assert server.spec == {"replicas": 4}
    last = server.live["metadata"]["annotations"][apply.LAST_APPLIED]
    assert '"replicas":4' in last and last.endswith("}\n")


def test_kubectl_does_not_take_over_what_was_changed_since(server):
    client_side_apply(server, replicas=3)
    server.update(scale(5), "scaler")
    with pytest.raises(Conflict, match='conflict with "scaler" using apps/v1: .spec.replicas'):
        server.apply(deployment(replicas=4), "kubectl")


def test_other_managers_have_no_such_privilege(server):
    client_side_apply(server, replicas=3)
    with pytest.raises(Conflict, match="kubectl-client-side-apply"):
        server.apply(deployment(replicas=4), "helm")


CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")},
        optional={
            "image": st.sampled_from("xy"),
            "args": st.lists(st.sampled_from("xy"), max_size=2),
            "env": st.lists(st.fixed_dictionaries({"name": st.sampled_from("EF")}), unique_by=lambda env: env["name"]),
        },
    ),
    max_size=3,
    unique_by=lambda container: container["name"],
)
LABELS = st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
APPLIED = st.builds(deployment, labels=LABELS, containers=st.none() | CONTAINERS, paused=st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(APPLIED, st.sampled_from(["helm", "argo"])), min_size=1, max_size=5))
def test_applying_twice_changes_nothing_and_what_was_applied_is_there(deployment_schema, steps):
    server = Server(deployment_schema)
    for applied, manager in steps:
        once = server.apply(deep_copy(applied), manager, force=True)
        assert server.apply(deep_copy(applied), manager, now=LATER) == once
        assert contains(once, applied)


@settings(max_examples=60, deadline=None)
@given(APPLIED, APPLIED)
def test_a_lone_applier_leaves_nothing_of_the_past(deployment_schema, first, second):
    server, fresh = Server(deployment_schema), Server(deployment_schema)
    server.apply(first)
    server.apply(second)
    fresh.apply(second)
    assert without_empty(server.live) == without_empty(fresh.live)


def contains(whole, part):
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list) and part and isinstance(part[0], dict):
        return all(any(item["name"] == each["name"] and contains(item, each) for item in whole) for each in part)
    return whole == part or not part


def without_empty(value):
    if isinstance(value, dict):
        cleaned = {key: without_empty(item) for key, item in value.items() if key != "managedFields"}
        return {key: item for key, item in cleaned.items() if item not in ({}, [])}
    return [without_empty(item) for item in value] if isinstance(value, list) else value
