"""What containers use. Docker measures each container once a second and answers then, so they are asked together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker

from minikweb.runtime.docker import containers
from minikweb.runtime.docker.connection import translated
from minikweb.runtime.protocol import ContainerNotFound, ContainerStats

AT_ONCE = 16  # threads that wait; Docker does the same work either way


def of_containers(api: docker.APIClient, entries: Iterable[Mapping[str, Any]]) -> list[ContainerStats]:
    """The use of running containers, from entries of GET /containers/json; those that have just ended are left out."""

    def measure(entry: Mapping[str, Any]) -> ContainerStats | None:
        try:
            with translated():
                return container_stats(entry, api.stats(entry["Id"], stream=False, one_shot=True))
        except ContainerNotFound:
            return None

    wanted = [entry for entry in entries if entry["State"] == "running"]
    if not wanted:
        return []
    with ThreadPoolExecutor(min(len(wanted), AT_ONCE), thread_name_prefix="stats") as pool:
        return [found for found in pool.map(measure, wanted) if found]


def container_stats(entry: Mapping[str, Any], measured: Mapping[str, Any]) -> ContainerStats | None:
    """From GET /containers/<id>/stats; None for a container that has ended."""
    at = containers.instant(measured["read"])
    memory = measured.get("memory_stats") or {}
    if at is None or "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    # What the kernel would give back at once is no working set; the name is of cgroup v1, then v2.
    inactive = details.get("total_inactive_file", details.get("inactive_file", 0))
    return ContainerStats(
        container_id=entry["Id"],
        pod=containers.pod_ref(entry["Labels"]),
        name=entry["Labels"].get(containers.CONTAINER, ""),
        at=at,
        cpu_seconds=measured["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        memory=max(0, memory["usage"] - inactive),
    )
