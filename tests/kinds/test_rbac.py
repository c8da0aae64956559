"""Roles and bindings: what they must say, and how they are shown."""

from datetime import UTC, datetime

import pytest

from minikweb.kinds import rbac

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
READ_PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}


def role(name="reader", *rules, **parts):
    return {"metadata": {"name": name, "creationTimestamp": "2026-11-23T11:00:00Z"}, "rules": list(rules), **parts}


def binding(*subjects, kind="Role", **reference):
    found = {"metadata": {"name": "b"}, "roleRef": {"kind": kind, "name": "reader", **reference}}
    found["subjects"] = list(subjects)
    rbac.ROLE_BINDING.default(found)
    return found


def faults(kind, obj, old=None):
    return [(cause["reason"], cause["field"]) for cause in kind.validate(obj, old)]


def cells(kind, obj):
    return [column.value(obj, NOW) for column in kind.columns]


def test_it_works():
    assert faults(rbac.ROLE, role("reader", READ_PODS)) == []
    assert cells(rbac.ROLE, role()) == ["reader", "2026-11-23T11:00:00Z"]


@pytest.mark.parametrize(
    "rule, fault",
    [
        ({**READ_PODS, "verbs": []}, ("FieldValueRequired", "rules[0].verbs")),
        ({**READ_PODS, "apiGroups": []}, ("FieldValueRequired", "rules[0].apiGroups")),
        ({**READ_PODS, "resources": []}, ("FieldValueRequired", "rules[0].resources")),
        ({"verbs": ["get"], "nonResourceURLs": ["/x"]}, ("FieldValueInvalid", "rules[0].nonResourceURLs")),
    ],
)
def test_a_rule_must_be_whole(rule, fault):
    assert faults(rbac.ROLE, role("reader", rule)) == [fault]


def test_paths_are_for_cluster_roles_and_alone():
    assert faults(rbac.CLUSTER_ROLE, role("r", {"verbs": ["get"], "nonResourceURLs": ["/x"]})) == []
    both = {**READ_PODS, "nonResourceURLs": ["/x"]}
    assert faults(rbac.CLUSTER_ROLE, role("r", both)) == [("FieldValueInvalid", "rules[0].nonResourceURLs")]


def test_what_gathers_must_select():
    gathering = role("all", aggregationRule={"clusterRoleSelectors": []})

    assert faults(rbac.CLUSTER_ROLE, gathering) == [("FieldValueRequired", "aggregationRule.clusterRoleSelectors")]


def test_names_need_only_fit_into_a_url():
    assert rbac.CLUSTER_ROLE.validate_name("system:node") == []
    assert rbac.ROLE.validate_name("a/b") == ["may not contain '/'"]


def test_a_binding_is_completed():
    found = binding({"kind": "User", "name": "ada"}, {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"})

    assert found["roleRef"]["apiGroup"] == rbac.GROUP
    assert [subject.get("apiGroup") for subject in found["subjects"]] == [rbac.GROUP, None]
    assert faults(rbac.ROLE_BINDING, found) == []


@pytest.mark.parametrize(
    "subject, fault",
    [
        ({"kind": "User"}, ("FieldValueRequired", "subjects[0].name")),
        ({"kind": "Robot", "name": "x"}, ("FieldValueNotSupported", "subjects[0].kind")),
        ({"kind": "User", "name": "x", "apiGroup": "apps"}, ("FieldValueNotSupported", "subjects[0].apiGroup")),
        ({"kind": "ServiceAccount", "name": "X y"}, ("FieldValueInvalid", "subjects[0].name")),
    ],
)
def test_a_subject_must_be_somebody(subject, fault):
    assert faults(rbac.ROLE_BINDING, binding(subject)) == [fault]


def test_an_account_bound_in_the_cluster_names_its_namespace():
    found = binding({"kind": "ServiceAccount", "name": "bot"}, kind="ClusterRole")

    assert faults(rbac.CLUSTER_ROLE_BINDING, found) == [("FieldValueRequired", "subjects[0].namespace")]
    assert faults(rbac.ROLE_BINDING, found) == []


def test_a_binding_stays_with_its_role():
    assert faults(rbac.ROLE_BINDING, binding(name="other"), binding()) == [("FieldValueInvalid", "roleRef")]
    assert faults(rbac.CLUSTER_ROLE_BINDING, binding()) == [("FieldValueNotSupported", "roleRef.kind")]


def test_a_binding_shows_whom_it_binds():
    found = binding(
        {"kind": "User", "name": "ada"},
        {"kind": "User", "name": "bob"},
        {"kind": "Group", "name": "dev"},
        {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"},
    )
    found["metadata"]["creationTimestamp"] = "2026-11-23T11:00:00Z"

    assert cells(rbac.ROLE_BINDING, found) == ["b", "Role/reader", "60m", "ada, bob", "dev", "ci/bot"]


def test_rules_are_gathered_by_label_each_once():
    def labelled(name, *rules):
        found = role(name, *rules)
        found["metadata"]["labels"] = {"join": "yes"}
        return found

    other = {**READ_PODS, "resources": ["services"]}
    roles = [labelled("b", READ_PODS, other), labelled("a", READ_PODS), role("c", {**READ_PODS, "verbs": ["*"]})]
    gathering = labelled("all", {**READ_PODS, "verbs": ["watch"]})
    gathering["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {"join": "yes"}}]}

    assert rbac.aggregated_rules(gathering, [*roles, gathering]) == [READ_PODS, other]
