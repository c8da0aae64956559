"""What an installation has at the daemon as a whole: its network, and the end of all its containers.

Only things that carry the label `minikweb.cluster=<its id>` are touched.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import docker
from docker.types import IPAMConfig, IPAMPool

from minikweb.runtime.docker import containers, images, volumes
from minikweb.runtime.docker.connection import connect, translated
from minikweb.runtime.protocol import ContainerNotFound, RuntimeFailure

STOP_GRACE = 5  # seconds between SIGTERM and SIGKILL when the whole cluster stops
AT_ONCE = 8


def daemon_version(timeout: int = 5) -> str:
    """The version of the daemon that answers. Raises RuntimeUnavailable, saying what to do."""
    api = connect(timeout)
    with translated():
        return api.version()["Version"]


def build_missing_images(say: images.Progress) -> list[str]:
    """Builds the images of ours that are missing or old; returns their tags. Raises RuntimeFailure."""
    return images.build_missing(connect(), say)


def build_ingress_image(say: images.Progress) -> list[str]:
    """The same for the image that only the Ingress controller needs, for which nothing else has to wait."""
    return images.build_missing(connect(), say, images.LATER)


def build_toolbox_image(say: images.Progress) -> list[str]:
    """The same for the image of the students' terminals."""
    return images.build_missing(connect(), say, images.TOOLBOX)


def subnets() -> list[str]:
    """The subnets of all of Docker's networks, ours too."""
    return _subnets(connect())


def claim_network(cluster: str, subnet: str) -> bool:
    """Makes the cluster's network on that /16; False where another network or a route of the host is in the way."""
    api = connect()
    existing = _network(api, cluster)
    if existing is not None:
        return existing["IPAM"]["Config"][0]["Subnet"] == subnet
    wanted = ipaddress.ip_network(subnet)
    if any(wanted.overlaps(ipaddress.ip_network(taken)) for taken in _subnets(api)):
        return False
    try:
        ensure_network(api, cluster, subnet)
    except RuntimeFailure:
        return False
    return True


def ensure_network(api: docker.APIClient, cluster: str, subnet: str) -> None:
    """The bridge of a cluster: pods have static addresses, Docker's own choices stay within x.y.255.0/24."""
    if _network(api, cluster) is not None:
        return
    network = ipaddress.ip_network(subnet)
    own_range = list(network.subnets(new_prefix=24))[-1]
    pool = IPAMPool(subnet=subnet, iprange=str(own_range), gateway=str(network.network_address + 1))
    with translated():
        try:
            api.create_network(
                containers.network_name(cluster),
                driver="bridge",
                ipam=IPAMConfig(pool_configs=[pool]),
                labels={containers.CLUSTER: cluster},
                check_duplicate=True,
            )
        except docker.errors.APIError as error:
            if error.status_code != 409:  # 409: another node of ours made it in the meantime
                raise


def _network(api: docker.APIClient, cluster: str) -> dict[str, Any] | None:
    with translated():
        found = api.networks(filters={"label": [f"{containers.CLUSTER}={cluster}"]})
    return next((one for one in found if one["Name"] == containers.network_name(cluster)), None)


def _subnets(api: docker.APIClient) -> list[str]:
    with translated():
        pools = [pool for one in api.networks() for pool in one["IPAM"]["Config"] or []]
    return [pool["Subnet"] for pool in pools if ":" not in pool.get("Subnet", ":")]


def stop_all(cluster: str, *, grace_seconds: int = STOP_GRACE) -> int:
    """Stops every container of the cluster, the pods' sandboxes and then the nodes last; returns how many ran."""
    api = connect()
    running = _containers(api, cluster, everything=False)
    sandboxes = [one["Id"] for one in running if one["Labels"].get(containers.CONTAINER) == containers.PAUSE]
    routers = [one["Id"] for one in running if one["Labels"].get(containers.CONTAINER) in containers.ROUTERS]
    others = [one["Id"] for one in running if one["Id"] not in sandboxes and one["Id"] not in routers]

    def stop(container_id: str) -> None:
        with suppress(ContainerNotFound), translated():
            api.stop(container_id, timeout=grace_seconds)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(stop, others))
        list(pool.map(stop, sandboxes))
        list(pool.map(stop, routers))
    return len(running)


def remove_strays(cluster: str, nodes: Callable[[], Collection[str]]) -> int:
    """Removes the containers of nodes that are no more; `nodes` is asked after the containers are listed."""
    api = connect()
    found = _containers(api, cluster, everything=True)
    kept = nodes()
    strays = [one["Id"] for one in found if one["Labels"].get(containers.NODE, "") not in (*kept, "")]
    for container_id in strays:
        with suppress(ContainerNotFound), translated():
            api.remove_container(container_id, force=True, v=True)
    for node in volumes.nodes(api, cluster) - set(kept):
        volumes.remove(api, cluster, containers.NODE, node)
    return len(strays)


def kill_node(cluster: str, node: str) -> int:
    """Kills what runs on a node, its own container too, as when its plug is pulled; returns how many."""
    api = connect()
    own = [
        one["Id"] for one in _containers(api, cluster, everything=False) if one["Labels"].get(containers.NODE) == node
    ]

    def kill(container_id: str) -> None:
        with suppress(ContainerNotFound), translated():
            api.kill(container_id)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(kill, own))
    return len(own)


def reset(cluster: str) -> dict[str, int]:
    """Removes the cluster's containers, volumes and network; returns how many of each. Images stay: they are shared."""
    api = connect()
    label = {"label": [f"{containers.CLUSTER}={cluster}"]}
    everything = [one["Id"] for one in _containers(api, cluster, everything=True)]

    def remove(container_id: str) -> None:
        with suppress(ContainerNotFound), translated():
            api.remove_container(container_id, force=True, v=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(remove, everything))
    with translated():
        volumes = [one["Name"] for one in api.volumes(filters=label)["Volumes"] or []]
        for name in volumes:
            api.remove_volume(name, force=True)
        networks = [one["Id"] for one in api.networks(filters=label)]
        for network in networks:
            api.remove_network(network)
    return {"containers": len(everything), "volumes": len(volumes), "networks": len(networks)}


def _containers(api: docker.APIClient, cluster: str, *, everything: bool) -> list[dict[str, Any]]:
    with translated():
        return api.containers(all=everything, filters={"label": [f"{containers.CLUSTER}={cluster}"]})
