"""What is wrong with a pod's spec, in Kubernetes' words. Defaults have been filled in before.

Source: pkg/apis/core/validation/validation.go (ValidatePodSpec). What no part of this server acts on (Windows, resource
claims, device mounts) is left to the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikweb.apimachinery import labels
from minikweb.apimachinery.errors import duplicate, forbidden_value, invalid_value, not_supported, required
from minikweb.kinds import formats
from minikweb.kinds.affinityvalidation import validate_affinity
from minikweb.kinds.containervalidation import (
    validate_container,
    validate_identities,
    validate_lifecycle_and_probes,
)
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.registry import Cause

Spec = dict[str, Any]

_NOT_FOR_INIT = "may not be set for init containers without restartPolicy=Always"
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TOLERATION_OPERATORS = ("Equal", "Exists")
_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def validate_pod_spec(path: str, spec: Spec) -> list[Cause]:
    """The causes for the spec of a Pod or pod template found at `path` ("spec" or "spec.template.spec")."""
    causes = _volumes(f"{path}.volumes", spec)
    causes += _containers(path, spec) + _init_containers(path, spec)
    causes += formats.one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), ("Always", "OnFailure", "Never"))
    causes += formats.one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    causes += formats.label_map(f"{path}.nodeSelector", spec.get("nodeSelector"))
    if spec.get("preemptionPolicy") is not None:
        policies = ("PreemptLowerPriority", "Never")
        causes += formats.one_of(f"{path}.preemptionPolicy", spec["preemptionPolicy"], policies)
    causes += _optional_names(path, spec) + _deadlines(path, spec)
    causes += validate_identities(f"{path}.securityContext", spec.get("securityContext") or {})
    return causes + _dns_config(path, spec) + _scheduling(path, spec) + _lists(path, spec)


def _lists(path: str, spec: Spec) -> list[Cause]:
    """Gates, aliases and the spread over topologies."""
    causes = []
    gates = spec.get("schedulingGates") or []
    for index, gate in enumerate(gates):
        causes += formats.qualified_name(f"{path}.schedulingGates[{index}]", gate.get("name"))
    causes += formats.unique((f"{path}.schedulingGates[{i}]", gate.get("name")) for i, gate in enumerate(gates))
    for index, gate in enumerate(spec.get("readinessGates") or []):
        causes += formats.qualified_name(f"{path}.readinessGates[{index}].conditionType", gate.get("conditionType"))
    for index, alias in enumerate(spec.get("hostAliases") or []):
        causes += formats.ip_address(f"{path}.hostAliases[{index}].ip", alias.get("ip") or "")
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or []):
        causes += _topology_spread(f"{path}.topologySpreadConstraints[{index}]", constraint)
    return causes


def _topology_spread(path: str, constraint: Spec) -> list[Cause]:
    causes = []
    if constraint.get("maxSkew", 0) <= 0:
        causes.append(invalid_value(f"{path}.maxSkew", constraint.get("maxSkew", 0), "must be greater than zero"))
    if not constraint.get("topologyKey"):
        causes.append(required(f"{path}.topologyKey", "can not be empty"))
    causes += validate_label_selector(f"{path}.labelSelector", constraint.get("labelSelector") or {})
    policies = ("DoNotSchedule", "ScheduleAnyway")
    if constraint.get("whenUnsatisfiable") not in policies:
        causes.append(not_supported(f"{path}.whenUnsatisfiable", constraint.get("whenUnsatisfiable") or "", policies))
    return causes


def _optional_names(path: str, spec: Spec) -> list[Cause]:
    rules = {
        "serviceAccountName": formats.dns_subdomain,
        "nodeName": formats.dns_subdomain,
        "hostname": formats.dns_label,
        "subdomain": formats.dns_label,
        "priorityClassName": formats.dns_subdomain,
        "runtimeClassName": formats.dns_subdomain,
    }
    return [cause for key, rule in rules.items() if spec.get(key) for cause in rule(f"{path}.{key}", spec[key])]


def _deadlines(path: str, spec: Spec) -> list[Cause]:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2147483647:
        detail = "must be between 1 and 2147483647, inclusive"
        return [invalid_value(f"{path}.activeDeadlineSeconds", deadline, detail)]
    return []


def _dns_config(path: str, spec: Spec) -> list[Cause]:
    config = spec.get("dnsConfig") or {}
    if spec.get("dnsPolicy") == "None" and not config:
        return [required(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")]
    if spec.get("dnsPolicy") == "None" and not config.get("nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{path}.dnsConfig.nameservers", detail)]
    if len(config.get("nameservers") or []) > 3:
        detail = "must not have more than 3 nameservers"
        return [invalid_value(f"{path}.dnsConfig.nameservers", config["nameservers"], detail)]
    return []


# --- Containers ------------------------------------------------------------------------------------


def _containers(path: str, spec: Spec) -> list[Cause]:
    path = f"{path}.containers"
    if not spec.get("containers"):
        return [required(path)]
    volumes = _volume_names(spec)
    causes = []
    for index, container in enumerate(spec["containers"]):
        causes += validate_container(f"{path}[{index}]", container, volumes)
        causes += validate_lifecycle_and_probes(f"{path}[{index}]", container, spec)
        causes += _restart_policy(f"{path}[{index}].restartPolicy", container)
    causes += formats.unique(
        (f"{path}[{index}].name", container.get("name")) for index, container in enumerate(spec["containers"])
    )
    return causes + _host_ports(path, spec["containers"])


def _restart_policy(path: str, container: Spec) -> list[Cause]:
    policy = container.get("restartPolicy")
    return formats.one_of(path, policy, ("Always", "Never", "OnFailure")) if policy is not None else []


def _volume_names(spec: Spec) -> set[str]:
    return {volume.get("name", "") for volume in spec.get("volumes") or []}


def _host_ports(path: str, containers: list[Spec]) -> list[Cause]:
    def taken() -> Iterator[tuple[str, str]]:
        for index, container in enumerate(containers):
            for number, port in enumerate(container.get("ports") or []):
                if port.get("hostPort"):
                    key = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
                    yield f"{path}[{index}].ports[{number}].hostPort", key

    return formats.unique(taken())


def _init_containers(path: str, spec: Spec) -> list[Cause]:
    path = f"{path}.initContainers"
    names = {container.get("name") for container in spec.get("containers") or []}
    causes = []
    for index, container in enumerate(spec.get("initContainers") or []):
        here = f"{path}[{index}]"
        causes += validate_container(here, container, _volume_names(spec))
        name = container.get("name")
        if name and name in names:
            causes.append(duplicate(f"{here}.name", name))
        names.add(name)
        causes += _init_restart_policy(here, container, spec)
    return causes


def _init_restart_policy(path: str, container: Spec, spec: Spec) -> list[Cause]:
    causes = _restart_policy(f"{path}.restartPolicy", container)
    if container.get("restartPolicy") == "Always":
        return causes + validate_lifecycle_and_probes(path, container, spec)
    for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(key) is not None:
            causes.append(forbidden_value(f"{path}.{key}", _NOT_FOR_INIT))
    return causes


# --- Volumes ---------------------------------------------------------------------------------------


def _volumes(path: str, spec: Spec) -> list[Cause]:
    volumes = spec.get("volumes") or []
    causes = []
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        sources = [key for key in volume if key != "name" and volume[key] is not None]
        causes += formats.at_most_one(here, volume, sources, "volume type")
        for source in sources[:1]:
            causes += _volume_source(f"{here}.{source}", source, volume[source])
        causes += formats.dns_label(f"{here}.name", volume.get("name"))
    names = ((f"{path}[{index}].name", volume.get("name")) for index, volume in enumerate(volumes))
    return causes + formats.unique(names)


def _volume_source(path: str, kind: str, source: Spec) -> list[Cause]:
    if kind == "hostPath":
        return _host_path(path, source)
    if kind == "secret":
        return _files(path, source, "secretName")
    if kind == "configMap":
        return _files(path, source, "name")
    if kind == "persistentVolumeClaim":
        return [] if source.get("claimName") else [required(f"{path}.claimName")]
    if kind == "emptyDir" and formats.resource_amount(path, source.get("sizeLimit") or "0"):
        return [forbidden_value(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _host_path(path: str, source: Spec) -> list[Cause]:
    where = source.get("path")
    if not where:
        return [required(f"{path}.path")]
    causes = []
    if ".." in where.split("/"):
        causes.append(invalid_value(f"{path}.path", where, "must not contain '..'"))
    if source.get("type", "") not in _HOST_PATH_TYPES:
        causes.append(not_supported(f"{path}.type", source["type"], _HOST_PATH_TYPES))
    return causes


def _files(path: str, source: Spec, name: str) -> list[Cause]:
    causes = [] if source.get(name) else [required(f"{path}.{name}")]
    modes = {f"{path}.defaultMode": source.get("defaultMode")}
    for index, item in enumerate(source.get("items") or []):
        here = f"{path}.items[{index}]"
        modes[f"{here}.mode"] = item.get("mode")
        causes += [required(f"{here}.{key}") for key in ("key", "path") if not item.get(key)]
        causes += formats.descending_path(f"{here}.path", item.get("path") or "")
    detail = "must be a number between 0 and 0777 (octal), both inclusive"
    return causes + [
        invalid_value(where, mode, detail)
        for where, mode in modes.items()
        if mode is not None and not 0 <= mode <= 0o777
    ]


# --- Scheduling ------------------------------------------------------------------------------------


def _scheduling(path: str, spec: Spec) -> list[Cause]:
    causes = []
    for index, toleration in enumerate(spec.get("tolerations") or []):
        causes += validate_toleration(f"{path}.tolerations[{index}]", toleration)
    causes += validate_affinity(f"{path}.affinity", spec.get("affinity") or {})
    return causes


def validate_toleration(path: str, toleration: Spec) -> list[Cause]:
    """One entry of spec.tolerations."""
    key, operator, value = (toleration.get(name) or "" for name in ("key", "operator", "value"))
    causes = formats.qualified_name(f"{path}.key", key) if key else []
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        causes.append(invalid_value(f"{path}.operator", operator, detail))
    effect = toleration.get("effect") or ""
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        causes.append(
            invalid_value(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        )
    if operator == "Exists" and value:
        causes.append(invalid_value(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'"))
    elif operator in ("", "Equal") and (problems := labels.validate_value(value)):
        causes.append(invalid_value(f"{path}.operator", value, ";".join(problems)))
    elif operator and operator not in _TOLERATION_OPERATORS:
        causes.append(not_supported(f"{path}.operator", operator, _TOLERATION_OPERATORS))
    return causes + (formats.one_of(f"{path}.effect", effect, _TAINT_EFFECTS) if effect else [])
