"""Roles enforced: who may do what, why not, and what nobody may give away."""

import json

import pytest

from minikweb.apiserver import bootstrap, defaultroles
from minikweb.apiserver.authorization import Attributes
from minikweb.apiserver.escalation import covers, not_covered
from minikweb.apiserver.rbac import Policy, Rule, path_matches
from tests.apiserver.api import CONFIG_MAPS, DEPLOYMENTS, PODS, config_map, deployment, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = f"{RBAC}/namespaces/default/roles", f"{RBAC}/namespaces/default/rolebindings"
CLUSTER_ROLES, CLUSTER_BINDINGS = f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"
REVIEWS = "/apis/authorization.k8s.io/v1"
READ_PODS = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods"]}


@pytest.fixture
def ada(api):
    """The options with which a request comes from ada, who is nobody yet."""
    return {"token": api.issuer.issue("ada", ["dev"])}


def bind(api, role, *subjects, name="b", kind="ClusterRole", target=BINDINGS):
    subjects = [{"kind": subject_kind, "name": who, **more} for subject_kind, who, more in subjects]
    return api.make(target, {"metadata": {"name": name}, "roleRef": {"kind": kind, "name": role}, "subjects": subjects})


USER_ADA = ("User", "ada", {})


def test_it_works(api, ada):
    api.make(ROLES, {"metadata": {"name": "reader"}, "rules": [READ_PODS]})
    assert api.get(PODS, **ada).status == 403

    bind(api, "reader", USER_ADA, kind="Role")

    assert api.get(PODS, **ada).status == 200
    assert api.get("/api/v1/pods", **ada).status == 403
    assert api.post(PODS, pod("web"), **ada).status == 403


def test_the_refusal_is_kubernetes(api, ada):
    answer = api.get("/apis/apps/v1/namespaces/default/deployments/web/scale", **ada)

    assert answer.message == (
        'deployments.apps "web" is forbidden: User "ada" cannot get resource "deployments/scale" in API group "apps"'
        ' in the namespace "default"'
    )
    assert answer.json["details"] == {"name": "web", "group": "apps", "kind": "deployments"}
    assert api.get("/", **ada).message == 'forbidden: User "ada" cannot get path "/"'


def test_whoever_is_signed_in_discovers_and_asks_what_he_may(api, ada):
    for path in ("/api", "/apis", "/apis/apps/v1", "/openapi/v3", "/version", "/readyz"):
        assert api.get(path, **ada).status == 200, path
    may = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}}}
    assert api.post(f"{REVIEWS}/selfsubjectaccessreviews", may, **ada).json["status"] == {"allowed": False}
    assert api.post(f"{REVIEWS}/subjectaccessreviews", may, **ada).status == 403


def test_nobody_sees_the_health_and_the_version_only(api):
    assert [api.get(path, token="").status for path in ("/livez", "/version", "/api")] == [200, 200, 401]


def test_view_reads_all_but_secrets(api, ada):
    bind(api, "view", ("Group", "dev", {}))

    assert api.get(DEPLOYMENTS, **ada).status == 200
    assert api.get("/api/v1/namespaces/default/secrets", **ada).status == 403
    assert api.post(CONFIG_MAPS, config_map("a"), **ada).status == 403
    assert api.get("/api/v1/namespaces/kube-system/pods", **ada).status == 403


def test_edit_writes_all_but_roles(api, ada):
    bind(api, "edit", USER_ADA)

    assert api.post(DEPLOYMENTS, deployment("web"), **ada).status == 201
    assert api.get("/api/v1/namespaces/default/secrets", **ada).status == 200
    assert api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 2}}, **ada).status == 200
    assert api.get(ROLES, **ada).status == 403


