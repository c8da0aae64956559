"""The SealedSecrets operator on a real API server."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization as s

from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.controllers.clusterroleaggregation import ClusterRoleAggregationController
from minikweb.controllers.customresourcecleanup import CustomResourceCleanupController
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.operators.sealedsecrets import installation
from minikweb.operators.sealedsecrets.controller import SealedSecretsController
from minikweb.operators.sealedsecrets.plan import MANAGED, PATCHED
from minikweb.people import grants
from minikweb.sealing import keys, sealedsecret
from minikweb.store.database import Database
from minikweb.store.storage import Storage
from tests.controllers.cluster import Cluster
from tests.sealing.pairs import FIRST, pair
from tests.store.conftest import migrated, storage
from tests.store.database import cluster_database

__all__ = ["migrated", "storage"]


@pytest.fixture(scope="module", autouse=True)
def small_keys(tmp_path_factory):
    """Keys that are quickly made, and sockets where nothing else is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SealedSecretsController, "key_bits", 2048)
        patch.setattr("minikweb.settings.RUN_DIR", tmp_path_factory.mktemp("run"))
        yield


@pytest.fixture(scope="module")
def shared(migrated, tmp_path_factory, django_db_blocker):
    """One cluster for all tests that leave it as they found it."""
    with django_db_blocker.unblock(), cluster_database(migrated.copy(tmp_path_factory.mktemp("shared"))):
        opened = Storage(Database())
        opened.open()
        yield from running(opened, SealedSecretsController)


@pytest.fixture
def cluster(shared):
    """The shared one, without what the test before made."""
    yield shared
    kind = shared["sealedsecrets"].followed
    for each in (kind, "Secret"):
        for obj in shared.client.list(each, "default")["items"]:
            shared.client.delete(each, obj["metadata"]["name"], "default")
    settle(shared)
    shared.events.said.clear()


@pytest.fixture
def apart(storage, monkeypatch, tmp_path):
    """A store, and a place for sockets, of the test's own."""
    monkeypatch.setattr("minikweb.settings.RUN_DIR", tmp_path)
    return storage


@pytest.fixture
def fresh(apart):
    """A cluster of the test's own, to be changed for good."""
    yield from running(apart, SealedSecretsController)


@pytest.fixture
def collected(apart):
    """With the garbage collector, who follows the SealedSecrets as well."""
    yield from running(apart, CustomResourceCleanupController, GarbageCollector, SealedSecretsController)


def running(storage, *controllers):
    found = Cluster(storage, *controllers)
    settle(found)
    yield found
    found["sealedsecrets"].stop_serving()
    found.stop()


def settle(cluster):
    """Until nobody has anything left to do; the objects of the definition are followed from the first round on."""
    cluster.settle()
    operator = cluster["sealedsecrets"]
    if operator.followed:
        informer = cluster.cache.informer(operator.followed)
        cluster.cache.writes.wait_seen(informer, 10)
        with informer._delivering:
            pass
    cluster.settle()


def key_secrets(cluster):
    return cluster.client.list("Secret", "kube-system", label_selector=keys.SELECTOR)["items"]


def seal(cluster, values, *, name="database", scope=None, **metadata):
    secret = {"metadata": {"name": name, "namespace": "default", **metadata}, "stringData": values}
    return sealedsecret.seal(secret, cluster["sealedsecrets"].newest().private.public_key(), scope)


def apply(cluster, sealed):
    made = cluster.client.create(sealed)
    settle(cluster)
    return made


def look(cluster, name="database"):
    kind = cluster["sealedsecrets"].followed
    return cluster.client.get(kind, name, "default")


def values(cluster, name="database"):
    data = cluster.client.get("Secret", name, "default")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def condition(cluster, name="database"):
    (found,) = look(cluster, name)["status"]["conditions"]
    return found["type"], found["status"], found.get("message", "")


def plain(cluster, **metadata):
    return cluster.client.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "database", "namespace": "default", **metadata},
            "stringData": {"mine": "1"},
        }
    )


