"""A container's environment, command and arguments, from its spec. Pure but for `read`, which fetches an object.

Source: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), third_party/forked/golang/expansion.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from minikweb.apimachinery import quantity

Object = dict[str, Any]
Read = Callable[[str, str], Object | None]  # (kind, name) → the ConfigMap or Secret of the pod's namespace, or None

NONE: Mapping[str, str] = {}
_REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")


class ConfigError(Exception):
    """What the environment is to be made of is missing: the container waits with CreateContainerConfigError."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """$(NAME) becomes its value, or stays where it is unknown; $$ becomes $."""

    def replaced(found: re.Match[str]) -> str:
        if found[1] == "$":
            return "$"
        return known.get(found[2], found[0])

    return _REFERENCE.sub(replaced, text)


def environment(
    pod: Object, container: Object, read: Read, *, facts: Mapping[str, str], services: Mapping[str, str] = NONE
) -> dict[str, str]:
    """Name → value. `facts` are what only the node knows: status.podIP, status.hostIP, allocatable cpu, memory.

    `services` are variables that give way to the container's own. Raises ConfigError.
    """
    found: dict[str, str] = dict(services)
    for source in container.get("envFrom") or ():
        found |= _all_of(source, read)
    for entry in container.get("env") or ():
        value = _value(pod, container, entry, found, read, facts)
        if value is not None:
            found[entry["name"]] = value
    return found


def _all_of(source: Object, read: Read) -> dict[str, str]:
    """The variables of one envFrom entry."""
    kind, reference = (
        ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
    )
    obj = _read(kind, reference, read)
    prefix = source.get("prefix", "")
    return {prefix + key: value for key, value in _data(kind, obj).items() if "=" not in key}


def _value(
    pod: Object, container: Object, entry: Object, known: Mapping[str, str], read: Read, facts: Mapping[str, str]
) -> str | None:
    """The value of one env entry; None for an optional source that is missing."""
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value") or "", known)
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"], facts)
    if "resourceFieldRef" in source:
        return resource(pod, container, source["resourceFieldRef"], facts)
    kind, key = ("ConfigMap", "configMapKeyRef") if "configMapKeyRef" in source else ("Secret", "secretKeyRef")
    reference = source[key]
    obj = _read(kind, reference, read)
    value = _data(kind, obj).get(reference["key"])
    if value is None and obj is not None and not reference.get("optional"):
        raise ConfigError(
            f"couldn't find key {reference['key']} in {kind} {pod['metadata']['namespace']}/{reference['name']}"
        )
    return value


def _read(kind: str, reference: Object, read: Read) -> Object | None:
    """The object, None where it is missing and optional. Raises ConfigError."""
    obj = read(kind, reference["name"])
    if obj is None and not reference.get("optional"):
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    return obj


def _data(kind: str, obj: Object | None) -> dict[str, str]:
    if obj is None:
        return {}
    if kind == "ConfigMap":
        return obj.get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in (obj.get("data") or {}).items()}


def field(pod: Object, path: str, facts: Mapping[str, str]) -> str:
    """The downward API's fields of a pod."""
    if path in facts:
        return facts[path]
    meta, spec = pod["metadata"], pod["spec"]
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return (meta.get(subscript[1]) or {}).get(subscript[2], "")
    simple = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", ""),
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
    }
    if path in simple:
        return simple[path]
    if path in ("metadata.labels", "metadata.annotations"):
        return "\n".join(f'{k}="{v}"' for k, v in sorted((meta.get(path[9:]) or {}).items()))
    raise ConfigError(f"field path {path} is not supported")


def resource(pod: Object, container: Object, reference: Object, facts: Mapping[str, str]) -> str:
    """A request or limit in units of the divisor, rounded up; a limit not set is what the node has."""
    wanted = reference.get("containerName") or container["name"]
    owner = next((c for c in pod["spec"]["containers"] if c["name"] == wanted), container)
    section, _, name = reference["resource"].partition(".")
    resources = owner.get("resources") or {}
    amount = (resources.get(section) or {}).get(name)
    if amount is None and section == "limits":
        amount = facts.get(f"allocatable.{name}", "0")
    divisor = quantity.parse(reference.get("divisor") or "1") or quantity.parse("1")
    return str(math.ceil(quantity.parse(amount or "0") / divisor))


def command(container: Object, known: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(command, args) with $(NAME) replaced."""
    return (
        tuple(expand(word, known) for word in container.get("command") or ()),
        tuple(expand(word, known) for word in container.get("args") or ()),
    )
