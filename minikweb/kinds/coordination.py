"""The group coordination.k8s.io: v1.

Source: pkg/apis/coordination/validation/validation.go.
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery.errors import invalid_value
from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.registry import Cause, Column, Kind, Object


def _default(lease: Object) -> None:
    lease.setdefault("spec", {})


def _validate(lease: Object, old: Object | None) -> list[Cause]:
    spec = lease["spec"]
    causes = formats.nonnegative("spec.leaseTransitions", spec.get("leaseTransitions"))
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        causes.append(invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    return causes


def _holder(lease: Object, now: datetime) -> str:
    return (lease.get("spec") or {}).get("holderIdentity") or ""


LEASE = Kind(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    namespaced=True,
    schema="io.k8s.api.coordination.v1.Lease",
    columns=(NAME, Column("Holder", _holder, description="Who holds it."), AGE),
    default=_default,
    validate=_validate,
)

KINDS = [LEASE]
