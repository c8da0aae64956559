"""The group policy: v1. So far only Eviction, the body of a pod's `eviction` subresource."""

from __future__ import annotations

from minikweb.kinds.registry import Kind

EVICTION = Kind(
    group="policy",
    version="v1",
    kind="Eviction",
    plural="evictions",
    namespaced=True,
    schema="io.k8s.api.policy.v1.Eviction",
    verbs=(),
    virtual=True,
)

KINDS = [EVICTION]
