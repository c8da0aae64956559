"""What is used of each ResourceQuota: the numbers in its status. Who may still create what is the API server's to say.

Source: kubernetes/pkg/controller/resourcequota/resource_quota_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.kinds import quotausage, registry
from minikweb.kinds.podresources import Amounts

Object = dict[str, Any]
NAMESPACE = "namespace"  # the index of quotas
OF_CUSTOM_RESOURCES = 30.0  # seconds between two counts of what is not followed


def counted_kinds() -> dict[str, registry.Kind]:
    """The kinds a quota can count, by resource: all that live in namespaces, but Events, which end by their age."""
    kinds = registry.builtin().all()
    return {
        kind.resource: kind
        for kind in kinds
        if kind.namespaced and not kind.virtual and "delete" in kind.verbs and kind.kind != "Event"
    }


def namespace_of(quota: Object) -> list[str]:
    """The index function of NAMESPACE."""
    return [quota["metadata"]["namespace"]]


class ResourceQuotaController(Controller):
    """Counts again when something comes, goes or changes in size."""

    name = "resourcequota"
    kind = "ResourceQuota"
    source = "resourcequota-controller"

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.kinds = counted_kinds()
        self.needs = tuple(kind.kind for kind in self.kinds.values())
        self.resources = {kind.kind: resource for resource, kind in self.kinds.items()}
        cache.informer(self.kind).add_indexer(NAMESPACE, namespace_of)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == self.kind and new is not None:
            yield key_of(new)
        namespace = (new or old)["metadata"].get("namespace", "")
        quotas = self.cache.by_index(self.kind, NAMESPACE, namespace)
        if quotas and self.matters(self.resources[kind], old, new):
            yield from map(key_of, quotas)

    def matters(self, resource: str, old: Object | None, new: Object | None) -> bool:
        """Whether a change is one of what is used."""
        if old is None or new is None:
            return True
        now = datetime.now(UTC)
        return quotausage.usage(resource, old, now) != quotausage.usage(resource, new, now)

    def sync(self, namespace: str, name: str) -> float | None:
        quota = self.cache.get(self.kind, namespace, name)
        if quota is None:
            return None
        hard = (quota.get("spec") or {}).get("hard") or {}
        resources = {found for found in map(quotausage.resource_of, hard) if found}
        used = self.used(quota, resources)
        status = {"hard": hard, "used": {key: quotausage.written(key, amount) for key, amount in used.items()}}
        if status != quota.get("status"):
            with suppress(NotFound):
                patch = {"metadata": {"uid": quota["metadata"]["uid"]}, "status": replacing(status, quota)}
                self.client.patch(self.kind, name, patch, namespace, subresource="status")
        return None if resources <= self.kinds.keys() else OF_CUSTOM_RESOURCES

    def used(self, quota: Object, resources: set[str]) -> Amounts:
        """Counted in the cache; custom resources, which it may not follow, are asked of the API."""
        namespace = quota["metadata"]["namespace"]
        objects: dict[str, Iterable[Object]] = {}
        for resource in resources:
            if resource in self.kinds:
                objects[resource] = self.cache.list(self.kinds[resource].kind, namespace)
            else:
                objects[resource] = self.listed(resource, namespace)
        return quotausage.used(quota, objects, datetime.now(UTC))

    def listed(self, resource: str, namespace: str) -> list[Object]:
        """The objects of a custom resource, none if there is no such definition."""
        try:
            definition = self.client.get("CustomResourceDefinition", resource)
        except NotFound:
            return []
        group, plural = definition["spec"]["group"], definition["spec"]["names"]["plural"]
        version = next((each["name"] for each in definition["spec"]["versions"] if each.get("served")), "")
        path = f"/apis/{group}/{version}/namespaces/{namespace}/{plural}"
        with suppress(NotFound):
            return self.client.request("GET", path).json()["items"]
        return []


def replacing(status: Object, quota: Object) -> Object:
    """The merge patch that leaves no amount of before in the status."""
    before = quota.get("status") or {}
    return {
        key: {**{name: None for name in before.get(key) or {} if name not in wanted}, **wanted}
        for key, wanted in status.items()
    }