def test_it_works(cluster):
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    assert values(cluster) == {"password": "s3cret"}
    assert condition(cluster) == ("Synced", "True", "")
    assert look(cluster)["status"]["observedGeneration"] == 1
    assert cluster.said("Unsealed") == ["SealedSecret unsealed successfully"]


def test_it_brings_its_definition_its_service_and_a_first_key(cluster):
    assert "sealedsecrets.bitnami.com" in cluster.names("CustomResourceDefinition", None)
    assert "sealed-secrets-controller" in cluster.names("Service", "kube-system")
    (key,) = key_secrets(cluster)
    assert key["type"] == "kubernetes.io/tls"


def test_who_may_edit_a_namespace_may_edit_its_sealedsecrets(apart):
    for cluster in running(apart, SealedSecretsController, ClusterRoleAggregationController):
        cluster.settle()
        rules = {role: cluster.client.get("ClusterRole", role)["rules"] for role in ("view", "edit", "admin")}
        verbs = {
            role: [rule["verbs"] for rule in found if "sealedsecrets" in rule["resources"]]
            for role, found in rules.items()
        }
        assert verbs["view"] == [["get", "list", "watch"]]
        assert any("create" in each for each in verbs["edit"]) and any("create" in each for each in verbs["admin"])


def test_a_definition_that_is_deleted_comes_back_and_works(collected):
    cluster = collected
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.delete("CustomResourceDefinition", installation.DEFINITION)
    settle(cluster)
    apply(cluster, seal(cluster, {"password": "again"}))
    assert values(cluster) == {"password": "again"}


def test_what_is_deleted_of_it_comes_back(cluster):
    cluster.client.delete("Service", installation.NAME, "kube-system")
    cluster.client.delete("Role", installation.PROXIERS, "kube-system")
    settle(cluster)
    assert "sealed-secrets-controller" in cluster.names("Service", "kube-system")
    assert installation.PROXIERS in cluster.names("Role", "kube-system")


def test_a_change_of_the_sealedsecret_changes_the_secret(cluster):
    apply(cluster, seal(cluster, {"password": "old"}))
    new = seal(cluster, {"password": "new"})["spec"]
    cluster.client.patch(cluster["sealedsecrets"].followed, "database", {"spec": new}, "default")
    settle(cluster)
    assert values(cluster) == {"password": "new"}
    assert look(cluster)["status"]["observedGeneration"] == 2


def test_a_secret_that_is_deleted_comes_back(cluster):
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.delete("Secret", "database", "default")
    settle(cluster)
    assert values(cluster) == {"password": "s3cret"}


def test_the_secret_ends_with_its_sealedsecret(collected):
    cluster = collected
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.delete(cluster["sealedsecrets"].followed, "database", "default")
    settle(cluster)
    with pytest.raises(NotFound):
        cluster.client.get("Secret", "database", "default")


def test_a_secret_of_somebody_else_is_left_alone(cluster):
    plain(cluster)
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    why = 'Resource "database" already exists and is not managed by SealedSecret'
    assert values(cluster) == {"mine": "1"}
    assert condition(cluster) == ("Synced", "False", f"failed update: {why}")
    assert cluster.said("ErrUpdateFailed") == [why]


def test_once_that_secret_is_gone_the_sealed_one_comes(cluster):
    plain(cluster)
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.delete("Secret", "database", "default")
    settle(cluster)
    assert values(cluster) == {"password": "s3cret"}
    assert condition(cluster) == ("Synced", "True", "")


def test_a_secret_annotated_as_managed_is_taken_over(cluster):
    plain(cluster)
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.patch("Secret", "database", {"metadata": {"annotations": {MANAGED: "true"}}}, "default")
    settle(cluster)
    assert values(cluster) == {"password": "s3cret"}
    assert cluster.client.get("Secret", "database", "default")["metadata"]["ownerReferences"][0]["controller"] is True