def test_admin_gives_away_what_he_has_and_no_more(api, ada):
    bind(api, "admin", USER_ADA)

    assert api.post(ROLES, {"metadata": {"name": "reader"}, "rules": [READ_PODS]}, **ada).status == 201
    nodes = {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]}
    refused = api.post(ROLES, {"metadata": {"name": "all"}, "rules": [READ_PODS, nodes]}, **ada)
    assert refused.status == 403
    assert refused.message == (
        'roles.rbac.authorization.k8s.io "all" is forbidden: user "ada" (groups=["dev" "system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}'
    )
    reference = {"metadata": {"name": "up"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    assert api.post(BINDINGS, reference, **ada).status == 403
    reference["roleRef"]["name"] = "edit"
    assert api.post(BINDINGS, reference, **ada).status == 201


def test_a_role_cannot_be_widened_by_a_patch_or_an_update_either(api, ada):
    bind(api, "admin", USER_ADA)
    api.post(ROLES, {"metadata": {"name": "reader"}, "rules": [READ_PODS]}, **ada)
    wide = {"rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}

    assert api.patch(f"{ROLES}/reader", wide, **ada).status == 403
    assert api.put(f"{ROLES}/reader", {"metadata": {"name": "reader"}, **wide}, **ada).status == 403
    assert api.patch(f"{ROLES}/reader", {"metadata": {"labels": {"a": "b"}}}, **ada).status == 200


def test_who_may_bind_binds_what_he_has_not(api, ada):
    rules = [
        {"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]},
        {"verbs": ["create"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings"]},
    ]
    rules[0]["resourceNames"] = ["view"]
    api.make(ROLES, {"metadata": {"name": "binder"}, "rules": rules})
    bind(api, "binder", USER_ADA, kind="Role")
    wanted = {"metadata": {"name": "c"}, "roleRef": {"kind": "ClusterRole", "name": "view"}}

    assert api.post(BINDINGS, wanted, **ada).status == 201
    assert api.post(BINDINGS, {**wanted, "roleRef": {"kind": "ClusterRole", "name": "edit"}}, **ada).status == 403


def test_a_binding_to_a_role_that_is_not_there_says_so(api, ada):
    bind(api, "nothing", USER_ADA)

    assert api.get(PODS, **ada).message.endswith(
        'in the namespace "default": RBAC: clusterrole.rbac.authorization.k8s.io "nothing" not found'
    )


def test_accounts_are_users_and_groups(api):
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    api.make(accounts, {"metadata": {"name": "bot"}})
    token = api.post(f"{accounts}/bot/token", {}).json["status"]["token"]
    assert api.get(PODS, token=token).status == 403

    bind(api, "view", ("ServiceAccount", "bot", {}))
    assert api.get(PODS, token=token).status == 200

    api.delete(f"{BINDINGS}/b")
    bind(api, "view", ("Group", "system:serviceaccounts:default", {}))
    assert api.get(PODS, token=token).status == 200


def test_what_is_taken_away_is_gone_at_once(api, ada):
    bind(api, "view", USER_ADA)
    assert api.get(PODS, **ada).status == 200

    api.patch(f"{BINDINGS}/b", {"subjects": [{"kind": "User", "name": "bob"}]})
    assert api.get(PODS, **ada).status == 403
    api.patch(f"{BINDINGS}/b", {"subjects": [{"kind": "User", "name": "ada"}]})
    assert api.get(PODS, **ada).status == 200
    api.delete(f"{BINDINGS}/b")
    assert api.get(PODS, **ada).status == 403


def test_one_object_may_be_all_that_is_allowed(api, ada):
    rule = {"verbs": ["get", "watch"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["web"]}
    api.make(ROLES, {"metadata": {"name": "one"}, "rules": [rule]})
    bind(api, "one", USER_ADA, kind="Role")
    api.make(PODS, pod("web"))

    assert [api.get(f"{PODS}/{name}", **ada).status for name in ("web", "db")] == [200, 403]
    watching = api.watch(f"{PODS}?watch=true&fieldSelector=metadata.name%3Dweb", **ada)
    assert watching.take(1) == [("ADDED", "web")]
    watching.close()
    assert api.watch(f"{PODS}?watch=true", **ada).status == 403


# --- Impersonation ---------------------------------------------------------------------------------


def test_who_may_impersonate_an_account_may_not_be_anybody(api, ada):
    bind(api, "edit", USER_ADA)

    bot = api.get(PODS, impersonate_user="system:serviceaccount:default:bot", **ada)
    other = api.get(PODS, impersonate_user="system:serviceaccount:kube-system:bot", **ada)
    user = api.get(PODS, impersonate_user="bob", **ada)
    masters = api.get(
        PODS, impersonate_user="system:serviceaccount:default:bot", impersonate_group="system:masters", **ada
    )

    assert bot.message.startswith('pods is forbidden: User "system:serviceaccount:default:bot" cannot list')
    assert 'cannot impersonate resource "serviceaccounts"' in other.message
    assert 'cannot impersonate resource "users"' in user.message
    assert 'cannot impersonate resource "groups"' in masters.message


@pytest.mark.parametrize(
    "headers", [{"impersonate_group": "dev"}, {"impersonate_uid": "1"}, {"impersonate_user": "system:serviceaccount:x"}]
)
def test_half_an_impersonation_is_refused(api, headers):
    assert api.get(PODS, **headers).status == 400


def test_the_uid_and_the_extras_of_another_are_allowed_one_by_one(api, ada):
    rules = [{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]}]
    api.make(CLUSTER_ROLES, {"metadata": {"name": "mask"}, "rules": rules})
    bind(api, "mask", USER_ADA, target=CLUSTER_BINDINGS)

    assert api.get("/version", impersonate_user="bob", **ada).status == 200
    assert api.get("/version", impersonate_user="bob", impersonate_uid="7", **ada).status == 403
    assert api.get("/version", impersonate_user="bob", impersonate_extra_x="y", **ada).status == 403


# --- Reviews -----------------------------------------------------------------------------------------


def review(api, **asked):
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}, **asked}
    return api.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec}).json["status"]


def test_a_review_names_the_binding(api):
    bind(api, "view", ("Group", "dev", {}))

    assert review(api, user="ada", groups=["dev"]) == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "b/default" of ClusterRole "view" to Group "dev"',
    }
    bind(api, "view", ("ServiceAccount", "bot", {"namespace": "ci"}), name="c", target=CLUSTER_BINDINGS)
    assert review(api, user="system:serviceaccount:ci:bot")["reason"] == (
        'RBAC: allowed by ClusterRoleBinding "c" of ClusterRole "view" to ServiceAccount "bot/ci"'
    )
    assert review(api, user="eve") == {"allowed": False}


def test_what_may_i_do_lists_my_rules(api, ada):
    bind(api, "view", USER_ADA)

    status = api.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}, **ada).json["status"]

    assert {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["namespaces"]} in status[
        "resourceRules"
    ]
    assert any("/api" in rule["nonResourceURLs"] for rule in status["nonResourceRules"])


