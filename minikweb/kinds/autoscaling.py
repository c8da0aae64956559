"""The group autoscaling: v1. So far only Scale, the body of every `scale` subresource."""

from __future__ import annotations

from minikweb.kinds.registry import Kind

SCALE = Kind(
    group="autoscaling",
    version="v1",
    kind="Scale",
    plural="scales",
    namespaced=True,
    schema="io.k8s.api.autoscaling.v1.Scale",
    verbs=(),
    virtual=True,
)

KINDS = [SCALE]