def test_a_secret_annotated_as_patched_keeps_its_entries_and_its_independence(cluster):
    plain(cluster, annotations={PATCHED: "true"}, labels={"kept": "yes"})
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    found = cluster.client.get("Secret", "database", "default")
    assert values(cluster) == {"mine": "1", "password": "s3cret"}
    assert found["metadata"]["labels"] == {"kept": "yes"}
    assert "ownerReferences" not in found["metadata"]


def test_one_of_another_cluster_says_which_entries_do_not_open(cluster):
    secret = {"metadata": {"name": "database", "namespace": "default"}, "stringData": {"password": "1", "user": "2"}}
    apply(cluster, sealedsecret.seal(secret, FIRST.private.public_key()))
    why = "no key could decrypt secret (password, user)"
    assert condition(cluster) == ("Synced", "False", why)
    assert cluster.said("ErrUnsealFailed") == [f"Failed to unseal: {why}"]
    with pytest.raises(NotFound):
        cluster.client.get("Secret", "database", "default")


def test_a_key_restored_from_a_backup_opens_what_waited_for_it(fresh):
    cluster = fresh
    test_one_of_another_cluster_says_which_entries_do_not_open(cluster)
    restored = keys.generate(FIRST.since, bits=2048)
    private = FIRST.private.private_bytes(s.Encoding.PEM, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption())
    pem = {"tls.key": private, "tls.crt": FIRST.pem}
    restored["data"] = {name: base64.b64encode(value).decode() for name, value in pem.items()}
    cluster.client.create(restored)
    settle(cluster)
    assert condition(cluster) == ("Synced", "True", "")


def test_an_immutable_secret_says_what_can_be_done(cluster):
    secret = seal(cluster, {"password": "old"})
    secret["spec"]["template"]["immutable"] = True
    apply(cluster, secret)
    new = seal(cluster, {"password": "new"})["spec"]
    cluster.client.patch(cluster["sealedsecrets"].followed, "database", {"spec": new}, "default")
    settle(cluster)
    assert values(cluster) == {"password": "old"}
    assert "the target Secret is immutable" in condition(cluster)[2]


def test_keys_are_renewed_and_old_ones_still_open(fresh):
    cluster = fresh
    operator = cluster["sealedsecrets"]
    old = seal(cluster, {"password": "s3cret"})
    operator.now = lambda before=operator.now: before() + timedelta(days=31)
    operator.wake("/sealed-secrets-controller")
    settle(cluster)
    assert len(key_secrets(cluster)) == 2
    assert operator.newest().since == max(one.since for one in operator.pairs())
    apply(cluster, old)
    assert values(cluster) == {"password": "s3cret"}


def test_it_says_after_which_time_the_next_key_is_due(cluster):
    seconds = cluster["sealedsecrets"].sync("", "sealed-secrets-controller")
    assert timedelta(days=29, hours=23).total_seconds() < seconds <= timedelta(days=30).total_seconds()


def test_a_key_secret_that_holds_nothing_does_no_harm(fresh):
    cluster = fresh
    metadata = {"name": "odd", "namespace": "kube-system", "labels": {keys.LABEL: keys.ACTIVE}}
    cluster.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": "b"}})
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    assert values(cluster) == {"password": "s3cret"}


# --- The original beside it ------------------------------------------------------------------------------


