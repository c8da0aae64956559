"""A pod's volumes as Docker volumes: nothing of the host's file system is touched, so a daemon elsewhere will do.

A volume ends with its pod; a store (of a PersistentVolume, of a node's own files) stays until it is removed.

All volumes of a pod are mounted in its sandbox, where pause writes the files we dictate over its standard input
(images/pause/files.c): a few milliseconds, where copying an archive into a container takes the daemon 200.
"""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import docker
import requests

from minikweb.runtime.docker import containers
from minikweb.runtime.docker.connection import translated
from minikweb.runtime.docker.streams import CHUNK, Frames
from minikweb.runtime.protocol import ContainerNotFound, File, PodRef, RuntimeFailure, SandboxConfig, Volume
from minikweb.runtime.protocol import Mount as PodMount

VOLUME = "minikweb.volume"  # label of a volume: its name in the pod
STORE = "minikweb.store"  # label of a store: its name
ROOT = "/vol"  # where they are in the sandbox
PATIENCE = 30.0  # seconds for pause to have written all

Mount = dict[str, Any]


def volume_name(cluster: str, pod: PodRef, volume: str, part: str = "") -> str:
    """part: a folder of it that is mounted by itself (subPath)."""
    beside = f"_{hashlib.sha256(part.encode()).hexdigest()[:8]}" if part else ""
    return f"minikweb-{cluster}_{pod.uid}_{volume}{beside}"


def store_name(cluster: str, store: str) -> str:
    return f"minikweb-{cluster}_{store}"


def make(api: docker.APIClient, cluster: str, node: str, config: SandboxConfig) -> None:
    """Makes the volumes of a pod; those that are there stay as they are."""
    for volume in config.volumes:
        options = {"type": "tmpfs", "device": "tmpfs", "o": _tmpfs(volume)} if volume.memory else {}
        if volume.store:
            made = _make_store(api, cluster, volume.store)
        else:
            made = _make(api, cluster, node, config.pod, volume.name, "", options)
        for part in volume.parts:
            bind = {"type": "none", "o": "bind", "device": f"{made['Mountpoint']}/{part}"}
            _make(api, cluster, node, config.pod, volume.name, part, bind)


def _make(
    api: docker.APIClient, cluster: str, node: str, pod: PodRef, volume: str, part: str, options: dict[str, str]
) -> dict[str, Any]:
    own = {
        containers.CLUSTER: cluster,
        containers.NODE: node,
        containers.NAMESPACE: pod.namespace,
        containers.POD: pod.name,
        containers.UID: pod.uid,
        VOLUME: volume,
    }
    with translated("FailedCreatePodSandBox"):
        return api.create_volume(volume_name(cluster, pod, volume, part), driver_opts=options, labels=own)


def _make_store(api: docker.APIClient, cluster: str, store: str) -> dict[str, Any]:
    """Nobody's in particular: without the label of a node, so that it outlives that, too."""
    own = {containers.CLUSTER: cluster, STORE: store}
    with translated("FailedCreatePodSandBox"):
        return api.create_volume(store_name(cluster, store), labels=own)


def remove_store(api: docker.APIClient, cluster: str, store: str) -> None:
    with suppress(ContainerNotFound), translated():
        api.remove_volume(store_name(cluster, store))


def _tmpfs(volume: Volume) -> str:
    return "mode=0777" + (f",size={volume.size}" if volume.size else "")


def in_sandbox(cluster: str, config: SandboxConfig) -> list[Mount]:
    """All of them, to be written in."""
    return [_mount(_source(cluster, config.pod, one), f"{ROOT}/{one.name}", False) for one in config.volumes]


def _source(cluster: str, pod: PodRef, volume: Volume) -> str:
    return store_name(cluster, volume.store) if volume.store else volume_name(cluster, pod, volume.name)


def in_container(cluster: str, pod: PodRef, mounts: tuple[PodMount, ...]) -> list[Mount]:
    def source(one: PodMount) -> str:
        whole = one.store and not one.part
        return store_name(cluster, one.store) if whole else volume_name(cluster, pod, one.volume, one.part)

    return [_mount(source(one), one.path, one.read_only) for one in mounts]


def _mount(source: str, target: str, read_only: bool) -> Mount:
    """NoCopy: what the image has at that place does not get into the volume."""
    return {
        "Type": "volume",
        "Source": source,
        "Target": target,
        "ReadOnly": read_only,
        "VolumeOptions": {"NoCopy": True},
    }


def remove(api: docker.APIClient, cluster: str, label: str, value: str) -> int:
    """Removes the cluster's volumes with that label that no container uses; returns how many."""
    filters = {"label": [f"{containers.CLUSTER}={cluster}", f"{label}={value}"]}
    with translated():
        found = sorted((one["Name"] for one in api.volumes(filters=filters)["Volumes"] or ()), key=len, reverse=True)
    for name in found:
        with suppress(ContainerNotFound, RuntimeFailure), translated():
            api.remove_volume(name)
    return len(found)


