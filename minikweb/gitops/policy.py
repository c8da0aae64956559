"""Whether an Application is synchronised by itself now.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/, argo-cd/controller/appcontroller.go (autoSync)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minikweb.gitops.application import SyncPolicy
from minikweb.gitops.comparison import SYNCED, Resource

Object = dict[str, Any]

HEALS_AFTER = 1.0  # seconds a drift is seen before it is healed, so that a class can see it


class Decision(NamedTuple):
    """`why_not` is a condition's message where somebody should know."""

    sync: bool
    why_not: str = ""


def decide(
    policy: SyncPolicy, sync_status: str, resources: Sequence[Resource], revision: str, last: Object | None
) -> Decision:
    """`last` is status.operationState: the last synchronisation, over or not."""
    if not policy.automated or sync_status == SYNCED:
        return Decision(False)
    if not policy.prune and all(one.requires_pruning for one in resources if one.counts and one.status != SYNCED):
        return Decision(False)
    if policy.prune and not policy.allow_empty and not any(one.wanted for one in resources):
        return Decision(False, "auto-sync will wipe out all resources")
    if last and _attempted(last) == revision:
        if last.get("phase") in ("Failed", "Error"):
            return Decision(False, f"Failed last sync attempt to {revision}: {last.get('message', '')}")
        return Decision(policy.self_heal)
    return Decision(True)


def _attempted(operation_state: Object) -> str:
    return (operation_state.get("syncResult") or {}).get("revision", "")
