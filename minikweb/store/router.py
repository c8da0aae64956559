"""Which database a table lives in: the cluster's own, or the one of people and pages."""

from __future__ import annotations

from typing import Any

CLUSTER = "cluster"
APP = "store"


class ClusterRouter:
    """The store's tables are in `cluster`, all others in `default`."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return CLUSTER if model._meta.app_label == APP else "default"

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return (one._meta.app_label == APP) == (other._meta.app_label == APP)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == CLUSTER) == (app_label == APP)