# --- The default roles --------------------------------------------------------------------------------


def test_what_a_default_role_lost_comes_back_at_the_next_start(api):
    api.patch(f"{CLUSTER_ROLES}/system:discovery", {"rules": []})
    api.delete(f"{CLUSTER_BINDINGS}/system:basic-user")
    extra = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
    api.patch(f"{CLUSTER_ROLES}/system:monitoring", {"rules": [extra]})

    bootstrap.bootstrap(api.server, api.now)

    assert "/apis" in api.get(f"{CLUSTER_ROLES}/system:discovery").json["rules"][0]["nonResourceURLs"]
    assert api.get(f"{CLUSTER_BINDINGS}/system:basic-user").status == 200
    kept = api.get(f"{CLUSTER_ROLES}/system:monitoring").json["rules"]
    assert extra in kept and len(kept) == 2


def test_a_default_role_that_is_kept_by_hand_is_left_alone(api):
    mine = {"metadata": {"annotations": {defaultroles.AUTO_UPDATE: "false"}}, "rules": []}
    api.patch(f"{CLUSTER_ROLES}/system:discovery", mine)

    bootstrap.bootstrap(api.server, api.now)

    assert not api.get(f"{CLUSTER_ROLES}/system:discovery").json.get("rules")


def test_a_second_start_writes_nothing(api):
    before = api.storage.hub.revision

    bootstrap.bootstrap(api.server, api.now)

    assert api.storage.hub.revision == before


