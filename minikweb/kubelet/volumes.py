"""A pod's volumes: which files Kubernetes puts in them, and where its containers see them. Pure but for `Sources`.

What outlives a pod (a claim's volume, a hostPath) is in a store: see stores.py.
Source: pkg/volume/{configmap,secret,downwardapi,projected,emptydir}, pkg/kubelet/kubelet_pods.go (makeMounts).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.kubelet import env, stores
from minikweb.runtime.protocol import File, Mount, Volume

Object = dict[str, Any]
Files = dict[str, File]

FILLED = ("configMap", "secret", "downwardAPI", "projected")
STORED = ("persistentVolumeClaim", "ephemeral", "hostPath")
SUPPORTED = ("emptyDir", *FILLED, *STORED)
MODE = 0o644


class MountFailed(Exception):
    """What a volume is to be made of is missing: the pod waits. The message is that of the event FailedMount."""

    def __init__(self, volume: str, why: str):
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {why}')


@dataclass(frozen=True)
class Sources:
    """Where the content comes from."""

    read: env.Read
    token: Callable[[Object, Object], str]  # (pod, serviceAccountToken projection) → token
    facts: Mapping[str, str]  # as env.environment's
    node: str = ""  # the node's name, whose own files hostPath means


class Unavailable(Exception):
    """A source that a volume cannot do without is not there."""


def of_pod(pod: Object, sources: Sources) -> tuple[Volume, ...]:
    """The volumes of a pod with their files. Raises MountFailed."""
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return tuple(_volume(pod, volume, group, sources) for volume in pod["spec"].get("volumes") or ())


def limits(pod: Object) -> dict[str, tuple[int, str]]:
    """The emptyDirs on disk that may hold no more than so many bytes, with the limit as it is written."""
    found = {}
    for volume in pod["spec"].get("volumes") or ():
        empty = volume.get("emptyDir") or {}
        if empty.get("sizeLimit") and empty.get("medium") != "Memory" and quantity.memory(empty["sizeLimit"]):
            found[volume["name"]] = (quantity.memory(empty["sizeLimit"]), str(empty["sizeLimit"]))
    return found


def is_live(pod: Object) -> bool:
    """Whether a change elsewhere, or of its metadata, changes files of the pod."""
    return any(kind in volume for volume in pod["spec"].get("volumes") or () for kind in FILLED)


def _volume(pod: Object, volume: Object, group: int | None, sources: Sources) -> Volume:
    name, empty = volume["name"], volume.get("emptyDir")
    parts = tuple(dict.fromkeys(_part(pod, c, m) for c, m in _mounts_of(pod, name) if _has_part(m)))
    if empty is not None:
        memory = empty.get("medium") == "Memory"
        size = quantity.memory(empty["sizeLimit"]) if memory and empty.get("sizeLimit") else None
        return Volume(name, memory, size, group, parts=parts)
    try:
        if any(key in volume for key in STORED):
            return _stored(pod, volume, group, sources)
        return Volume(name, group=group, files=_files(pod, volume, sources))
    except (Unavailable, stores.NotThere, env.ConfigError) as error:
        raise MountFailed(name, str(error)) from error


def _stored(pod: Object, volume: Object, group: int | None, sources: Sources) -> Volume:
    """A volume that outlives the pod; its folder is a part of the store. Raises stores.NotThere."""
    store, folder = stores.of_volume(pod, volume, sources.read, sources.node)
    parts = (_join(folder, _part(pod, c, m)) for c, m in _mounts_of(pod, volume["name"]))
    return Volume(
        volume["name"], group=group, parts=tuple(dict.fromkeys(filter(None, parts))), store=store, folder=folder
    )


def _join(folder: str, part: str) -> str:
    return "/".join(filter(None, (folder, part)))


def _files(pod: Object, source: Object, sources: Sources, mode: int = MODE) -> Files:
    """The files of a volume, or of one entry of a projected one. Raises Unavailable, env.ConfigError."""
    if "projected" in source:
        found: Files = {}
        for one in source["projected"].get("sources") or ():
            found |= _files(pod, one, sources, source["projected"].get("defaultMode", mode))
        return found
    if "configMap" in source:
        wanted = source["configMap"]
        return _of_object(pod, "ConfigMap", wanted, wanted.get("name", ""), wanted.get("defaultMode", mode), sources)
    if "secret" in source:
        wanted = source["secret"]
        name = wanted.get("secretName") or wanted.get("name", "")
        return _of_object(pod, "Secret", wanted, name, wanted.get("defaultMode", mode), sources)
    if "downwardAPI" in source:
        wanted = source["downwardAPI"]
        return {
            item["path"]: File(_fact(pod, item, sources).encode(), item.get("mode", wanted.get("defaultMode", mode)))
            for item in wanted.get("items") or ()
        }
    if "serviceAccountToken" in source:
        wanted = source["serviceAccountToken"]
        return {wanted["path"]: File(sources.token(pod, wanted).encode(), mode)}
    raise Unavailable(f"volumes of type {next(iter(source), '')} are not supported yet")


def _of_object(pod: Object, kind: str, wanted: Object, name: str, mode: int, sources: Sources) -> Files:
    """The keys of a ConfigMap or Secret, all or those of `items`."""
    obj = sources.read(kind, name)
    if obj is None:
        if wanted.get("optional"):
            return {}
        raise Unavailable(f'{kind.lower()} "{name}" not found')
    data = contents(kind, obj)
    if not wanted.get("items"):
        return {key: File(value, mode) for key, value in data.items()}
    found: Files = {}
    for item in wanted["items"]:
        if item["key"] in data:
            found[item["path"]] = File(data[item["key"]], item.get("mode", mode))
        elif not wanted.get("optional"):
            word = "config" if kind == "ConfigMap" else "secret"
            namespace = pod["metadata"]["namespace"]
            whose = f"configmap {namespace}/{name} " if kind == "ConfigMap" else ""
            raise Unavailable(f"{whose}references non-existent {word} key: {item['key']}".strip())
    return found


def contents(kind: str, obj: Object) -> dict[str, bytes]:
    """The data of a ConfigMap or Secret."""
    if kind == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    text = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    return text | {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}


def _fact(pod: Object, item: Object, sources: Sources) -> str:
    if "fieldRef" in item:
        return env.field(pod, item["fieldRef"]["fieldPath"], sources.facts)
    reference = item["resourceFieldRef"]
    owner = next(c for c in _containers(pod) if c["name"] == reference.get("containerName"))
    return env.resource(pod, owner, reference, sources.facts)


# --- mounts --------------------------------------------------------------------------------------


def mounts(
    pod: Object, container: Object, volumes: tuple[Volume, ...], environment: Mapping[str, str]
) -> tuple[tuple[Mount, ...], Files]:
    """(mounts, single files to copy) of a container."""
    of_name = {volume.name: volume for volume in volumes}
    mounted: list[Mount] = []
    copies: Files = {}
    for mount in container.get("volumeMounts") or ():
        volume = of_name[mount["name"]]
        if volume.files is not None and _has_part(mount):
            copies |= _copies(volume.files, _part(pod, container, mount, environment), mount["mountPath"])
        else:
            part = _join(volume.folder, _part(pod, container, mount, environment))
            read_only = bool(mount.get("readOnly")) or volume.files is not None or _is_read_only(pod, volume.name)
            mounted.append(Mount(volume.name, mount["mountPath"], read_only, part, volume.store))
    return tuple(mounted), copies


def _is_read_only(pod: Object, name: str) -> bool:
    """Whether the pod asks for the claim itself to be read only."""
    found = (one for one in pod["spec"].get("volumes") or () if one["name"] == name)
    return any((one.get("persistentVolumeClaim") or {}).get("readOnly") for one in found)


def _copies(files: Mapping[str, File], part: str, path: str) -> Files:
    """What a subPath means of files: one of them, or those of a folder."""
    if part in files:
        return {path: files[part]}
    inside = part + "/"
    return {f"{path}/{name[len(inside) :]}": file for name, file in files.items() if name.startswith(inside)}


def _has_part(mount: Object) -> bool:
    return bool(mount.get("subPath") or mount.get("subPathExpr"))


def _part(pod: Object, container: Object, mount: Object, environment: Mapping[str, str] | None = None) -> str:
    """The folder of a volume that a container mounts, "" for all of it; $(NAME) is of plain variables and fields."""
    if not mount.get("subPathExpr"):
        return mount.get("subPath", "").strip("/")
    if environment is None:
        plain = {**container, "envFrom": [], "env": [e for e in container.get("env") or () if _is_plain(e)]}
        environment = env.environment(pod, plain, lambda kind, name: None, facts={})
    return env.expand(mount["subPathExpr"], environment).strip("/")


def _is_plain(entry: Object) -> bool:
    source = entry.get("valueFrom") or {}
    return not source or source.get("fieldRef", {}).get("fieldPath", "").startswith(("metadata.", "spec."))


def _mounts_of(pod: Object, volume: str) -> Iterator[tuple[Object, Object]]:
    for container in _containers(pod):
        for mount in container.get("volumeMounts") or ():
            if mount["name"] == volume:
                yield container, mount


def _containers(pod: Object) -> Iterator[Object]:
    yield from pod["spec"].get("initContainers") or ()
    yield from pod["spec"]["containers"]
