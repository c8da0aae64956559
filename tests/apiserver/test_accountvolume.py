"""The volume through which a pod reaches the API."""

from tests.apiserver.api import PODS, pod

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def account(api, **fields):
    return api.make(ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}, **fields})


def mounted(made):
    mounts = made["spec"]["containers"][0].get("volumeMounts") or ()
    return [one["name"] for one in mounts if one["mountPath"] == PATH]


def test_every_container_sees_its_accounts_token(api):
    account(api)
    made = api.make(PODS, pod("a", initContainers=[{"name": "first", "image": "demo:1"}]))
    (volume,) = made["spec"]["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    token, ca, namespace = volume["projected"]["sources"]
    assert token == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    assert ca["configMap"]["name"] == "kube-root-ca.crt"
    assert namespace["downwardAPI"]["items"][0]["fieldRef"]["fieldPath"] == "metadata.namespace"
    assert mounted(made) == [volume["name"]]
    assert made["spec"]["initContainers"][0]["volumeMounts"][0]["readOnly"] is True


def test_a_pod_or_its_account_may_do_without(api):
    account(api, automountServiceAccountToken=False)
    assert mounted(api.make(PODS, pod("a"))) == []
    assert len(mounted(api.make(PODS, pod("b", automountServiceAccountToken=True)))) == 1


def test_a_pod_that_says_no_has_none(api):
    account(api)
    assert "volumes" not in api.make(PODS, pod("a", automountServiceAccountToken=False))["spec"]


def test_what_is_mounted_there_already_stays(api):
    account(api)
    own = {
        "containers": [{"name": "app", "image": "demo:1", "volumeMounts": [{"name": "own", "mountPath": PATH}]}],
        "volumes": [{"name": "own", "emptyDir": {}}],
    }
    made = api.make(PODS, pod("a", **own))
    assert mounted(made) == ["own"]
    assert len(made["spec"]["volumes"]) == 1


def test_a_pod_has_its_accounts_pull_secrets_unless_it_names_its_own(api):
    account(api, imagePullSecrets=[{"name": "login"}])
    assert api.make(PODS, pod("a"))["spec"]["imagePullSecrets"] == [{"name": "login"}]
    assert api.make(PODS, pod("b", imagePullSecrets=[{"name": "own"}]))["spec"]["imagePullSecrets"] == [{"name": "own"}]