def owners(api: docker.APIClient, cluster: str, node: str) -> set[str]:
    """The uids of the pods that have volumes on the node."""
    filters = {"label": [f"{containers.CLUSTER}={cluster}", f"{containers.NODE}={node}"]}
    with translated():
        return {one["Labels"].get(containers.UID, "") for one in api.volumes(filters=filters)["Volumes"] or ()}


def nodes(api: docker.APIClient, cluster: str) -> set[str]:
    """The nodes whose pods have volumes."""
    with translated():
        found = api.volumes(filters={"label": [f"{containers.CLUSTER}={cluster}", containers.UID]})["Volumes"] or ()
    return {one["Labels"][containers.NODE] for one in found}


# --- files ---------------------------------------------------------------------------------------


def dictation(volumes: tuple[Volume, ...], stamp: str) -> bytes:
    """The commands (files.c) that fill volumes. `stamp` is the name of the folder that `..data` is to point to."""
    said: list[bytes] = []
    for volume in volumes:
        root, group = f"{ROOT}/{volume.name}", -1 if volume.group is None else volume.group
        mode = 0o777 if volume.group is None else 0o2777
        verb = b"keep" if volume.store else b"dir"
        for path in (root, *(f"{root}/{part}" for part in volume.parts)):
            said.append(b"%s %o %d %s\n" % (verb, mode, group, path.encode()))
        if volume.files is not None:
            said += _files(root, volume.files, group, stamp)
    return b"".join((*said, b"done\n"))


def _files(root: str, files: Mapping[str, File], group: int, stamp: str) -> list[bytes]:
    folder = f"{root}/{stamp}"
    said = [b"dir 755 %d %s\n" % (group, folder.encode())]
    for path in sorted({path.rpartition("/")[0] for path in files} - {""}):
        said.append(b"dir 755 %d %s\n" % (group, f"{folder}/{path}".encode()))
    for path, file in files.items():
        head = b"file %o %d %d %s\n" % (file.mode, group, len(file.data), f"{folder}/{path}".encode())
        said.append(head + file.data)
    for top in sorted({path.partition("/")[0] for path in files}):
        said.append(b"link ..data/%s %s\n" % (top.encode(), f"{root}/{top}".encode()))
    return [*said, b"use %s %s\n" % (stamp.encode(), root.encode())]


def write(api: docker.APIClient, sandbox_id: str, volumes: tuple[Volume, ...]) -> None:
    """Has the sandbox's pause write them; returns when it has. Raises RuntimeFailure."""
    if not volumes:
        return
    seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
    stamp = time.strftime("..%Y_%m_%d_%H_%M_%S.", time.gmtime(seconds)) + f"{fraction:09d}"
    with translated("FailedCreatePodSandBox"):
        answer = _ask(api, sandbox_id, dictation(volumes, stamp))
    if answer != "ok":
        raise RuntimeFailure(f"cannot write the pod's volumes: {answer or 'no answer'}", "FailedCreatePodSandBox")


def usage(api: docker.APIClient, sandbox_id: str, volume: str) -> int:
    """How many bytes a volume takes, as pause finds it. Raises RuntimeFailure."""
    with translated():
        answer = _ask(api, sandbox_id, f"size {ROOT}/{volume}\n".encode())
    if not answer.isdigit():
        raise RuntimeFailure(f"cannot measure the volume {volume}: {answer or 'no answer'}")
    return int(answer)


def _ask(api: docker.APIClient, sandbox_id: str, text: bytes) -> str:
    """Attaches to pause, says it, and returns the line it answers."""
    url = f"{api.base_url}/v{api.api_version}/containers/{sandbox_id}/attach"
    parameters = {"stream": 1, "stdin": 1, "stdout": 1}
    headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
    response: requests.Response = api.post(url, params=parameters, headers=headers, stream=True, timeout=PATIENCE)
    api._raise_for_status(response)
    incoming = response.raw._fp.fp
    sock: socket.socket = incoming.raw._sock
    sock.settimeout(PATIENCE)
    frames, said = Frames(tty=False), b""
    try:
        sock.sendall(text)
        while not said.endswith(b"\n"):
            data = incoming.read1(CHUNK)
            if not data:
                break
            said += b"".join(payload for _, payload in frames.feed(data))
    finally:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        response.close()
    return said.decode(errors="replace").strip()


def archive(copies: Mapping[str, File]) -> bytes:
    """Files at absolute paths as a tar file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, file in copies.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(file.data), file.mode, int(time.time())
            tar.addfile(entry, io.BytesIO(file.data))
    return out.getvalue()
