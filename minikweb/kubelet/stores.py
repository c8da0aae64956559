"""Where volumes are kept that outlive their pods: a store, which the runtime knows by its name, and a folder in it.

A PersistentVolume of our driver is a store of its own. hostPath and local volumes are folders of the node's own files,
which are a store, too: nothing of the laptop that the node runs on is ever touched.

Source: pkg/volume/{csi,hostpath,local}, pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikweb.apimachinery.meta import controller_of, is_being_deleted
from minikweb.kinds.storage import PROVISIONER, source_of

Object = dict[str, Any]
Read = Callable[[str, str], Object | None]  # (kind, name) → the object; claims are of the pod's namespace

FOLDERS = ("", "Directory", "DirectoryOrCreate")  # types of hostPath


class NotThere(Exception):
    """The pod has to wait for it; the message is Kubernetes'."""


def node_store(node: str) -> str:
    """The store that is the node's own file system."""
    return f"files-of_{node}"


def of_volume(pod: Object, volume: Object, read: Read, node: str) -> tuple[str, str]:
    """(store, folder) of a volume of a pod that is a claim, an ephemeral volume or a hostPath. Raises NotThere."""
    if volume.get("hostPath") is not None:
        return node_store(node), host_folder(volume["hostPath"])
    if volume.get("ephemeral") is not None:
        claim = _claim(pod, f"{pod['metadata']['name']}-{volume['name']}", read)
        if (controller_of(claim) or {}).get("uid") != pod["metadata"]["uid"]:
            raise NotThere(f"PVC {claim['metadata']['name']} was not created for pod {pod['metadata']['name']}")
    else:
        claim = _claim(pod, volume["persistentVolumeClaim"].get("claimName", ""), read)
    return of_persistent(_volume_of(claim, read), node)


def of_persistent(volume: Object, node: str) -> tuple[str, str]:
    """(store, folder) of a PersistentVolume. Raises NotThere for one that this runtime cannot mount."""
    kind, source = source_of(volume)
    if kind == "csi" and source.get("driver") == PROVISIONER:
        return source["volumeHandle"], ""
    if kind in ("hostPath", "local"):
        return node_store(node), host_folder(source)
    what = (
        f"driver name {source.get('driver')} not found in the list of registered CSI drivers" if kind == "csi" else ""
    )
    raise NotThere(what or f"no volume plugin matched: volumes of type {kind} are not mounted here")


def host_folder(source: Object) -> str:
    """The folder in the node's store that a path means. Raises NotThere for what is no folder."""
    path, kind = source.get("path") or "/", source.get("type") or ""
    if kind not in FOLDERS:
        raise NotThere(f"hostPath type check failed: {path} is not a {kind.removesuffix('OrCreate').lower()}")
    if ".." in path.split("/"):
        raise NotThere(f"{path}: must not contain '..'")
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _claim(pod: Object, name: str, read: Read) -> Object:
    claim = read("PersistentVolumeClaim", name)
    if claim is None:
        raise NotThere(f'persistentvolumeclaim "{name}" not found')
    if is_being_deleted(claim) and not (pod.get("status") or {}).get("startTime"):
        raise NotThere(f"PVC {pod['metadata']['namespace']}/{name} is being deleted")
    return claim


def _volume_of(claim: Object, read: Read) -> Object:
    """The volume bound to a claim, both saying so."""
    metadata, name = claim["metadata"], claim["spec"].get("volumeName")
    if not name or (claim.get("status") or {}).get("phase") != "Bound":
        raise NotThere(f"error processing PVC {metadata['namespace']}/{metadata['name']}: PVC is not bound")
    volume = read("PersistentVolume", name)
    if volume is None:
        raise NotThere(f'persistentvolume "{name}" not found')
    if (volume["spec"].get("claimRef") or {}).get("uid") != metadata["uid"]:
        raise NotThere(f"persistentvolume {name} is bound to another claim")
    return volume
