"""What is wrong with one container of a pod, in Kubernetes' words.

Source: pkg/apis/core/validation/validation.go (validateContainerCommon and below).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import duplicate, forbidden_value, invalid_value, not_supported, required
from minikweb.kinds import formats
from minikweb.kinds.registry import Cause

Container = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_QUOTA_RESOURCES = ("pods", "services", "secrets", "configmaps", "persistentvolumeclaims", "resourcequotas", "storage")
_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_RESOURCE_FIELDS = tuple(sorted(f"{kind}.{name}" for kind in ("limits", "requests") for name in _STANDARD_RESOURCES))
_MORE_FIELDS = ("spec.restartPolicy", "spec.schedulerName", "status.phase")  # known, but not for the environment
_SUBSCRIPT = re.compile(r"(metadata\.(?:annotations|labels))\['(.+)'\]")


def validate_container(path: str, container: Container, volumes: set[str]) -> list[Cause]:
    """What holds for containers of every sort. `volumes` are the names of the pod's volumes."""
    causes = formats.dns_label(f"{path}.name", container.get("name"))
    causes += _image(f"{path}.image", container.get("image"))
    causes += formats.one_of(
        f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES
    )
    causes += _ports(f"{path}.ports", container.get("ports") or [])
    for index, variable in enumerate(container.get("env") or []):
        causes += _variable(f"{path}.env[{index}]", variable)
    for index, source in enumerate(container.get("envFrom") or []):
        causes += _variables_from(f"{path}.envFrom[{index}]", source)
    causes += _mounts(f"{path}.volumeMounts", container.get("volumeMounts") or [], volumes)
    causes += formats.one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    causes += validate_resources(f"{path}.resources", container.get("resources") or {})
    return causes + _security_context(f"{path}.securityContext", container.get("securityContext") or {})


def _image(path: str, image: str | None) -> list[Cause]:
    if not image:
        return [required(path)]
    return (
        [invalid_value(path, image, "must not have leading or trailing whitespace")] if image != image.strip() else []
    )


def _security_context(path: str, context: Container) -> list[Cause]:
    causes = []
    if context.get("privileged") and context.get("allowPrivilegeEscalation") is False:
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        causes.append(invalid_value(path, context, detail))
    return causes + validate_identities(path, context)


def validate_identities(path: str, context: Container) -> list[Cause]:
    """The numbers of user and group in a security context."""
    return [c for key in ("runAsUser", "runAsGroup") for c in formats.identity(f"{path}.{key}", context.get(key))]


# --- Ports and mounts ------------------------------------------------------------------------------


def _ports(path: str, ports: list[Container]) -> list[Cause]:
    causes, names = [], set()
    for index, port in enumerate(ports):
        here, name = f"{path}[{index}]", port.get("name")
        wrong = formats.port_name(f"{here}.name", name) if name else []
        if name and not wrong and name in names:
            wrong = [duplicate(f"{here}.name", name)]
        names.add(name)
        causes += wrong
        if port.get("containerPort"):
            causes += formats.port(f"{here}.containerPort", port["containerPort"])
        else:
            causes.append(required(f"{here}.containerPort"))
        if port.get("hostPort"):
            causes += formats.port(f"{here}.hostPort", port["hostPort"])
        causes += formats.one_of(f"{here}.protocol", port.get("protocol"), PROTOCOLS)
    return causes


def _mounts(path: str, mounts: list[Container], volumes: set[str]) -> list[Cause]:
    causes, taken = [], set()
    for index, mount in enumerate(mounts):
        here = f"{path}[{index}]"
        name, where = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            causes.append(required(f"{here}.name"))
        if name not in volumes:
            causes.append(formats.not_found(f"{here}.name", name))
        if not where:
            causes.append(required(f"{here}.mountPath"))
        if where in taken:
            causes.append(invalid_value(f"{here}.mountPath", where, "must be unique"))
        taken.add(where)
        if mount.get("subPath"):
            causes += formats.descending_path(f"{path}.subPath", mount["subPath"])
    return causes


# --- Environment -----------------------------------------------------------------------------------


def _variable(path: str, variable: Container) -> list[Cause]:
    causes = formats.variable_name(f"{path}.name", variable.get("name"))
    source = variable.get("valueFrom")
    if source is None:
        return causes
    here = f"{path}.valueFrom"
    present = [key for key in _SOURCES if source.get(key) is not None]
    for key in present:
        causes += _source(f"{here}.{key}", key, source[key])
    if not present:
        listed = ", ".join(f"`{key}`" for key in _SOURCES[:-1])
        causes.append(invalid_value(here, "", f"must specify one of: {listed} or `{_SOURCES[-1]}`"))
    elif variable.get("value"):
        causes.append(invalid_value(here, "", "may not be specified when `value` is not empty"))
    elif len(present) > 1:
        causes.append(invalid_value(here, "", "may not have more than one field specified at a time"))
    return causes


def _source(path: str, kind: str, source: Container) -> list[Cause]:
    if kind == "fieldRef":
        return _field_reference(path, source)
    if kind == "resourceFieldRef":
        return _resource_reference(path, source)
    if kind in ("configMapKeyRef", "secretKeyRef"):
        causes = formats.reference(f"{path}.name", source.get("name"))
        key = source.get("key")
        return causes + (formats.config_key(f"{path}.key", key) if key else [required(f"{path}.key")])
    return []


