"""What a container has said at its end: the file of its termination message, or the end of its log."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import docker

from minikweb.runtime.docker import containers

LONGEST = 4096  # bytes of the file
LINES, LONGEST_OF_LOG = 80, 2048


def of(api: docker.APIClient, inspected: Mapping[str, Any]) -> str:
    """Of a container that has ended, from GET /containers/<id>/json; "" if it has said nothing."""
    own, container_id = inspected["Config"]["Labels"], inspected["Id"]
    with suppress(docker.errors.APIError, tarfile.TarError, OSError):
        path = own.get(containers.LAST_WORDS)
        if path and (said := _read(api, container_id, path)):
            return said
        if containers.LOGS in own and inspected["State"]["ExitCode"]:
            lines: bytes = api.logs(container_id, tail=LINES)
            return lines[-LONGEST_OF_LOG:].decode(errors="replace")
    return ""


def _read(api: docker.APIClient, container_id: str, path: str) -> str:
    try:
        chunks, _ = api.get_archive(container_id, path)
    except docker.errors.NotFound:
        return ""
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                return file.read(LONGEST).decode(errors="replace")
    return ""
