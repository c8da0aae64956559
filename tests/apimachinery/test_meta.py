import random
from datetime import UTC, datetime

import pytest

from minikweb.apimachinery import meta

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web", "uid": "u1"}}


def obj(**metadata):
    return {"metadata": {"name": "web", "namespace": "demo", **metadata}}


def causes(new, old=None, **options):
    found = meta.validate_object_meta(new, old, namespaced=options.pop("namespaced", True), **options)
    return [f"{cause['field']}: {cause['message']}" for cause in found]


def test_it_works():
    assert causes(obj(labels={"app": "web"}, annotations={"Example.com/x": "y"}, finalizers=["example.com/z"])) == []


def test_names_are_generated_from_a_base():
    assert meta.generate_name("web-", random.Random(1)) == meta.generate_name("web-", random.Random(1))
    assert meta.generate_name("web-")[:4] == "web-" and len(meta.generate_name("web-")) == 9
    assert len(meta.generate_name("x" * 200)) == 63


def test_empty_metadata_is_left_out():
    thing = obj(labels={}, annotations={"a": ""}, finalizers=[], managedFields=[])
    meta.drop_empty(thing["metadata"])
    assert thing == obj(annotations={"a": ""}, managedFields=[])


def test_the_controller_is_the_one_owner_marked_so():
    other = {"kind": "X", "uid": "u2"}
    assert meta.controller_of(obj(ownerReferences=[other])) is None
    reference = meta.owner_reference(OWNER)
    owned = obj(ownerReferences=[other, reference])
    assert meta.controller_of(owned) == reference
    assert meta.is_controlled_by(owned, OWNER)
    assert not meta.is_controlled_by(owned, {"metadata": {"uid": "u2"}})


def test_finalizers_come_and_go():
    thing = obj()
    assert meta.add_finalizer(thing, "a/b") and not meta.add_finalizer(thing, "a/b")
    assert meta.has_finalizer(thing, "a/b")
    assert meta.remove_finalizer(thing, "a/b") and not meta.remove_finalizer(thing, "a/b")
    assert thing == obj()


def test_a_condition_keeps_its_time_while_its_status_stays():
    conditions = []
    assert meta.set_condition(conditions, "Ready", "True", "Fine", "all well", NOW)
    later = NOW.replace(hour=13)
    assert meta.set_condition(conditions, "Ready", "True", "Better", "", later)
    assert conditions == [
        {"type": "Ready", "status": "True", "reason": "Better", "lastTransitionTime": "2026-11-23T12:00:00Z"}
    ]
    assert not meta.set_condition(conditions, "Ready", "True", "Better", "", later)
    assert meta.set_condition(conditions, "Ready", "False", "Worse", "", later)
    assert meta.get_condition(conditions, "Ready")["lastTransitionTime"] == "2026-11-23T13:00:00Z"
    assert meta.get_condition(None, "Ready") is None


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        ({"name": "Web"}, 'metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must consist of'),
        ({"name": ""}, "metadata.name: Required value: name or generateName is required"),
        ({"namespace": ""}, "metadata.namespace: Required value"),
        ({"labels": {"app": "-"}}, 'metadata.labels: Invalid value: "-": a valid label must be'),
        ({"labels": {"a b": "x"}}, 'metadata.labels: Invalid value: "a b": name part must consist of'),
        ({"annotations": {"a": "x" * 300_000}}, "metadata.annotations: Too long: may not be more than 262144 bytes"),
        ({"ownerReferences": [{"kind": "X", "name": "x", "uid": "1"}]}, "metadata.ownerReferences[0].apiVersion"),
        ({"finalizers": ["mine"]}, 'metadata.finalizers: Invalid value: "mine": name is neither a standard'),
        ({"generateName": "-x-"}, "metadata.generateName"),
    ],
)
def test_it_names_what_is_wrong(metadata, start):
    found = causes(obj(**metadata))
    assert len(found) == 1 and found[0].startswith(start)


def test_only_one_owner_may_control():
    reference = meta.owner_reference(OWNER)
    assert (
        "Only one reference can have Controller set to true" in causes(obj(ownerReferences=[reference, reference]))[0]
    )


def test_a_cluster_scoped_object_has_no_namespace():
    assert causes(obj(), namespaced=False) == ["metadata.namespace: Forbidden: not allowed on this type"]


def test_identity_does_not_change():
    assert causes(obj(uid="2"), obj(uid="1")) == ['metadata.uid: Invalid value: "2": field is immutable']


def test_a_custom_resource_s_finalizer_needs_no_domain():
    named = obj(finalizers=["resources-finalizer.example.org"])
    assert meta.validate_object_meta(named, None, namespaced=True)
    assert meta.validate_object_meta(named, None, namespaced=True, custom=True) == []


def test_no_finalizer_is_added_to_a_dying_object():
    dying = {"deletionTimestamp": "2026-11-23T12:00:00Z"}
    assert causes(obj(**dying), obj(**dying, finalizers=["a/b"])) == []
    [found] = causes(obj(**dying, finalizers=["a/b"]), obj(**dying))
    assert "no new finalizers can be added if the object is being deleted" in found


def test_a_services_name_starts_with_a_letter():
    assert meta.validate_dns_1035_label("a-1") == [] and meta.validate_dns_1035_label("1-a")
    assert meta.validate_dns_label("a.b") and meta.validate_dns_label("a" * 64)
    assert meta.validate_path_segment("system:admin") == [] and meta.validate_path_segment("a/b")
