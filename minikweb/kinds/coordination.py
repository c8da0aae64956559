"""The group coordination.k8s.io: v1."""

from __future__ import annotations

from minikweb.kinds.registry import Kind

LEASE = Kind(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    namespaced=True,
    schema="io.k8s.api.coordination.v1.Lease",
)

KINDS = [LEASE]
