"""What Kubernetes fills in where a pod's spec is silent. In place, on pods and on pod templates alike.

Source: pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikweb.apimachinery import quantity

Spec = dict[str, Any]

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
FILE_MODE = 0o644


def containers(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Every container of whatever sort, with its path below the spec."""
    for key in CONTAINER_LISTS:
        for index, container in enumerate(spec.get(key) or []):
            yield f"{key}[{index}]", container


def fill(obj: Spec, **defaults: Any) -> None:
    """Sets what is absent, null or empty."""
    for key, value in defaults.items():
        if obj.get(key) in (None, ""):
            obj[key] = value


def default_pod(spec: Spec) -> None:
    """Defaults of the spec of a Pod, beyond those of a template."""
    default_pod_spec(spec)
    fill(spec, enableServiceLinks=True)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for path, container in containers(spec):
        if path.startswith("ephemeral"):
            continue
        _request_limits(container["resources"])
        if spec.get("hostNetwork"):
            for port in container.get("ports") or []:
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort")


def _request_limits(resources: Spec) -> None:
    """Who limits a resource and does not say how much to reserve reserves the limit."""
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def default_pod_spec(spec: Spec) -> None:
    """Defaults of the spec of a Pod or of a pod template."""
    fill(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
        terminationGracePeriodSeconds=30,
    )
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for volume in spec.get("volumes") or []:
        _default_volume(volume)
    for _, container in containers(spec):
        _default_container(container)
    if spec.get("overhead"):
        spec["overhead"] = amounts(spec["overhead"])


def _default_container(container: Spec) -> None:
    fill(
        container,
        imagePullPolicy=pull_policy(container.get("image") or ""),
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for key in ("limits", "requests"):
        if container["resources"].get(key):
            container["resources"][key] = amounts(container["resources"][key])
    for port in container.get("ports") or []:
        fill(port, protocol="TCP")
    for variable in container.get("env") or []:
        _default_reference(variable.get("valueFrom") or {})
    for key in PROBES:
        if container.get(key) is not None:
            _default_probe(container[key])
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _default_handler(handler)


def pull_policy(image: str) -> str:
    """Always for `:latest` or no tag at all, else IfNotPresent."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def amounts(resources: dict[str, Any]) -> dict[str, Any]:
    """Quantities in their canonical form, as Kubernetes stores them; what is none is left to validation."""
    return {name: _canonical(amount) for name, amount in resources.items()}


def _canonical(amount: Any) -> Any:
    try:
        return quantity.canonical(amount)
    except ValueError:
        return amount


def _default_reference(source: Spec) -> None:
    if source.get("fieldRef") is not None:
        fill(source["fieldRef"], apiVersion="v1")
    if source.get("resourceFieldRef") is not None:
        fill(source["resourceFieldRef"], divisor="0")


def _default_probe(probe: Spec) -> None:
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value
    _default_handler(probe)


def _default_handler(handler: Spec) -> None:
    if handler.get("httpGet") is not None:
        fill(handler["httpGet"], path="/", scheme="HTTP")
    if handler.get("grpc") is not None:
        handler["grpc"].setdefault("service", "")


def _default_volume(volume: Spec) -> None:
    sources = {key: source for key, source in volume.items() if key != "name" and source is not None}
    if not sources:
        volume["emptyDir"] = {}
    for kind, source in sources.items():
        _default_source(kind, source)


def _default_source(kind: str, source: Spec) -> None:
    if kind in ("secret", "configMap", "downwardAPI", "projected"):
        fill(source, defaultMode=FILE_MODE)
        for item in source.get("items" if kind == "downwardAPI" else "sources") or []:
            _default_projection(item)
    elif kind == "hostPath":
        source.setdefault("type", "")
    elif kind == "emptyDir" and source.get("sizeLimit") is not None:
        source["sizeLimit"] = _canonical(source["sizeLimit"])
    elif kind == "image":
        fill(source, pullPolicy=pull_policy(source.get("reference") or ""))


def _default_projection(item: Spec) -> None:
    _default_reference(item)
    if item.get("serviceAccountToken") is not None:
        fill(item["serviceAccountToken"], expirationSeconds=3600)
    for file in (item.get("downwardAPI") or {}).get("items") or []:
        _default_reference(file)
