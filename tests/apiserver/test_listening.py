"""The API server as a process, over real sockets."""

import http.client
import json
import socket
import ssl
import stat
import tempfile
import time
from pathlib import Path

import pytest

from minikweb.apiserver.listening import CannotListen, open_tcp, open_unix
from minikweb.client.kubeconfig import from_kubeconfig
from tests.apiserver.api import CONFIG_MAPS, config_map
from tests.apiserver.served import ServedApi


@pytest.fixture
def run():
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="mk-") as folder:
        yield Path(folder)


@pytest.fixture
def served(tmp_path, run):
    served = ServedApi(tmp_path / "data", run)
    try:
        yield served.wait_until_ready()
    finally:
        served.kill()


def test_it_works(served):
    """One server for many questions, since it takes a second to start."""
    for connection in (served.https(), served.unix()):
        assert served.request("GET", "/readyz", connection=connection, token="") == (200, b"ok")
        assert served.request("GET", CONFIG_MAPS, connection=connection, token="")[0] == 401
        assert served.request("GET", CONFIG_MAPS, connection=connection)[0] == 200

    assert stat.S_IMODE(served.socket.stat().st_mode) == 0o600
    for secret in ("pki/ca.key", "pki/apiserver.key", "pki/sa.key", "tokens/admin", "kubeconfig"):
        assert stat.S_IMODE((served.data / secret).stat().st_mode) == 0o600, secret

    client = from_kubeconfig(served.data / "kubeconfig")
    client.create(config_map("a", k="v"), namespace="default")
    assert client.get("ConfigMap", "a", "default")["data"] == {"k": "v"}

    _refuses_what_is_too_large(served)
    _watch_ends_with_the_server(served)


def _refuses_what_is_too_large(served):
    connection = served.https()
    connection.putrequest("POST", CONFIG_MAPS)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Authorization", f"Bearer {served.token}")
    connection.putheader("Content-Length", "5000000")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["reason"]) == (413, "RequestEntityTooLarge")


def _watch_ends_with_the_server(served):
    connection = served.unix()
    connection.request("GET", f"{CONFIG_MAPS}?watch=1", headers={"Authorization": f"Bearer {served.token}"})
    response = connection.getresponse()
    names = [json.loads(response.readline())["object"]["metadata"]["name"]]
    served.request("POST", CONFIG_MAPS, config_map("b"))
    names.append(json.loads(response.readline())["object"]["metadata"]["name"])
    began = time.monotonic()

    assert served.stop() == 0

    assert names == ["a", "b"]
    assert response.read() == b""
    assert time.monotonic() - began < 3


def test_what_was_written_survives_a_kill(tmp_path, run):
    served = ServedApi(tmp_path / "data", run).wait_until_ready()
    try:
        served.request("POST", CONFIG_MAPS, config_map("a", k="v"))
        token = served.token
        served.kill()
        served = ServedApi(tmp_path / "data", run).wait_until_ready()

        status, body = served.request("GET", f"{CONFIG_MAPS}/a", token=token)

        assert (status, json.loads(body)["data"]) == (200, {"k": "v"})
    finally:
        served.kill()


def test_a_port_in_use_is_one_sentence(tmp_path, run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}: Address already in use; choose"):
            open_tcp("127.0.0.1", port)


def test_a_socket_left_behind_is_replaced(run):
    path = run / "api.sock"
    open_unix(path).close()

    with open_unix(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_too_long_for_a_socket_is_one_sentence(run):
    with pytest.raises(CannotListen, match="cannot listen on"):
        open_unix(run / ("x" * 200))


def test_tls_is_spoken_only(served):
    plain = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        plain.request("GET", "/readyz")
        plain.getresponse()

    stranger = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", served.port, context=stranger, timeout=5).request("GET", "/readyz")
