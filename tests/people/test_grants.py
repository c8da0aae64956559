"""What a student may do, as objects."""

from ipaddress import ip_address, ip_network

import yaml

from minikweb.people import grants

OBJECTS = [
    *grants.class_objects("class-k7m2", "k7m2"),
    grants.account("class-k7m2", "k7m2", "learn-ab2c"),
    *grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c"),
    *grants.toolbox("class-k7m2", "k7m2", "learn-ab2c"),
    *grants.may_delete("learn-ab2c-lab", "class-k7m2", "k7m2", "learn-ab2c"),
]


def test_it_works():
    kinds = [obj["kind"] for obj in grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c")]
    assert kinds == ["Namespace", "ResourceQuota", "ResourceQuota", "LimitRange", "NetworkPolicy", "RoleBinding"]


def test_pods_of_others_are_kept_out_and_the_nodes_are_not():
    ranges = [ip_network(one) for one in grants.ranges(["10.244.1.0/24", "10.244.2.0/24"])]

    def is_kept_out(address):
        return any(ip_address(address) in one for one in ranges)

    assert all(is_kept_out(f"10.244.{node}.7") for node in (1, 2, 77, 254))
    assert not any(is_kept_out(one) for one in ("10.244.0.11", "10.244.255.3", "192.168.1.20", "127.0.0.1"))
    assert grants.ranges(["10.42.0.0/16", "fd00::/64"]) == ["10.42.0.0/16"]


def test_the_namespace_carries_the_level_baseline():
    namespace = grants.namespace_objects("learn-ab2c", "class-k7m2", "k7m2", "learn-ab2c")[0]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"


def test_beyond_their_namespaces_students_only_read():
    roles = [obj for obj in OBJECTS if obj["kind"] in ("ClusterRole", "Role")]
    for role in roles:
        for rule in role["rules"]:
            named = rule.get("resourceNames")
            own = named in (["learn-ab2c"], ["learn-ab2c-lab"])
            assert set(rule["verbs"]) <= set(grants.READ) or own, role["metadata"]["name"]


def test_what_students_read_of_all_tells_nothing_of_a_person():
    resources = {plural for _, plural in grants.SHARED_KINDS.values()} | {"namespaces"}
    assert not resources & {"pods", "secrets", "configmaps", "events", "persistentvolumes", "serviceaccounts"}


def test_everything_is_labelled_with_its_class():
    for obj in OBJECTS:
        if obj["metadata"]["name"] != grants.CLASS_ROLE:
            assert obj["metadata"]["labels"][grants.CLASS_LABEL] == "k7m2", yaml.safe_dump(obj)