def deploy_original(cluster, namespace="kube-system"):
    labels = {"name": "sealed-secrets-controller"}
    containers = [{"name": "controller", "image": "docker.io/bitnami/sealed-secrets-controller:0.32.2"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    metadata = {"name": "sealed-secrets-controller", "namespace": namespace}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    cluster.client.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    settle(cluster)


def test_where_the_original_runs_everything_is_left_to_it(fresh):
    cluster = fresh
    deploy_original(cluster)
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    assert "status" not in look(cluster)
    assert "sealed-secrets-controller" not in cluster.names("Service", "kube-system")
    assert not cluster["sealedsecrets"].socket.exists()


def test_a_students_deployment_of_that_image_stands_in_for_nobody(fresh):
    cluster = fresh
    metadata = {"name": "learn-zoe", "labels": {grants.CLASS_LABEL: "k7m2"}}
    cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    deploy_original(cluster, "learn-zoe")
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    assert values(cluster) == {"password": "s3cret"}
    assert "sealed-secrets-controller" in cluster.names("Service", "kube-system")


def test_the_originals_chart_meets_no_conflict(fresh):
    """Helm 4 applies on the server, as the manager `helm`, and does not force."""
    cluster = fresh
    helm = cluster.client.acting_as("helm")
    service = installation.service()
    service["spec"]["ports"] = [{"name": "http", "port": 8080, "targetPort": "http"}]
    definition = installation.definition()
    definition["spec"]["versions"][0]["additionalPrinterColumns"].pop()
    for obj in (service, definition):
        metadata = obj["metadata"]
        helm.patch(helm.kind_of(obj), metadata["name"], obj, metadata.get("namespace"), type="apply")


def test_the_originals_service_is_not_touched(fresh):
    cluster = fresh
    patch = {"spec": {"selector": {"name": "sealed-secrets-controller"}}}
    cluster.client.patch("Service", "sealed-secrets-controller", patch, "kube-system")
    deploy_original(cluster)
    assert "sealed-secrets-controller" in cluster.names("Service", "kube-system")


def test_when_the_original_goes_it_takes_over_again(fresh):
    cluster = fresh
    deploy_original(cluster)
    apply(cluster, seal(cluster, {"password": "s3cret"}))
    cluster.client.delete("Deployment", "sealed-secrets-controller", "kube-system")
    settle(cluster)
    assert values(cluster) == {"password": "s3cret"}
    assert "sealed-secrets-controller" in cluster.names("Service", "kube-system")


# --- What kubeseal asks ------------------------------------------------------------------------------------

PROXY = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:{port}/proxy{path}"


def ask(cluster, method, path, body=None, port=""):
    return cluster.client.request(method, PROXY.format(port=port, path=path), body=body)


@pytest.mark.parametrize("port", ["", "http"])
def test_the_certificate_is_served_through_the_proxy(cluster, port):
    answer = ask(cluster, "GET", "/v1/cert.pem", port=port)
    assert answer.headers["content-type"] == "application/x-pem-file"
    assert keys.public_key(answer.body) == cluster["sealedsecrets"].newest().private.public_key()


def test_a_sealedsecret_is_verified(cluster):
    assert ask(cluster, "POST", "/v1/verify", json.dumps(seal(cluster, {"a": "b"})).encode()).status == 200
    stranger = sealedsecret.seal(
        {"metadata": {"name": "a", "namespace": "b"}, "stringData": {"a": "b"}}, pair().private.public_key()
    )
    with pytest.raises(ApiError) as refused:
        ask(cluster, "POST", "/v1/verify", json.dumps(stranger).encode())
    assert refused.value.code == 409


def test_a_sealedsecret_is_sealed_again_under_the_newest_key(cluster):
    old = seal(cluster, {"password": "s3cret"})
    answer = ask(cluster, "POST", "/v1/rotate", json.dumps(old).encode())
    renewed = answer.json()
    assert renewed["spec"]["encryptedData"] != old["spec"]["encryptedData"]
    apply(cluster, renewed)
    assert values(cluster) == {"password": "s3cret"}


def test_what_cannot_be_answered_is_refused(cluster):
    asked = [
        ("POST", "/v1/verify", b"- [", 400),
        ("POST", "/v1/verify", b"kind: Secret\napiVersion: v1\n", 400),
        ("POST", "/v1/verify", b"", 400),
        ("POST", "/v1/rotate", b"\xff\xfe", 400),
        ("GET", "/v1/secrets", None, 404),
        ("POST", "/etc/passwd", b"", 404),
    ]
    for method, path, body, code in asked:
        with pytest.raises(ApiError) as refused:
            ask(cluster, method, path, body)
        assert refused.value.code == code, path
