"""What a step waits for, and what it says while it is not there."""

import pytest

from minikweb.apimachinery import errors, fieldpath
from minikweb.tutorial import checks, diagnosis

SAYS = {"fr": "attendu", "en": "expected"}


class Cluster:
    """A reader over objects given in the test."""

    namespace = "learn"

    def __init__(self, *objects):
        self.objects = objects

    def list(self, kind, namespace=None):
        return [obj for obj in self.objects if obj["kind"] == kind and _place(obj) == (namespace or self.namespace)]

    def elsewhere(self, kind, name):
        named = [obj for obj in self.objects if (obj["kind"], obj["metadata"]["name"]) == (kind, name)]
        return [_place(obj) for obj in named if _place(obj) != self.namespace]

    def get(self, kind, name, namespace=None):
        for obj in self.list(kind, namespace):
            if obj["metadata"]["name"] == name:
                return obj
        raise errors.not_found("", kind, name)


def _place(obj):
    return obj["metadata"].get("namespace", "learn")


def configmap(name="a", **data):
    return {"kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": data}


def evaluate(raw, *objects):
    return diagnosis.examine(checks.parse({"says": SAYS, "kind": "ConfigMap"} | raw), Cluster(*objects))


def test_it_works():
    result = evaluate({"name": "a", "fields": [{"path": "data.colour", "equals": "blue"}]}, configmap(colour="blue"))
    assert result.passed


def test_a_wrong_field_says_what_was_observed():
    result = evaluate({"name": "a", "fields": [{"path": "data.colour", "equals": "blue"}]}, configmap(colour="red"))
    assert (result.passed, result.says) == (False, SAYS)
    assert result.observed == {"fr": "`data.colour` vaut `red`", "en": "`data.colour` is `red`"}


def test_a_missing_object_is_no_error():
    observed = evaluate({"name": "a"}).observed
    assert observed["en"] == "no ConfigMap is called `a` in the namespace `learn`"
    assert observed["fr"] == "aucun ConfigMap ne s'appelle `a` dans le namespace `learn`"


def test_absence_can_be_asked_for():
    assert evaluate({"name": "a", "absent": True}).passed
    assert not evaluate({"name": "a", "absent": True}, configmap()).passed


def test_objects_are_counted_by_selector_and_fields():
    counted = {"selector": "app=a", "fields": [{"path": "data.n", "at-least": 2}], "count": {"equals": 1}}
    assert evaluate(counted, configmap(n="2"), configmap("b", n="3")).passed
    assert evaluate(counted, configmap(n="1")).observed["en"] == "no ConfigMap that fits"


def test_the_first_cause_that_fits_is_told():
    raw = {
        "name": "a",
        "fields": [{"path": "data.colour", "equals": "blue"}],
        "causes": [
            {"when": {"kind": "ConfigMap", "name": "a", "absent": True}, "fr": "absent", "en": "absent"},
            {"when": {"kind": "ConfigMap", "name": "a"}, "fr": "mauvaise couleur", "en": "wrong colour"},
        ],
    }
    assert evaluate(raw).cause["en"] == "absent"
    assert evaluate(raw, configmap(colour="red")).cause["en"] == "wrong colour"
    assert evaluate(raw, configmap(colour="blue")).cause == {}


def test_a_value_may_be_that_of_another_object():
    same = [{"path": "data.node", "equals": {"from": {"kind": "ConfigMap", "name": "b", "path": "data.n"}}}]
    assert evaluate({"name": "a", "fields": same}, configmap(node="n1"), configmap("b", n="n1")).passed
    assert not evaluate({"name": "a", "fields": same}, configmap(node="n1"), configmap("b", n="n2")).passed
    assert not evaluate({"name": "a", "fields": same}, configmap()).passed, "two missing values are no answer"


def test_a_value_may_be_how_many_objects_there_are():
    counted = [{"path": "data.n", "equals": {"number-of": {"kind": "ConfigMap", "selector": "app!=a"}}}]
    assert evaluate({"name": "a", "fields": counted}, configmap(n="1"), configmap("b")).passed
    assert not evaluate({"name": "a", "fields": counted}, configmap(n="2"), configmap("b")).passed


def test_the_content_of_a_secret_is_compared_decoded():
    raw = {"name": "a", "fields": [{"path": "data.colour", "decodes-to": "blue"}]}
    assert evaluate(raw, configmap(colour="Ymx1ZQ==")).passed
    assert not evaluate(raw, configmap(colour="blue")).passed
    assert not evaluate(raw, configmap()).passed


def owned(owner=None, name="a"):
    kind_name = owner.split("/") if owner else ()
    obj = configmap(name)
    if owner:
        obj["metadata"]["ownerReferences"] = [{"kind": kind_name[0], "name": kind_name[1], "controller": True}]
    return obj


def test_an_owner_can_be_asked_for():
    assert evaluate({"name": "a", "owner": "ReplicaSet"}, owned("ReplicaSet/web")).passed
    assert evaluate({"name": "a", "owner": "ReplicaSet/web"}, owned("ReplicaSet/web")).passed
    assert evaluate({"name": "a", "owner": "none"}, owned()).passed
    result = evaluate({"name": "a", "owner": "none"}, owned("ReplicaSet/web"))
    assert result.observed["en"] == "ConfigMap `a` is owned by `ReplicaSet/web`"


def test_what_is_in_another_namespace_is_found_there():
    stray = configmap("a")
    stray["metadata"]["namespace"] = "default"
    assert "`-n learn`" in evaluate({"name": "a"}, stray).cause["en"]
    assert evaluate({"name": "a", "namespace": "default"}, stray).passed


def test_a_misspelt_name_is_pointed_out():
    assert evaluate({"name": "settings"}, configmap("setings")).cause["en"].startswith("There is a ConfigMap `setings`")


def test_a_pod_that_cannot_start_tells_why():
    waiting = {"name": "web", "image": "demo:9", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "…"}}}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "hello"},
        "spec": {"containers": [{"name": "web"}]},
        "status": {"phase": "Pending", "containerStatuses": [waiting | {"ready": False, "restartCount": 0}]},
    }
    result = evaluate({"kind": "Pod", "name": "hello", "healthy": True}, pod)
    assert result.cause["fr"] == "L'image `demo:9` du container `web` est introuvable : vérifiez son nom et sa version."


def test_a_dot_in_a_key_is_escaped_as_in_kubectl():
    obj = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}}}
    assert fieldpath.at(obj, fieldpath.parse(r"metadata.annotations.deployment\.kubernetes\.io/revision")) == "3"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"name": "a", "selector": "b"}, "has `name`, or it counts"),
        ({"selector": "b in"}, "selector 'b in'"),
        ({"name": "a", "fields": [{"path": "x", "equals": {"of": "y"}}]}, "a value is plain, or"),
        ({"kind": "Dragon", "name": "a"}, "no kind is named Dragon"),
        ({"name": "a", "colour": "blue"}, "a check has no"),
        ({"name": "a", "fields": [{"path": "x", "resembles": 1}]}, "a field has a path and one of"),
        ({"name": "a", "says": {"fr": "x"}}, "says in fr and en"),
        ({"name": "a", "causes": [{"when": {"kind": "Pod", "name": "b"}}]}, "a cause has exactly"),
    ],
)
def test_a_misspelt_check_is_refused_in_a_sentence(raw, message):
    with pytest.raises(ValueError, match=message):
        checks.parse({"kind": "ConfigMap", "says": SAYS} | raw)
