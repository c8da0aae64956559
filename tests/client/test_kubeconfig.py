"""Kubeconfigs: every way in that we know, and one sentence for those that we do not."""

import base64
import ssl

import pytest
import yaml

from minikweb.client import kubeconfig
from minikweb.client.kubeconfig import KubeconfigError, from_kubeconfig


@pytest.fixture
def write(tmp_path):
    """write(user, cluster) gives the path of a kubeconfig with two contexts, `here` being the current one."""

    def function(user=None, cluster=None):
        config = {
            "clusters": [
                {"name": "c", "cluster": {"server": "https://here.example:6443", **(cluster or {})}},
                {"name": "d", "cluster": {"server": "http://there.example/k8s/"}},
            ],
            "users": [{"name": "u", "user": user or {"token": "secret"}}],
            "contexts": [
                {"name": "here", "context": {"cluster": "c", "user": "u"}},
                {"name": "there", "context": {"cluster": "d"}},
            ],
            "current-context": "here",
        }
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(config))
        return path

    return function


def identity(client):
    return client.transport._identity()


def test_it_works(write):
    client = from_kubeconfig(write())
    assert client.transport._where == "https://here.example:6443"
    assert identity(client) == {"Authorization": "Bearer secret"}


def test_another_context_may_be_chosen(write):
    client = from_kubeconfig(write(), "there")
    assert (client.transport._where, client.transport._prefix) == ("http://there.example/k8s/", "/k8s")
    assert identity(client) == {}


def test_a_token_may_be_in_a_file_that_changes(write, tmp_path, monkeypatch):
    monkeypatch.setattr(kubeconfig, "LOOK", 0.0)
    (tmp_path / "token").write_text("one\n")
    client = from_kubeconfig(write({"tokenFile": "token"}))
    assert identity(client) == {"Authorization": "Bearer one"}
    fresh = tmp_path / "fresh"
    fresh.write_text("two\n")
    fresh.rename(tmp_path / "token")
    assert identity(client) == {"Authorization": "Bearer two"}


def test_a_password_becomes_basic_authentication(write):
    given = identity(from_kubeconfig(write({"username": "me", "password": "pw"})))["Authorization"]
    assert base64.b64decode(given.removeprefix("Basic ")) == b"me:pw"


def test_it_may_impersonate(write):
    assert identity(from_kubeconfig(write({"token": "t", "as": "alice"})))["Impersonate-User"] == "alice"


def test_the_authority_may_be_inline_or_beside(write, tmp_path, server):
    authority = (server.data / "pki" / "ca.crt").read_bytes()
    (tmp_path / "ca.crt").write_bytes(authority)
    for cluster in (
        {"certificate-authority": "ca.crt"},
        {"certificate-authority-data": base64.b64encode(authority).decode()},
    ):
        config = yaml.safe_load(write(cluster=cluster).read_text())
        context = kubeconfig._tls(config["clusters"][0]["cluster"], {}, tmp_path)
        assert len(context.get_ca_certs()) == 1
        assert context.verify_mode == ssl.CERT_REQUIRED


def test_verification_may_be_turned_off(tmp_path):
    assert kubeconfig._tls({"insecure-skip-tls-verify": True}, {}, tmp_path).verify_mode == ssl.CERT_NONE


def test_a_client_certificate_is_loaded(tmp_path, server):
    pki = server.data / "pki"
    user = {"client-certificate": str(pki / "apiserver.crt"), "client-key": str(pki / "apiserver.key")}
    assert kubeconfig._tls({}, user, tmp_path)
    with pytest.raises(ssl.SSLError):
        kubeconfig._tls({}, {**user, "client-key": str(pki / "ca.crt")}, tmp_path)


def test_a_provider_that_kubernetes_has_given_up_is_refused_in_one_sentence(write):
    with pytest.raises(KubeconfigError, match="gets its token from an auth-provider"):
        from_kubeconfig(write({"auth-provider": {"name": "gcp"}}))


def test_a_token_may_come_from_a_plugin_beside_the_kubeconfig(write, tmp_path):
    plugin = tmp_path / "login"
    plugin.write_text('#!/bin/sh\necho \'{"status": {"token": "\'$1-$WHO\'"}}\'\n')
    plugin.chmod(0o755)
    section = {"command": "./login", "args": ["fresh"], "env": [{"name": "WHO", "value": "me"}]}
    assert identity(from_kubeconfig(write({"exec": section}))) == {"Authorization": "Bearer fresh-me"}


def test_what_is_wrong_with_the_file_is_said(write, tmp_path):
    with pytest.raises(KubeconfigError, match="has no context named 'nowhere'"):
        from_kubeconfig(write(), "nowhere")
    with pytest.raises(KubeconfigError, match="cannot read the kubeconfig .*: No such file"):
        from_kubeconfig(tmp_path / "missing")
    (tmp_path / "bad").write_text("a: [")
    with pytest.raises(KubeconfigError, match="is not YAML"):
        from_kubeconfig(tmp_path / "bad")
    (tmp_path / "empty").write_text("")
    with pytest.raises(KubeconfigError, match="is empty"):
        from_kubeconfig(tmp_path / "empty")
