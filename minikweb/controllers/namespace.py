"""How a namespace ends: its pods, then all else in it, then itself.

Source: kubernetes/pkg/controller/namespace/deletion/namespaced_resources_deleter.go, status_condition_utils.go.
`kubectl describe namespace` shows the conditions, so that one sees what holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.serializer import deep_copy
from minikweb.client.controller import Controller
from minikweb.kinds import registry
from minikweb.kinds.customresources import kinds_of

Object = dict[str, Any]

DEFINITION = "CustomResourceDefinition"
FINALIZER = "kubernetes"  # in spec.finalizers; its removal lets the API server delete the namespace
LOOK_AGAIN = 2.0  # seconds, while something in it has not ended
FINE = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


class NamespaceController(Controller):
    """Empties the namespaces that are being deleted."""

    name = "namespace"
    kind = "Namespace"
    needs = ("Pod", DEFINITION)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """A namespace that is being deleted, and again whenever a pod in one has ended."""
        if kind == self.kind and new and meta.is_being_deleted(new):
            yield f"/{new['metadata']['name']}"
        if kind == "Pod" and new is None:
            namespace = self.cache.get(self.kind, None, old["metadata"]["namespace"])
            if namespace and meta.is_being_deleted(namespace):
                yield f"/{namespace['metadata']['name']}"

    def sync(self, _: str, name: str) -> float | None:
        namespace = self.cache.get(self.kind, None, name)
        if namespace is None or not meta.is_being_deleted(namespace):
            return None
        if FINALIZER not in namespace["spec"].get("finalizers", ()):
            return None
        remaining, failures = self.delete_content(name)
        self.update_status(namespace, remaining, failures)
        if failures:
            raise failures[0]
        if remaining:
            return LOOK_AGAIN
        self.finalize(name)
        return None

    def delete_content(self, name: str) -> tuple[dict[str, list[Object]], list[ApiError]]:
        """Deletes all in it, pods before the rest; returns what remains by resource, and what failed."""
        remaining: dict[str, list[Object]] = {}
        failures: list[ApiError] = []
        for kind in sorted([*namespaced_kinds(), *self.custom_kinds()], key=lambda kind: kind.kind != "Pod"):
            try:
                left = self.delete_all(kind, name)
            except ApiError as error:
                failures.append(error)
                continue
            if left:
                remaining[f"{kind.plural}.{kind.group}"] = left
                if kind.kind == "Pod":
                    break  # what pods use stays while they end
        return remaining, failures

    def custom_kinds(self) -> list[registry.Kind]:
        """One version of each custom resource that can be in a namespace."""
        made = (kinds_of(definition)[:1] for definition in self.cache.list(DEFINITION))
        return [kind for kinds in made for kind in kinds if kind.namespaced]

    def delete_all(self, kind: registry.Kind, namespace: str) -> list[Object]:
        """Deletes all objects of a kind; returns those that have not ended."""
        found = self.client.list(kind, namespace)["items"]
        if all(meta.is_being_deleted(obj) for obj in found):
            return found
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        self.client.request("DELETE", kind.path(namespace), body=options)
        return self.client.list(kind, namespace)["items"]

    def update_status(self, namespace: Object, remaining: dict[str, list[Object]], failures: list[ApiError]) -> None:
        """Writes the phase and the conditions if they have changed."""
        before = namespace.get("status", {})
        conditions = deep_copy(before.get("conditions", []))
        troubles = deletion_troubles(remaining, failures)
        now = datetime.now(UTC)
        for type_, (reason, message) in FINE.items():
            trouble = troubles.get(type_)
            given = ("True", *trouble) if trouble else ("False", reason, message)
            meta.set_condition(conditions, type_, *given, now)
        status = {"phase": "Terminating", "conditions": conditions}
        if status != {"phase": before.get("phase"), "conditions": before.get("conditions", [])}:
            name = namespace["metadata"]["name"]
            with suppress(NotFound):
                self.client.patch(self.kind, name, {"status": status}, subresource="status")

    def finalize(self, name: str) -> None:
        """Takes our finalizer away; with the last one the API server deletes the namespace."""
        with suppress(NotFound):
            namespace = self.client.get(self.kind, name)
            kept = [finalizer for finalizer in namespace["spec"].get("finalizers", ()) if finalizer != FINALIZER]
            self.client.update({**namespace, "spec": {**namespace["spec"], "finalizers": kept}}, subresource="finalize")


def namespaced_kinds() -> list[registry.Kind]:
    """What can be in a namespace, each kind once: Events are served by two groups."""
    kinds = {kind.storage_key: kind for kind in registry.builtin().all()}
    return [kind for kind in kinds.values() if kind.namespaced and not kind.virtual and "delete" in kind.verbs]


def deletion_troubles(remaining: dict[str, list[Object]], failures: list[ApiError]) -> dict[str, tuple[str, str]]:
    """Condition type → (reason, message) for what keeps the namespace from ending."""
    troubles = {}
    if failures:
        listed = ", ".join(sorted(failure.message for failure in failures))
        message = f"Failed to delete all resource types, {len(failures)} remaining: {listed}"
        troubles["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", message)
    if remaining:
        counts = [f"{resource} has {len(left)} resource instances" for resource, left in remaining.items()]
        listed = ", ".join(sorted(counts))
        message = f"Some resources are remaining: {listed}"
        troubles["NamespaceContentRemaining"] = ("SomeResourcesRemain", message)
    holding = Counter(
        finalizer for left in remaining.values() for obj in left for finalizer in obj["metadata"].get("finalizers", ())
    )
    if holding:
        listed = ", ".join(sorted(f"{finalizer} in {count} resource instances" for finalizer, count in holding.items()))
        message = f"Some content in the namespace has finalizers remaining: {listed}"
        troubles["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", message)
    return troubles
