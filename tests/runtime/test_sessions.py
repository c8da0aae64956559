"""A session with Docker is patient only as long as it is asked to be, and each time anew."""

import socket
import threading

import pytest
import requests

from minikweb.runtime.docker.sessions import Session

UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


class Api(requests.Session):
    api_version = "1.41"

    def __init__(self, port: int):
        super().__init__()
        self.base_url, self._raise_for_status = f"http://127.0.0.1:{port}", requests.Response.raise_for_status


def frame(data: bytes) -> bytes:
    return b"\x01\0\0\0" + len(data).to_bytes(4, "big") + data


@pytest.fixture
def daemon():
    """Answers one session, and goes on speaking when it is told to."""
    go_on = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                while not connection.recv(4096).endswith(b"\r\n\r\n"):
                    continue
                connection.sendall(UPGRADED + frame(b"+"))
                go_on.wait(20)
                connection.sendall(frame(b"late"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], go_on
        go_on.set()
        thread.join(5)


def test_a_hurried_first_read_does_not_hurry_the_next(daemon):
    port, go_on = daemon
    session = Session(Api(port), "/exec/x/start", tty=False)
    assert session.read(0.1) == (1, b"+")
    threading.Timer(0.4, go_on.set).start()  # longer than the first read would have waited
    assert session.read() == (1, b"late")
    session.close()
