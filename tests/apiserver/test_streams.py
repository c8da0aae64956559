"""Who may open a stream into a pod."""

import json

import pytest

from minikweb.apiserver import dispatch
from tests.apiserver.api import PODS, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"


@pytest.fixture
def ada(api):
    """What answers ada's WebSocket to a target, after she was given these verbs on pods' streams."""
    api.make(PODS, pod("web", nodeName="n1"))
    token = api.issuer.issue("ada", [])

    def ask(target, *verbs):
        rules = [{"verbs": verbs, "apiGroups": [""], "resources": ["pods/exec", "pods/attach", "pods/portforward"]}]
        api.make(f"{RBAC}/roles", {"metadata": {"name": "streams"}, "rules": rules})
        subjects, role = [{"kind": "User", "name": "ada"}], {"kind": "Role", "name": "streams"}
        api.make(f"{RBAC}/rolebindings", {"metadata": {"name": "ada"}, "roleRef": role, "subjects": subjects})
        incoming = api.incoming("GET", f"{PODS}/web/{target}", token=token)
        return api.application._guarded(lambda: dispatch.websocket(api.server, incoming))

    return ask


@pytest.mark.parametrize("target", ["exec?command=ls", "attach", "portforward"])
def test_who_may_only_read_opens_no_stream(ada, target):
    answer = json.loads(ada(target, "get").body)

    subresource = target.partition("?")[0]
    assert answer["code"] == 403
    assert f'cannot create resource "pods/{subresource}"' in answer["message"]


@pytest.mark.parametrize("target", ["exec?command=ls", "attach", "portforward"])
def test_who_may_create_one_too_reaches_the_kubelet(ada, target):
    answer = json.loads(ada(target, "get", "create").body)

    assert (answer["code"], answer["message"].split(",")[0]) == (
        503, 'the kubelet of node "n1" has not said where it listens: is the node running?',
    )  # fmt: skip
