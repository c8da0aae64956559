"""The page of the SealedSecrets; the controller's answers are played."""

import base64
from contextlib import suppress

import pytest

from minikweb.apimachinery.errors import AlreadyExists
from minikweb.dashboard import sealed
from minikweb.operators.sealedsecrets import installation
from minikweb.sealing import sealedsecret
from tests.running import until
from tests.sealing.pairs import FIRST, SECOND

FORM = {"name": "database", "namespace": "shop", "scope": "strict", "key": ["password", ""], "value": ["s3cret", ""]}
KEY = FIRST.private.public_key()


def secret(**entries):
    return {"metadata": {"name": "database", "namespace": "shop"}, "stringData": entries}


def sealed_object(**status):
    obj = sealedsecret.seal(secret(password="s3cret"), KEY)
    obj["metadata"] |= {"generation": 1, "creationTimestamp": "2026-11-23T11:00:00Z"}
    return {**obj, "status": {"observedGeneration": 1, "conditions": [{"type": "Synced", **status}]}}


# --- What is shown (pure) ---------------------------------------------------------------------------------


def test_one_that_is_synced_is_healthy():
    line = sealed.line(sealed_object(status="True"))
    assert (line.health, line.word, line.entries, line.scope) == ("Healthy", "Synced", ("password",), "strict")


def test_one_that_does_not_open_says_what_to_do():
    line = sealed.line(sealed_object(status="False", message="no key could decrypt secret (password)"))
    assert line.health == "Degraded"
    assert "seal it again here" in str(line.cause)


def test_one_that_was_changed_waits():
    obj = sealed_object(status="True")
    obj["metadata"]["generation"] = 2
    assert sealed.line(obj).word == "Waiting"


def test_the_newest_key_is_said_to_seal():
    def kept(pair):
        data = {"tls.crt": base64.b64encode(pair.pem).decode(), "tls.key": "never read"}
        return {"metadata": {"name": pair.name}, "data": data}

    found = sealed.key_list([kept(FIRST), kept(SECOND), {"metadata": {"name": "odd"}, "data": {}}])
    assert [(key.name, key.seals) for key in found] == [(SECOND.name, True), (FIRST.name, False)]


@pytest.mark.parametrize(
    "name, namespace, entries, expected",
    [
        ("Database", "shop", {"a": "1"}, "This name is not possible"),
        ("database", "", {"a": "1"}, "in which namespace"),
        ("database", "shop", {}, "nothing to seal"),
        ("database", "shop", {"": "1"}, "needs a name"),
        ("database", "shop", {"mot de passe": "1"}, "mot de passe: letters"),
    ],
)
def test_what_cannot_be_sealed_says_why(name, namespace, entries, expected):
    found = sealed.problems(sealed.secret_of({"name": name, "namespace": namespace}, [*entries], [*entries.values()]))
    assert any(expected in str(problem) for problem in found)


# --- The page ---------------------------------------------------------------------------------------------


@pytest.fixture
def controller(web, monkeypatch):
    """Its definition, and the certificate it would serve."""
    with suppress(AlreadyExists):
        web.api.create(installation.definition())
    until(lambda: web.api.kind_of({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret"}), "the kind")
    monkeypatch.setattr("minikweb.dashboard.views.sealing._certificate", lambda: FIRST.pem)
    return web


def test_it_works(controller):
    answer = controller.post("/sealed/seal/", FORM).content.decode()
    assert "kind: SealedSecret" in answer
    assert "s3cret" not in answer
    assert "kubeseal" in answer


def test_what_is_sealed_is_applied_and_listed(controller):
    text = sealed.sealed_text(
        {**secret(password="1"), "metadata": {"name": "db", "namespace": controller.namespace}}, FIRST.pem, "strict"
    )
    assert "is created" in controller.post("/sealed/apply/", {"yaml": text}).content.decode()
    page = controller.get(f"/sealed/?ns={controller.namespace}")
    assert "db" in page and "Waiting" in page


def test_a_second_one_adds_its_entries_to_the_first(controller):
    metadata = {"name": "db", "namespace": controller.namespace}
    for entries in ({"a": "1"}, {"b": "2"}):
        text = sealed.sealed_text({"metadata": metadata, "stringData": entries}, FIRST.pem, "strict")
        controller.post("/sealed/apply/", {"yaml": text})
    kind = controller.api.kind_of({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret"})
    assert sorted(controller.api.get(kind, "db", controller.namespace)["spec"]["encryptedData"]) == ["a", "b"]


def test_entries_of_another_scope_are_refused(controller):
    metadata = {"name": "db", "namespace": controller.namespace}
    answers = []
    for wanted in ("strict", "cluster-wide"):
        text = sealed.sealed_text({"metadata": metadata, "stringData": {"a": "1"}}, FIRST.pem, wanted)
        answers.append(controller.post("/sealed/apply/", {"yaml": text}).content.decode())
    assert "has another scope" in answers[1]


@pytest.mark.parametrize("text", ["", "- [", "kind: SealedSecret", "a: 1\n---\nb: 2"])
def test_what_is_no_sealedsecret_is_refused_in_words(controller, text):
    answer = controller.post("/sealed/apply/", {"yaml": text})
    assert answer.status_code == 200
    assert 'class="notice bad"' in answer.content.decode()


def test_a_form_that_lacks_something_says_what(controller):
    answer = controller.post("/sealed/seal/", {**FORM, "name": ""}).content.decode()
    assert "cannot be sealed yet" in answer