def _field_reference(path: str, source: Container) -> list[Cause]:
    field = source.get("fieldPath")
    if not field:
        return [required(f"{path}.fieldPath")]
    if found := _SUBSCRIPT.fullmatch(field):
        key = found[2].lower() if found[1] == "metadata.annotations" else found[2]
        return formats.qualified_name(path, key)
    if field in ("metadata.annotations", "metadata.labels", *_MORE_FIELDS):
        return [not_supported(f"{path}.fieldPath", field, _FIELDS)]
    if field not in _FIELDS:
        detail = f"error converting fieldPath: field label not supported: {field}"
        return [invalid_value(f"{path}.fieldPath", field, detail)]
    return []


def _resource_reference(path: str, source: Container) -> list[Cause]:
    name = source.get("resource")
    if not name:
        return [required(f"{path}.resource")]
    if name in _RESOURCE_FIELDS or name.startswith(("limits.hugepages-", "requests.hugepages-")):
        return []
    return [not_supported(f"{path}.resource", name, _RESOURCE_FIELDS)]


def _variables_from(path: str, source: Container) -> list[Cause]:
    causes = formats.variable_name(f"{path}.prefix", source["prefix"]) if source.get("prefix") else []
    present = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
    for key in present:
        causes += formats.dns_subdomain(f"{path}.{key}.name", source[key].get("name"))
    parent = path.rpartition("[")[0]  # Kubernetes blames the list
    if not present:
        causes.append(invalid_value(parent, "", "must specify one of: `configMapRef` or `secretRef`"))
    elif len(present) > 1:
        causes.append(invalid_value(parent, "", "may not have more than one field specified at a time"))
    return causes


# --- Resources -------------------------------------------------------------------------------------


def validate_resources(path: str, resources: Container) -> list[Cause]:
    """Limits and requests: known names, amounts, no request above its limit."""
    causes = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for key, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            here = f"{path}.{key}[{name}]"
            causes += _resource_name(here, name) + formats.resource_amount(here, amount)
    return causes or list(_requests_above_limits(f"{path}.requests", limits, requests))


def _requests_above_limits(path: str, limits: Container, requests: Container) -> Iterator[Cause]:
    for name, amount in requests.items():
        limit = limits.get(name)
        divided = "/" not in name or "kubernetes.io/" in name
        if limit is None and (not divided or name.startswith("hugepages-")):
            yield required(path.replace(".requests", ".limits"), "Limit must be set for non overcommitable resources")
        if limit is None or quantity.parse(amount) == quantity.parse(limit):
            continue
        if not divided or name.startswith("hugepages-"):
            yield invalid_value(path, str(amount), f"must be equal to {name} limit of {limit}")
        elif quantity.parse(amount) > quantity.parse(limit):
            yield invalid_value(path, str(amount), f"must be less than or equal to {name} limit of {limit}")


def _resource_name(path: str, name: str) -> list[Cause]:
    causes = formats.qualified_name(path, name)
    if "/" in name or name.startswith("hugepages-") or name in _STANDARD_RESOURCES:
        return causes
    if not causes and name not in _QUOTA_RESOURCES:
        causes.append(invalid_value(path, name, "must be a standard resource type or fully qualified"))
    return [*causes, invalid_value(path, name, "must be a standard resource for containers")]


# --- Probes and hooks ------------------------------------------------------------------------------


def validate_lifecycle_and_probes(path: str, container: Container, spec: Container) -> list[Cause]:
    """What only long-running containers may have. `spec` is the pod's."""
    causes = []
    lifecycle = container.get("lifecycle") or {}
    for key in ("postStart", "preStop"):
        if lifecycle.get(key) is not None:
            causes += _handler(f"{path}.lifecycle.{key}", lifecycle[key], spec)
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(key) is not None:
            causes += _probe(f"{path}.{key}", key, container[key], spec)
    return causes


def _probe(path: str, kind: str, probe: Container, spec: Container) -> list[Cause]:
    causes = _handler(path, probe, spec)
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        causes += formats.nonnegative(f"{path}.{key}", probe.get(key))
    if kind != "readinessProbe" and probe.get("successThreshold") != 1:
        causes.append(invalid_value(f"{path}.successThreshold", probe.get("successThreshold"), "must be 1"))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and kind == "readinessProbe":
        detail = "must not be set for readinessProbes"
        causes.append(invalid_value(f"{path}.terminationGracePeriodSeconds", grace, detail))
    elif grace is not None and grace <= 0:
        causes.append(invalid_value(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    return causes


def _handler(path: str, handler: Container, spec: Container) -> list[Cause]:
    present = [key for key in _HANDLERS if handler.get(key) is not None]
    if not present:
        return [required(path, "must specify a handler type")]
    causes = [forbidden_value(f"{path}.{key}", "may not specify more than 1 handler type") for key in present[1:]]
    kind, action = present[0], handler[present[0]]
    here = f"{path}.{kind}"
    if kind == "exec" and not action.get("command"):
        causes.append(required(f"{here}.command"))
    elif kind == "httpGet":
        causes += formats.port_or_name(f"{here}.port", action.get("port"))
        causes += formats.one_of(f"{here}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
    elif kind in ("tcpSocket", "grpc"):
        causes += formats.port_or_name(f"{here}.port", action.get("port"))
    elif kind == "sleep":
        grace = spec.get("terminationGracePeriodSeconds")
        if grace is not None and not 0 <= action.get("seconds", 0) <= grace:
            detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            causes.append(invalid_value(here, action.get("seconds", 0), detail))
    return causes