@pytest.mark.parametrize(
    "user, groups, verb, group, resource, namespace",
    [
        ("system:kube-controller-manager", [], "delete", "apps", "replicasets", "default"),
        ("system:kube-scheduler", [], "create", "", "pods/binding", "default"),
        ("system:kube-scheduler", [], "patch", "", "pods/status", "default"),
        ("system:kube-scheduler", [], "create", "", "events", "default"),
        ("system:node:node-1", ["system:nodes"], "patch", "", "nodes/status", ""),
        ("system:node:node-1", ["system:nodes"], "delete", "", "pods", "default"),
        ("system:node:node-1", ["system:nodes"], "patch", "coordination.k8s.io", "leases", "kube-node-lease"),
        ("minikweb:web", [], "delete", "", "secrets", "default"),
        ("minikweb:web", [], "impersonate", "", "users", ""),
    ],
)
def test_the_components_may_do_their_work(api, user, groups, verb, group, resource, namespace):
    attributes = {"verb": verb, "group": group, "resource": resource.partition("/")[0], "namespace": namespace}
    attributes["subresource"] = resource.partition("/")[2]

    assert review(api, resourceAttributes=attributes, user=user, groups=groups)["allowed"] is True


def test_a_policy_that_begins_later_knows_what_was_before(api):
    bind(api, "view", USER_ADA)
    policy = Policy(api.storage)
    user = api.server.authenticator.of_token(api.issuer.issue("ada"))

    assert policy.authorize(user, Attributes("get", "", "pods", "default")).allowed


def test_a_policy_that_was_cut_off_reads_anew(api, ada):
    bind(api, "view", USER_ADA)
    assert api.get(PODS, **ada).status == 200
    policy = api.server.authorizer
    for subscription in policy._following._subscriptions.values():
        subscription.capacity = 0

    api.delete(f"{BINDINGS}/b")

    assert api.get(PODS, **ada).status == 403


# --- Rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule, attributes, allowed",
    [
        (READ_PODS, Attributes("get", "", "pods"), True),
        (READ_PODS, Attributes("delete", "", "pods"), False),
        (READ_PODS, Attributes("get", "", "pods/log"), False),
        (READ_PODS, Attributes("get", "apps", "pods"), False),
        ({**READ_PODS, "resources": ["*/log"]}, Attributes("get", "", "pods/log"), True),
        ({**READ_PODS, "resources": ["*"]}, Attributes("get", "", "pods/log"), True),
        ({**READ_PODS, "verbs": ["*"], "apiGroups": ["*"]}, Attributes("use", "x", "pods"), True),
        ({**READ_PODS, "resourceNames": ["a"]}, Attributes("get", "", "pods", name="a"), True),
        ({**READ_PODS, "resourceNames": ["a"]}, Attributes("list", "", "pods"), False),
        (READ_PODS, Attributes("get", path="/pods"), False),
    ],
)
def test_a_rule_allows(rule, attributes, allowed):
    assert Rule.of(rule).allows(attributes) is allowed


def test_paths_are_matched_by_their_beginning():
    assert path_matches("/apis/*", "/apis/apps") and path_matches("*", "/x")
    assert not path_matches("/apis/*", "/api") and not path_matches("/version", "/version/x")


def test_a_rule_is_covered_part_by_part():
    wide = {"verbs": ["get", "delete"], "apiGroups": [""], "resources": ["pods", "services"]}

    assert not_covered([READ_PODS], [wide]) == [
        {"verbs": ["get"], "apiGroups": [""], "resources": ["services"]},
        {"verbs": ["delete"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["delete"], "apiGroups": [""], "resources": ["services"]},
    ]
    one = {**READ_PODS, "verbs": ["get"], "resourceNames": ["web"]}
    assert not_covered([READ_PODS], [one]) == []
    assert not covers(one, {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]})
    path = {"verbs": ["get"], "nonResourceURLs": ["/apis/apps"]}
    assert covers({"verbs": ["*"], "nonResourceURLs": ["/apis/*"]}, path)


def test_the_default_roles_are_valid_as_they_are_written(api):
    for obj in [*defaultroles.cluster_roles(), *defaultroles.cluster_role_bindings()]:
        plural = f"{obj['kind'].lower()}s"
        name = obj["metadata"]["name"]
        assert api.put(f"{RBAC}/{plural}/{name}", json.loads(json.dumps(obj))).status == 200, name
