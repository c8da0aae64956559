"""Credential plugins: real commands, and one sentence for each way in which they fail."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from minikweb.apimachinery import clock, errors
from minikweb.client import execplugin
from minikweb.client.execplugin import ExecPlugin

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def plugin(tmp_path):
    """plugin(script, **section) is one whose command is that shell script."""

    def function(script, **section):
        (tmp_path / "login").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "login").chmod(0o755)
        function.now = START
        return ExecPlugin({"command": "./login", **section}, tmp_path, lambda: function.now)

    return function


def credential(token, expires=None):
    status = {"token": token} | ({"expirationTimestamp": clock.format(expires)} if expires else {})
    return json.dumps({"kind": "ExecCredential", "status": status})


def test_it_works(plugin):
    assert plugin(f"echo '{credential('secret')}'")() == {"Authorization": "Bearer secret"}


def test_it_is_told_what_is_asked_of_it(plugin, tmp_path):
    ask = plugin(
        f"echo $KUBERNETES_EXEC_INFO > {tmp_path}/asked; echo '{credential('x')}'", apiVersion="client/v1beta1"
    )
    ask()
    asked = json.loads((tmp_path / "asked").read_text())
    assert asked == {"apiVersion": "client/v1beta1", "kind": "ExecCredential", "spec": {"interactive": False}}


def test_it_is_asked_again_only_when_its_token_is_about_to_expire(plugin, tmp_path):
    expires = START + timedelta(minutes=5)
    ask = plugin(f"echo x >> {tmp_path}/calls; echo '{credential('secret', expires)}'")
    for seconds, calls in ((0, 1), (280, 1), (291, 2)):
        plugin.now = START + timedelta(seconds=seconds)
        ask()
        assert (tmp_path / "calls").read_text().count("x") == calls


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo nothing", "printed no ExecCredential"),
        ("echo '{}'", "printed no token"),
        ("echo starting >&2; echo you are not signed in >&2; exit 3", "failed: you are not signed in"),
        ("exit 3", "failed: .*exit status 3"),
    ],
)
def test_a_plugin_that_fails_is_a_sentence(plugin, script, says):
    with pytest.raises(errors.Unauthorized, match=says):
        plugin(script)()


def test_a_plugin_that_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(errors.Unauthorized, match="aws-nowhere is not installed: see the cloud's page"):
        ExecPlugin({"command": "aws-nowhere", "installHint": "see the cloud's page"}, tmp_path)()


def test_a_plugin_that_waits_for_somebody_is_not_waited_for(plugin, monkeypatch):
    monkeypatch.setattr(execplugin, "TIMEOUT", 0.2)
    with pytest.raises(errors.Unauthorized, match="did not end in 0.2 s"):
        plugin("exec sleep 60")()
