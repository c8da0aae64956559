"""The real kubectl on roles, bindings and questions."""

import pytest

from tests.apiserver.test_kubectl import kubectl, namespace

pytestmark = pytest.mark.kubectl
__all__ = ["kubectl", "namespace"]


def test_it_works(kubectl, namespace):
    kubectl(
        "create", "role", "reader", "--verb=get,list,watch", "--resource=pods,deployments.apps", namespace=namespace
    )
    kubectl("create", "rolebinding", "ada-reads", "--role=reader", "--user=ada", namespace=namespace)

    assert kubectl("auth", "can-i", "list", "pods", "--as=ada", namespace=namespace) == "yes\n"
    assert kubectl("auth", "can-i", "list", "deployments", "--as=ada", namespace=namespace) == "yes\n"
    assert kubectl.run("auth", "can-i", "delete", "pods", "--as=ada", namespace=namespace).stdout == "no\n"
    assert kubectl("get", "pods", "--as=ada", namespace=namespace) == ""
    assert kubectl.fails("get", "secrets", "--as=ada", namespace=namespace) == (
        'Error from server (Forbidden): secrets is forbidden: User "ada" cannot list resource "secrets" in API group ""'
        f' in the namespace "{namespace}"\n'
    )


def test_what_kubectl_shows(kubectl, namespace):
    kubectl("create", "role", "reader", "--verb=get", "--resource=pods", "--resource-name=web", namespace=namespace)
    kubectl(
        "create", "rolebinding", "b", "--clusterrole=view", "--group=dev", f"--serviceaccount={namespace}:bot",
        namespace=namespace,
    )  # fmt: skip

    assert kubectl("get", "roles", namespace=namespace).split()[:3] == ["NAME", "CREATED", "AT"]
    wide = kubectl("get", "rolebinding", "b", "-o", "wide", "--no-headers", namespace=namespace).split()
    assert wide[:2] + wide[3:] == ["b", "ClusterRole/view", "dev", f"{namespace}/bot"]
    described = kubectl("describe", "role", "reader", namespace=namespace)
    assert ["pods", "[]", "[web]", "[get]"] in [line.split() for line in described.splitlines()]
    assert "ServiceAccount  bot" in kubectl("describe", "rolebinding", "b", namespace=namespace)


def test_cluster_roles_and_their_bindings(kubectl, namespace):
    kubectl("create", "clusterrole", "node-reader", "--verb=get,list", "--resource=nodes")
    kubectl("create", "clusterrole", "metrics", "--verb=get", "--non-resource-url=/metrics")
    kubectl("create", "clusterrole", "all", "--aggregation-rule=team=a")
    kubectl("create", "clusterrolebinding", "nodes", "--clusterrole=node-reader", "--serviceaccount=default:bot")

    bot = "--as=system:serviceaccount:default:bot"
    assert kubectl("auth", "can-i", "list", "nodes", bot) == "yes\n"
    assert kubectl("get", "nodes", bot) == ""
    assert kubectl.run("auth", "can-i", "get", "/metrics", bot).stdout == "no\n"


def test_a_list_of_what_one_may(kubectl, namespace):
    kubectl("create", "rolebinding", "b", "--clusterrole=edit", "--user=eva", namespace=namespace)

    rows = [line.split() for line in kubectl("auth", "can-i", "--list", "--as=eva", namespace=namespace).splitlines()]

    assert ["pods/exec", "[]", "[]", "[get", "list", "watch", "create", "delete", "deletecollection", "patch",
            "update]"] in rows  # fmt: skip
    assert "Username    eva" in kubectl("auth", "whoami", "--as=eva")


def test_roles_are_reconciled(kubectl, namespace):
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r", "namespace": namespace},
        "rules": [rule],
    }

    assert "r reconciled" in kubectl("auth", "reconcile", "-f", "-", obj=role, namespace=namespace)
    role["rules"] = [{**rule, "resources": ["services"]}]
    kubectl("auth", "reconcile", "-f", "-", obj=role, namespace=namespace)

    found = kubectl("get", "role", "r", "-o", "jsonpath={.rules[*].resources}", namespace=namespace)
    assert found == '["pods"] ["services"]'


def test_who_has_no_role_yet_learns_what_he_asks_for(kubectl, namespace):
    said = kubectl.fails("create", "deployment", "web", "--image=nginx:1", "--as=zoe", namespace=namespace)

    assert 'User "zoe" cannot create resource "deployments" in API group "apps"' in said


def test_a_service_account_logs_in_with_its_token(kubectl, namespace):
    kubectl("create", "serviceaccount", "bot", namespace=namespace)
    token = kubectl("create", "token", "bot", namespace=namespace).strip()

    said = kubectl.fails("get", "pods", f"--token={token}", namespace=namespace)
    assert f'User "system:serviceaccount:{namespace}:bot" cannot list' in said
