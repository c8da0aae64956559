import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from minikweb.apiserver.authentication import Issuer, issue_token
from minikweb.apiserver.authorization import Attributes, Decision
from tests.apiserver.api import CONFIG_MAPS, config_map

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


def who(api, **options):
    answer = api.post(WHO, {}, **options)
    assert answer.status == 201, answer.text
    return answer.json["status"]["userInfo"]


def test_it_works(api):
    assert who(api) == {"username": "alice", "groups": ["system:masters", "system:authenticated"]}


def test_a_token_can_be_issued_with_the_key_alone(api):
    token = issue_token(api.issuer._key, "bob", ["students"])

    assert who(api, token=token) == {"username": "bob", "groups": ["students", "system:authenticated"]}


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version"])
def test_some_paths_are_open_to_everybody(api, path):
    assert api.get(path, token="").status == 200


@pytest.mark.parametrize("path", ["/api", "/apis", "/openapi/v3", "/", CONFIG_MAPS, "/healthzz"])
def test_the_others_are_not(api, path):
    answer = api.get(path, token="")

    assert (answer.status, answer.json["reason"]) == (401, "Unauthorized")


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "."])
def test_a_token_that_is_none_is_refused(api, token):
    assert api.get("/version", token=token).status == 401


def test_a_token_of_another_cluster_is_refused(api):
    other = Issuer(ec.generate_private_key(ec.SECP256R1()))

    assert api.get(CONFIG_MAPS, token=other.issue("alice", ["system:masters"])).status == 401


def test_only_bearer_tokens_are_understood(api):
    assert api.get(CONFIG_MAPS, token="", authorization="Basic YTpi").status == 401


def test_a_token_ends_when_its_time_is_over(api):
    token = api.issuer.issue("bob", [], ttl=60)
    assert who(api, token=token)["username"] == "bob"

    api.wait(61)

    assert api.get(CONFIG_MAPS, token=token).status == 401


# --- Impersonation --------------------------------------------------------------------------------


def test_who_may_speaks_for_another(api):
    found = who(api, impersonate_user="carol", impersonate_group="students")

    assert found == {"username": "carol", "groups": ["students", "system:authenticated"]}


def test_a_service_account_is_impersonated_with_its_groups(api):
    found = who(api, impersonate_user="system:serviceaccount:default:bot")

    assert found["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]


def test_the_log_names_the_user_spoken_for(api):
    api.post(CONFIG_MAPS, config_map("a"), impersonate_user="carol", impersonate_group="system:masters")

    with api.storage.database.read() as transaction:
        assert transaction.row('SELECT "user" FROM store_revision ORDER BY revision DESC LIMIT 1') == ("carol",)


def test_nobody_speaks_for_another_without_leave(api):
    class NoImpersonation:
        def authorize(self, user, attributes: Attributes) -> Decision:
            return Decision(attributes.verb != "impersonate", "")

    api.server.authorizer = NoImpersonation()

    answer = api.get(CONFIG_MAPS, impersonate_user="carol")

    assert answer.status == 403
    assert answer.message == (
        'users "carol" is forbidden: User "alice" cannot impersonate resource "users" in API group ""'
        " at the cluster scope"
    )


# --- Authorization ------------------------------------------------------------------------------


def test_what_is_not_allowed_is_forbidden_in_kubernetes_words(api):
    asked = []

    class Nothing:
        def authorize(self, user, attributes: Attributes) -> Decision:
            asked.append(attributes)
            return Decision(False, "")

    api.server.authorizer = Nothing()

    answer = api.get("/api/v1/namespaces/default/pods/web/log?container=c")
    listed = api.get("/apis/apps/v1/deployments")
    path = api.get("/api")

    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")
    assert asked == [
        Attributes("get", "", "pods/log", "default", "web"),
        Attributes("list", "apps", "deployments"),
        Attributes("get", path="/api"),
    ]
    assert answer.message == (
        'pods "web" is forbidden: User "alice" cannot get resource "pods/log" in API group ""'
        ' in the namespace "default"'
    )
    assert listed.message == (
        'deployments.apps is forbidden: User "alice" cannot list resource "deployments" in API group "apps"'
        " at the cluster scope"
    )
    assert path.message == 'forbidden: User "alice" cannot get path "/api"'


# --- ServiceAccounts -------------------------------------------------------------------------------


@pytest.fixture
def account(api):
    return api.make(ACCOUNTS, {"metadata": {"name": "bot"}})


def test_an_account_gets_a_token(api, account):
    answer = api.post(f"{ACCOUNTS}/bot/token", {"spec": {"expirationSeconds": 600}})

    assert answer.status == 201
    status = answer.json["status"]
    assert status["expirationTimestamp"] == "2026-11-23T12:10:00Z"
    assert who(api, token=status["token"]) == {
        "username": "system:serviceaccount:default:bot",
        "uid": account["metadata"]["uid"],
        "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        "extra": who(api, token=status["token"])["extra"],
    }


def test_a_token_dies_with_its_account(api, account):
    token = api.post(f"{ACCOUNTS}/bot/token", {}).json["status"]["token"]
    api.delete(f"{ACCOUNTS}/bot")
    assert api.get(CONFIG_MAPS, token=token).status == 401

    api.make(ACCOUNTS, {"metadata": {"name": "bot"}})

    assert api.get(CONFIG_MAPS, token=token).status == 401


def test_a_token_lives_ten_minutes_at_least(api, account):
    answer = api.post(f"{ACCOUNTS}/bot/token", {"spec": {"expirationSeconds": 60}})

    assert answer.status == 422
    assert "may not specify a duration less than 10 minutes" in answer.message


def test_an_account_that_is_not_there_gets_no_token(api):
    assert api.post(f"{ACCOUNTS}/nobody/token", {}).status == 404


# --- Reviews ----------------------------------------------------------------------------------------

REVIEWS = "/apis/authorization.k8s.io/v1"


def test_may_i(api):
    spec = {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "default"}}

    answer = api.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec})

    assert answer.status == 201
    assert answer.json["status"]["allowed"] is True


def test_may_somebody_else(api):
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}, "user": "bob"}
    known = spec | {"groups": ["system:masters"]}

    assert api.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec}).json["status"]["allowed"] is False
    assert api.post(f"{REVIEWS}/subjectaccessreviews", {"spec": known}).json["status"]["allowed"] is True
    local = f"{REVIEWS}/namespaces/default/localsubjectaccessreviews"
    assert api.post(local, {"spec": known}).json["status"]["allowed"] is True
    spec["resourceAttributes"]["namespace"] = "other"
    assert api.post(local, {"spec": spec}).status == 400


@pytest.mark.parametrize(
    "spec", [{}, {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"verb": "get"}}]
)
def test_a_question_must_be_one(api, spec):
    assert api.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec}).status == 422


def test_what_may_i_do(api):
    status = api.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}).json["status"]

    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in status["resourceRules"]
    assert status["incomplete"] is False


def test_whose_token_is_it(api):
    reviews = "/apis/authentication.k8s.io/v1/tokenreviews"

    good = api.post(reviews, {"spec": {"token": api.token}}).json["status"]
    bad = api.post(reviews, {"spec": {"token": "x"}}).json["status"]

    assert (good["authenticated"], good["user"]["username"]) == (True, "alice")
    assert bad["authenticated"] is False
    assert api.post(reviews, {"spec": {}}).status == 400
