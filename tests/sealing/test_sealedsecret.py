"""A SealedSecret from a Secret, and back."""

import base64

import pytest

from minikweb.sealing import sealedsecret
from minikweb.sealing.hybrid import CannotUnseal
from tests.sealing.pairs import FIRST, SECOND

CLUSTER, NAMESPACE = "sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide"
KEY = FIRST.private.public_key()


def secret(**changes):
    metadata = {"name": "database", "namespace": "shop", **changes.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": "s3cret"}, **changes}


def stored(sealed, **metadata):
    """As the API server keeps it."""
    return {**sealed, "metadata": {**sealed["metadata"], "uid": "1", **metadata}}


def opened(sealed):
    data = sealedsecret.unseal(sealed, [FIRST.private])["data"]
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def test_it_works():
    sealed = sealedsecret.seal(secret(), KEY)
    assert "s3cret" not in str(sealed)
    assert opened(stored(sealed)) == {"password": "s3cret"}


def test_the_secret_is_owned_by_its_sealedsecret():
    (owner,) = sealedsecret.unseal(stored(sealedsecret.seal(secret(), KEY)), [FIRST.private])["metadata"][
        "ownerReferences"
    ]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("SealedSecret", "1", True)


def test_an_annotation_leaves_it_without_an_owner():
    lasting = secret(metadata={"annotations": {sealedsecret.SKIP_OWNER: "true"}})
    unsealed = sealedsecret.unseal(stored(sealedsecret.seal(lasting, KEY)), [FIRST.private])
    assert "ownerReferences" not in unsealed["metadata"]


def test_type_labels_and_annotations_come_along():
    given = secret(type="kubernetes.io/basic-auth", metadata={"labels": {"app": "shop"}, "annotations": {"a": "b"}})
    unsealed = sealedsecret.unseal(stored(sealedsecret.seal(given, KEY)), [FIRST.private])
    assert unsealed["type"] == "kubernetes.io/basic-auth"
    assert (unsealed["metadata"]["labels"], unsealed["metadata"]["annotations"]) == ({"app": "shop"}, {"a": "b"})


def test_the_copy_that_kubectl_apply_keeps_in_clear_is_left_out():
    copied = secret(metadata={"annotations": {sealedsecret.COPIES[0]: '{"password":"s3cret"}'}})
    assert "s3cret" not in str(sealedsecret.seal(copied, KEY))


@pytest.mark.parametrize(
    "scope, annotation, opens",
    [
        ("strict", None, {("shop", "database")}),
        ("namespace-wide", NAMESPACE, {("shop", "database"), ("shop", "other")}),
        ("cluster-wide", CLUSTER, {("shop", "database"), ("shop", "other"), ("blog", "database")}),
    ],
)
def test_a_scope_says_where_it_may_be_opened(scope, annotation, opens):
    sealed = sealedsecret.seal(secret(), KEY, scope)
    assert sealed["metadata"].get("annotations", {}) == ({annotation: "true"} if annotation else {})
    found = set()
    for namespace, name in [("shop", "database"), ("shop", "other"), ("blog", "database")]:
        try:
            opened(stored(sealed, namespace=namespace, name=name))
            found.add((namespace, name))
        except CannotUnseal:
            continue
    assert found == opens


def test_a_scope_cannot_be_widened_afterwards():
    sealed = stored(sealedsecret.seal(secret(), KEY), annotations={CLUSTER: "true"})
    with pytest.raises(CannotUnseal):
        opened(sealed)


def test_every_entry_that_does_not_open_is_named():
    sealed = stored(sealedsecret.seal(secret(stringData={"a": "1", "b": "2", "c": "3"}), KEY))
    sealed["spec"]["encryptedData"]["c"] = "no base64!"
    with pytest.raises(CannotUnseal) as refused:
        sealedsecret.unseal(sealed, [SECOND.private])
    assert str(refused.value) == "no key could decrypt secret (a, b); illegal base64 data (c)"


@pytest.mark.parametrize(
    "broken, why",
    [
        ({"metadata": {"name": ""}}, "missing metadata.name"),
        ({"metadata": {"namespace": ""}}, "secret must declare a namespace"),
        ({"data": {"password": "é"}}, "data is no base64"),
    ],
)
def test_what_cannot_be_sealed_says_why(broken, why):
    with pytest.raises(sealedsecret.CannotSeal, match=why):
        sealedsecret.seal(secret(**broken), KEY)


def test_the_form_of_before_2019_is_refused_by_name():
    with pytest.raises(CannotUnseal, match="deprecated 'data' field"):
        sealedsecret.unseal({"metadata": {"name": "a", "namespace": "b", "uid": "1"}, "spec": {"data": "AAAA"}}, [])


def test_resealing_needs_the_new_key_alone():
    sealed = sealedsecret.reseal(sealedsecret.seal(secret(), KEY), [FIRST.private], SECOND.private.public_key())
    unsealed = sealedsecret.unseal(stored(sealed), [SECOND.private])
    assert base64.b64decode(unsealed["data"]["password"]) == b"s3cret"


def test_resealing_widens_no_scope():
    """A template may ask for what its SealedSecret has not."""
    sealed = sealedsecret.seal(secret(), KEY)
    sealed["spec"]["template"]["metadata"]["annotations"] = {CLUSTER: "true"}
    renewed = sealedsecret.reseal(sealed, [FIRST.private], KEY)
    assert CLUSTER not in str(renewed)
    with pytest.raises(CannotUnseal):
        opened(stored(renewed, name="other", annotations={CLUSTER: "true"}))


def test_a_template_is_filled_with_the_values():
    sealed = stored(sealedsecret.seal(secret(), KEY))
    sealed["spec"]["template"]["data"] = {"url": "postgres://shop:{{ .password }}@db", "b64": "{{.password|b64enc}}"}
    assert opened(sealed) == {"password": "s3cret", "url": "postgres://shop:s3cret@db", "b64": "czNjcmV0"}


def test_a_template_that_asks_for_more_than_is_known_is_refused():
    sealed = stored(sealedsecret.seal(secret(), KEY))
    sealed["spec"]["template"]["data"] = {"url": "{{ range . }}{{ . }}{{ end }}"}
    with pytest.raises(CannotUnseal, match=r'function "range" not defined \(url\)'):
        opened(sealed)
