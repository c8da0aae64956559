"""The subresource ephemeralcontainers of a Pod: containers that join a running one, to look around (`kubectl debug`).

Source: pkg/registry/core/pod/strategy.go (podEphemeralContainersStrategy), pkg/apis/core/validation/validation.go
(ValidatePodEphemeralContainersUpdate, allowedEphemeralContainerFields).
"""

from __future__ import annotations

from minikweb.apimachinery.errors import duplicate, forbidden_value, required
from minikweb.kinds import formats
from minikweb.kinds.podvalidation import validate_pod_spec
from minikweb.kinds.registry import Cause, Object

NOT_THEIRS = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy", "restartPolicy")


def prepare(new: Object, old: Object) -> None:
    """A write here changes nothing but these containers."""
    added, revision = (new.get("spec") or {}).get("ephemeralContainers"), new["metadata"].get("resourceVersion")
    kept = {**old, "metadata": dict(old["metadata"]), "spec": dict(old["spec"])}
    if revision:
        kept["metadata"]["resourceVersion"] = revision
    kept["spec"].pop("ephemeralContainers", None)
    if added:
        kept["spec"]["ephemeralContainers"] = added
    kept["metadata"]["generation"] = old["metadata"].get("generation", 0) + (_of(kept) != _of(old))
    new.clear()
    new.update(kept)


def validate(new: Object, old: Object) -> list[Cause]:
    spec, path = new["spec"], "spec.ephemeralContainers"
    causes = validate_pod_spec("spec", {**spec, "ephemeralContainers": []})
    before = {container["name"]: container for container in _of(old)}
    others = [c.get("name") for key in ("containers", "initContainers") for c in spec.get(key) or ()]
    seen: list[str] = []
    for index, container in enumerate(_of(new)):
        name, here = container.get("name", ""), f"{path}[{index}]"
        causes += formats.dns_label(f"{here}.name", name)
        causes += [] if container.get("image") else [required(f"{here}.image")]
        if name in others or name in seen:
            causes.append(duplicate(f"{here}.name", name))
        seen.append(name)
        causes += _only_what_fits(here, container, others)
        if name in before and container != before[name]:
            causes.append(forbidden_value(path, f'existing ephemeral containers "{name}" may not be changed\n'))
    gone = [name for name in before if name not in seen]
    return causes + [
        forbidden_value(path, f'existing ephemeral containers "{name}" may not be removed\n') for name in gone
    ]


def _of(pod: Object) -> list[Object]:
    return pod["spec"].get("ephemeralContainers") or []


def _only_what_fits(path: str, container: Object, others: list[str | None]) -> list[Cause]:
    causes = [
        forbidden_value(f"{path}.{key}", "cannot be set for an Ephemeral Container")
        for key in NOT_THEIRS
        if container.get(key)
    ]
    if container.get("resources"):
        causes.append(forbidden_value(f"{path}.resources", "cannot be set for an Ephemeral Container"))
    target = container.get("targetContainerName")
    if target and target not in others:
        causes.append(formats.not_found(f"{path}.targetContainerName", target))
    for number, mount in enumerate(container.get("volumeMounts") or ()):
        for key in ("subPath", "subPathExpr"):
            if mount.get(key):
                detail = "cannot be set for an Ephemeral Container"
                causes.append(forbidden_value(f"{path}.volumeMounts[{number}].{key}", detail))
    return causes
