"""metadata.managedFields: who set which field. The rules are apimachinery's; here is when they are used."""

from __future__ import annotations

from minikweb.apimachinery import managedfields
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

UNTRACKED = ("events", "leases.coordination.k8s.io")  # written all the time by one writer: nobody asks


def track(server: Server, call: Call, kind: Kind, live: Object | None, new: Object, subresource: str = "") -> None:
    """Notes in `new` what `call.manager` changed against `live` (None for a new object)."""
    if kind.storage_key in UNTRACKED:
        new["metadata"].pop("managedFields", None)
        return
    managedfields.update_managed_fields(
        live,
        new,
        call.manager,
        "Update",
        subresource,
        kind.api_version,
        call.now,
        server.schema(kind),
        reset_fields=reset_fields(kind, subresource),
    )


def reset_fields(kind: Kind, subresource: str) -> tuple[str, ...]:
    """What a write cannot set, and so nobody owns by it (GetResetFields of Kubernetes' strategies)."""
    if subresource == "status":
        return ("spec",)
    return ("status",) if "status" in kind.subresources and not subresource else ()
