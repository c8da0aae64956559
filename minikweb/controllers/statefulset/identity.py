"""Who a pod of a StatefulSet is: its ordinal, its name, what it is made of. Pure.

Source: kubernetes/pkg/controller/statefulset/stateful_set_utils.go.
"""

from __future__ import annotations

import re
from typing import Any

from minikweb.controllers import history, podcontrol
from minikweb.controllers.statefulset import claims

Object = dict[str, Any]

NAME_LABEL, INDEX_LABEL = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
_NAME = re.compile(r"(.*)-([0-9]+)")


def start_of(stateful_set: Object) -> int:
    return (stateful_set["spec"].get("ordinals") or {}).get("start", 0)


def ordinals(stateful_set: Object) -> range:
    """The ordinals there should be."""
    start = start_of(stateful_set)
    return range(start, start + stateful_set["spec"]["replicas"])


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The ordinal in the pod's name; None if it is not the name of a pod of this set."""
    match = _NAME.fullmatch(pod["metadata"]["name"])
    return int(match[2]) if match and match[1] == stateful_set["metadata"]["name"] else None


def pod_name(stateful_set: Object, ordinal: int) -> str:
    return f"{stateful_set['metadata']['name']}-{ordinal}"


def labels_of(stateful_set: Object, ordinal: int) -> dict[str, str]:
    """The labels that tell who it is."""
    return {NAME_LABEL: pod_name(stateful_set, ordinal), INDEX_LABEL: str(ordinal)}


def revision_of(pod: Object) -> str:
    """The name of the revision it was made from."""
    return pod["metadata"].get("labels", {}).get(history.HASH_LABEL, "")


def takes_current(stateful_set: Object, ordinal: int) -> bool:
    """Whether a new pod of the ordinal is still made from the old revision: it is below the partition."""
    strategy, start = stateful_set["spec"]["updateStrategy"], start_of(stateful_set)
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        return ordinal < start + (rolling.get("partition") or 0)
    current = stateful_set.get("status", {}).get("currentReplicas", 0)
    return strategy["type"] == "RollingUpdate" and ordinal < start + current


def new_pod(stateful_set: Object, ordinal: int, revision: Object) -> Object:
    """The pod of an ordinal, made from a revision."""
    template = history.restored(stateful_set, revision)["spec"]["template"]
    pod = podcontrol.pod_from_template(template, stateful_set)
    metadata, spec = pod["metadata"], pod["spec"]
    del metadata["generateName"]
    metadata["name"] = pod_name(stateful_set, ordinal)
    own = {**labels_of(stateful_set, ordinal), history.HASH_LABEL: revision["metadata"]["name"]}
    metadata["labels"] = {**metadata.get("labels", {}), **own}
    spec["hostname"] = metadata["name"]
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    volumes = claims.volumes(stateful_set, ordinal)
    names = {volume["name"] for volume in volumes}
    volumes += [volume for volume in spec.get("volumes") or () if volume["name"] not in names]
    if volumes:
        spec["volumes"] = volumes
    return pod
