"""The connection to the daemon, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from minikweb.runtime.protocol import ContainerNotFound, RuntimeFailure, RuntimeUnavailable

TIMEOUT = 60  # seconds, of every call; streams wait without end
POOL = 32  # kept connections: the threads of one node

DAEMON_AWAY = (
    "Docker does not answer. Start it (Docker Desktop, or `sudo systemctl start docker`), "
    "or set MINIKWEB_RUNTIME=simulated to go on without containers."
)
NO_PERMISSION = (
    "This user may not speak to Docker. Add it to the group docker (`sudo usermod -aG docker $USER`, then log in "
    "again), or set MINIKWEB_RUNTIME=simulated to go on without containers."
)


def connect(timeout: int = TIMEOUT) -> docker.APIClient:
    """A client of the daemon that DOCKER_HOST or the current docker context names. Raises RuntimeUnavailable."""
    with translated():
        api = docker.APIClient(version="auto", timeout=timeout, max_pool_size=POOL, **_address())
        api.trust_env = False  # no proxy and no netrc between us and the daemon; saves their look-up on each call
        return api


def _address() -> dict:
    address = kwargs_from_env()
    if "base_url" not in address:
        context = ContextAPI.get_current_context()
        if context is not None and context.Name != "default" and context.Host:
            address = {"base_url": context.Host}
    return address


@contextmanager
def translated(reason: str = "RunContainerError") -> Iterator[None]:
    """Docker's exceptions as RuntimeFailure with that reason, ContainerNotFound or RuntimeUnavailable."""
    try:
        yield
    except docker.errors.NotFound as error:
        raise ContainerNotFound(words(error)) from error
    except docker.errors.APIError as error:
        raise RuntimeFailure(words(error), reason) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        denied = "Permission denied" in str(error)
        raise RuntimeUnavailable(NO_PERMISSION if denied else f"{DAEMON_AWAY} ({error})") from error


def words(error: docker.errors.APIError) -> str:
    """What the daemon itself said, without the HTTP around it."""
    explanation = error.explanation or str(error)
    return explanation.strip() if isinstance(explanation, str) else str(explanation)
