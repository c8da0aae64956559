"""What a student may do, as objects."""

import yaml

from minikweb.people import grants

OBJECTS = [
    *grants.class_objects("class-k7m2", "k7m2"),
    grants.account("class-k7m2", "k7m2", "learn-ab2c"),
    *grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c"),
    *grants.may_delete("learn-ab2c-lab", "class-k7m2", "k7m2", "learn-ab2c"),
]


def test_it_works():
    kinds = [obj["kind"] for obj in grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c")]
    assert kinds == ["Namespace", "ResourceQuota", "ResourceQuota", "LimitRange", "RoleBinding"]


def test_the_namespace_carries_the_level_baseline():
    namespace = grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c")[0]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def test_beyond_their_namespaces_students_only_read():
    roles = [obj for obj in OBJECTS if obj["kind"] in ("ClusterRole", "Role")]
    for role in roles:
        for rule in role["rules"]:
            named = rule.get("resourceNames")
            assert set(rule["verbs"]) <= set(grants.READ) or named == ["learn-ab2c-lab"], role["metadata"]["name"]


def test_what_students_read_of_all_tells_nothing_of_a_person():
    resources = {plural for _, plural in grants.SHARED_KINDS.values()} | {"namespaces"}
    assert not resources & {"pods", "secrets", "configmaps", "events", "persistentvolumes", "serviceaccounts"}


def test_everything_is_labelled_with_its_class():
    for obj in OBJECTS:
        if obj["metadata"]["name"] != grants.CLASS_ROLE:
            assert obj["metadata"]["labels"][grants.CLASS_LABEL] == "k7m2", yaml.safe_dump(obj)
