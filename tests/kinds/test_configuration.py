"""ConfigMaps and Secrets."""

from __future__ import annotations

import base64

import pytest

from minikweb.kinds.configuration import CONFIG_MAP, MAX_SIZE, SECRET
from tests.kinds.testdata import messages

KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def config_map(**content):
    return {"metadata": {"name": "settings", "namespace": "demo"}, **content}


def secret(**content):
    found = {"metadata": {"name": "password", "namespace": "demo"}, **content}
    SECRET.default(found)
    return found


def problems(obj, old=None, kind=CONFIG_MAP):
    return messages(kind.validate(obj, old))


def test_it_works():
    assert problems(config_map(data={"a.b": "1"}, binaryData={"c": "AAEC"})) == []
    assert problems(secret(stringData={"password": "secret"}), kind=SECRET) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"data": {"a b": "1"}}, f'data[a b]: Invalid value: "a b": {KEY}'),
        ({"data": {"..": "1"}}, "data[..]: Invalid value: \"..\": must not be '..'"),
        ({"data": {"a": "1"}, "binaryData": {"a": "AAEC"}}, 'data[a]: Invalid value: "a": duplicate of key present'),
        ({"data": {"a": "é" * (MAX_SIZE // 2 + 1)}}, "[]: Too long: may not be more than 1048576 bytes"),
        ({"binaryData": {"a": "?"}}, 'binaryData[a]: Invalid value: "": must be base64'),
    ],
)
def test_it_names_what_is_wrong_with_a_config_map(content, expected):
    found = problems(config_map(**content))
    assert any(message.startswith(expected) for message in found), found


def test_a_config_map_of_just_one_mebibyte_is_taken():
    assert problems(config_map(data={"a": "x" * MAX_SIZE})) == []
    binary = base64.b64encode(b"x" * MAX_SIZE).decode()
    assert problems(config_map(binaryData={"a": binary})) == []


def test_an_immutable_config_map_stays():
    old = config_map(data={"a": "1"}, immutable=True)
    assert problems(config_map(data={"a": "1"}, immutable=True), old) == []
    frozen = "Forbidden: field is immutable when `immutable` is set"
    assert problems(config_map(data={"a": "2"}), old) == [f"immutable: {frozen}", f"data: {frozen}"]


def test_plain_text_of_a_secret_is_encoded_and_wins():
    found = secret(stringData={"a": "1"}, data={"a": "eA==", "b": "eA=="})
    assert found["data"] == {"a": "MQ==", "b": "eA=="}
    assert "stringData" not in found
    assert found["type"] == "Opaque"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}, "data[tls.key]: Required value"),
        ({"type": "kubernetes.io/basic-auth"}, "data[username]: Required value"),
        ({"type": "kubernetes.io/dockerconfigjson"}, "data[.dockerconfigjson]: Required value"),
        (
            {"type": "kubernetes.io/service-account-token"},
            "metadata.annotations[kubernetes.io/service-account.name]: Required value",
        ),
    ],
)
def test_a_secret_of_a_known_type_holds_what_it_must(content, expected):
    assert expected in problems(secret(**content), kind=SECRET)


def test_the_type_of_a_secret_stays():
    wrong = problems(secret(type="other"), secret(), SECRET)
    assert wrong == ['type: Invalid value: "other": field is immutable']


def test_secrets_are_selected_by_type():
    assert SECRET.selectable["type"](secret(type="helm.sh/release.v1")) == "helm.sh/release.v1"
