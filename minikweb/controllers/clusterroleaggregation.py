"""How `admin`, `edit` and `view` grow: a ClusterRole with an aggregationRule gets the rules of those it selects.

Source: kubernetes/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikweb.client.controller import Controller, key_of
from minikweb.kinds.rbac import aggregated_rules

Object = dict[str, Any]


class ClusterRoleAggregationController(Controller):
    """Writes the rules of the ClusterRoles that gather them."""

    name = "clusterrole-aggregation"
    kind = "ClusterRole"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """Any ClusterRole may be part of any that gathers."""
        yield from (key_of(role) for role in self.cache.list(self.kind) if role.get("aggregationRule"))

    def sync(self, _: str, name: str) -> None:
        role = self.cache.get(self.kind, None, name)
        if role is None or not role.get("aggregationRule"):
            return
        rules = aggregated_rules(role, self.cache.list(self.kind))
        if rules == (role.get("rules") or []):
            return
        applied = {"apiVersion": role["apiVersion"], "kind": role["kind"], "metadata": {"name": name}, "rules": rules}
        self.client.patch(self.kind, name, applied, type="apply", force=True)
