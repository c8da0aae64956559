"""The Deployment controller: reads, lets the pure modules decide, acts, writes the status.

Source: kubernetes/pkg/controller/deployment/deployment_controller.go, sync.go, rolling.go and recreate.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import AlreadyExists, ApiError, NotFound
from minikweb.apimachinery.labels import from_label_selector
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller
from minikweb.controllers import podcontrol
from minikweb.controllers.deployment import revisions, rolling, status

Object = dict[str, Any]


class DeploymentController(Controller):
    """Gives each revision of the template its ReplicaSet, and moves the pods from the old ones to the new."""

    name = "deployment"
    kind = "Deployment"
    owns = ("ReplicaSet",)
    needs = ("Pod",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("ReplicaSet").add_indexer(podcontrol.ORPHANS, podcontrol.orphans)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        if kind == "ReplicaSet" and new and not meta.controller_of(new):
            yield from podcontrol.matching_owners(self.cache, self.kind, new)
        if kind == "Pod" and old and (new is None or podcontrol.is_terminal(new)):
            yield from self.waiting_for_end_of(old)

    def waiting_for_end_of(self, pod: Object) -> Iterable[str]:
        """The key of the Deployment that may make its new pods once this old one has ended (Recreate)."""
        owner = meta.controller_of(pod)
        replicaset = owner and self.cache.get("ReplicaSet", pod["metadata"]["namespace"], owner["name"])
        owner = replicaset and meta.controller_of(replicaset)
        deployment = owner and self.cache.get(self.kind, pod["metadata"]["namespace"], owner["name"])
        if deployment and not rolling.is_rolling(deployment):
            yield f"{pod['metadata']['namespace']}/{deployment['metadata']['name']}"

    def sync(self, namespace: str, name: str) -> float | None:
        deployment = self.cache.get(self.kind, namespace, name)
        if deployment is None:
            return None
        if not deployment["spec"]["selector"]:
            return self.refuse_to_select_all(deployment)
        replicasets = self.claim_replicasets(deployment)
        return Rollout(self, deployment, replicasets, datetime.now(UTC)).advance()

    def refuse_to_select_all(self, deployment: Object) -> None:
        words = "This deployment is selecting all pods. A non-empty selector is required."
        self.recorder.event(deployment, "Warning", "SelectingAll", words)
        observed = {"observedGeneration": deployment["metadata"].get("generation", 0)}
        self.update_status(deployment, {**deployment.get("status", {}), **observed})

    def claim_replicasets(self, deployment: Object) -> list[Object]:
        """Its ReplicaSets: those that name it as their controller and those without one that its selector matches."""
        selector = from_label_selector(deployment["spec"]["selector"])
        found = podcontrol.candidates(self.cache, "ReplicaSet", deployment)
        return podcontrol.claim(self.client, deployment, selector, found)

    def update_status(self, deployment: Object, new_status: Object, revision: str | None = None) -> None:
        """Writes what has changed, if anything has; the revision's annotation goes along, as it is ours."""
        metadata = deployment["metadata"]
        patch = create_merge_patch({"status": deployment.get("status", {})}, {"status": new_status})
        if revision and revision != (metadata.get("annotations") or {}).get(revisions.REVISION):
            patch["metadata"] = {"annotations": {revisions.REVISION: revision}}
        if not patch:
            return
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, metadata["name"], patch, metadata["namespace"], subresource="status")


class Rollout:
    """One look at a Deployment: what is there, and the next step."""

    def __init__(self, controller: DeploymentController, deployment: Object, replicasets: list[Object], now: datetime):
        self.controller, self.client, self.cache = controller, controller.client, controller.cache
        self.deployment, self.now = deployment, now
        self.name, self.namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
        self.new = revisions.find_new(deployment, replicasets)
        self.old = revisions.find_old(replicasets, self.new)

    def advance(self) -> float | None:
        """Takes the next step; returns when to look again by itself."""
        if meta.is_being_deleted(self.deployment):
            return self.tell(status.calculate_status(self.deployment, self.new, self.old, self.now))
        self.set_conditions(status.paused_conditions(self.deployment, self.now))
        if self.new:
            self.number_new()
        if self.is_paused or rolling.is_scaling(self.deployment, self.every):
            self.resize(rolling.scaling_sizes(self.deployment, self.new, self.old))
            if self.is_paused:
                self.forget()
            return self.tell(status.calculate_status(self.deployment, self.new, self.old, self.now))
        if rolling.is_rolling(self.deployment):
            self.roll()
        else:
            self.recreate()
        return self.tell(status.rollout_status(self.deployment, self.new, self.old, self.now))

    @property
    def is_paused(self) -> bool:
        return self.deployment["spec"].get("paused", False)

    @property
    def every(self) -> list[Object]:
        return [*self.old, *([self.new] if self.new else [])]

    # --- the two strategies -----------------------------------------------------------------------

    def roll(self) -> None:
        """RollingUpdate: new pods and old ones at once, within maxSurge and maxUnavailable."""
        if self.new is None:
            self.create_new()
        resized = self.resize(rolling.rolling_sizes(self.deployment, self.new, self.old))
        if not resized:
            self.forget_if_complete()

    def recreate(self) -> None:
        """Recreate: no new pod before the last old one has ended."""
        if self.resize([(rs, 0) for rs in rolling.active(self.old)]) or self.old_pods_run():
            return
        if self.new is None:
            self.create_new()
        self.resize([(self.new, self.deployment["spec"]["replicas"])])
        self.forget_if_complete()

    def old_pods_run(self) -> bool:
        """Whether a pod of an old ReplicaSet has not ended yet; one that is ending still runs."""
        if status.total(self.old, "replicas"):
            return True
        pods = (pod for rs in self.old for pod in self.cache.owned("Pod", rs["metadata"]["uid"]))
        return not all(podcontrol.is_terminal(pod) for pod in pods)

    # --- the new ReplicaSet -----------------------------------------------------------------------

    def number_new(self) -> None:
        """Keeps the new ReplicaSet's revision above the old ones', its annotations and minReadySeconds up to date."""
        number = revisions.next_revision(self.old)
        metadata, spec = self.new["metadata"], self.new["spec"]
        annotations = revisions.annotations_of_new(self.deployment, self.new, number)
        patch = create_merge_patch(metadata.get("annotations") or {}, annotations)
        patch = {"metadata": {"annotations": patch}} if patch else {}
        wait = self.deployment["spec"].get("minReadySeconds", 0)
        if spec.get("minReadySeconds", 0) != wait:
            patch["spec"] = {"minReadySeconds": wait}
        if patch:
            self.new = self.client.patch("ReplicaSet", metadata["name"], patch, self.namespace)
        if status.has_progress_deadline(self.deployment) and not self.progressing:
            self.set_progressing("True", "FoundNewReplicaSet", f'Found new replica set "{metadata["name"]}"')

    def create_new(self) -> None:
        """Makes the ReplicaSet of the template, with as many pods as there is room for."""
        wanted = revisions.new_replicaset(self.deployment, revisions.next_revision(self.old))
        wanted["spec"]["replicas"] = rolling.new_size(self.deployment, wanted, self.old)
        wanted["metadata"]["annotations"].update(self.sized_for)
        name = wanted["metadata"]["name"]
        try:
            self.new = self.client.create(wanted)
        except AlreadyExists as error:
            self.new = self.existing(name, error)
        except ApiError as error:
            self.report_failed_creation(name, error)
            raise
        else:
            self.event_of_scaling(name, 0, rolling.size(self.new))
            if status.has_progress_deadline(self.deployment):
                self.set_progressing("True", "NewReplicaSetCreated", f'Created new replica set "{name}"')

    def existing(self, name: str, error: AlreadyExists) -> Object:
        """The ReplicaSet of that name if it is ours; else counts a collision, for another hash, and raises `error`."""
        found = self.client.get("ReplicaSet", name, self.namespace)
        owner, template = meta.controller_of(found), self.deployment["spec"]["template"]
        is_ours = owner and owner["uid"] == self.deployment["metadata"]["uid"]
        if is_ours and revisions.same_template(found["spec"]["template"], template):
            return found
        before = self.deployment.get("status", {})
        collisions = {"collisionCount": before.get("collisionCount", 0) + 1}
        self.controller.update_status(self.deployment, {**before, **collisions})
        raise error

    def report_failed_creation(self, name: str, error: ApiError) -> None:
        if podcontrol.is_namespace_terminating(error):
            return
        reason, words = "ReplicaSetCreateError", f'Failed to create new replica set "{name}": {error.message}'
        self.controller.recorder.event(self.deployment, "Warning", reason, words)
        if status.has_progress_deadline(self.deployment):
            self.set_progressing("False", reason, words)
            self.tell(self.deployment["status"])

    # --- acting -----------------------------------------------------------------------------------

    def resize(self, sizes: rolling.Sizes) -> bool:
        """Gives ReplicaSets their sizes; returns whether any has changed."""
        changed = [self.scale(replicaset, replicas) for replicaset, replicas in sizes]
        return any(changed)

    def scale(self, replicaset: Object, replicas: int) -> bool:
        """Writes the size and what it was reckoned from; returns whether the size has changed."""
        before, annotations = rolling.size(replicaset), replicaset["metadata"].get("annotations") or {}
        is_resized = before != replicas
        if not is_resized and (not before or all(annotations.get(k) == v for k, v in self.sized_for.items())):
            return False
        patch: Object = {"metadata": {"annotations": self.sized_for}}
        if is_resized:
            patch["spec"] = {"replicas": replicas}
        name = replicaset["metadata"]["name"]
        written = self.client.patch("ReplicaSet", name, patch, self.namespace)
        self.replace(written)
        if is_resized:
            self.event_of_scaling(name, before, replicas)
        return is_resized

    def replace(self, written: Object) -> None:
        """Goes on with a ReplicaSet as it was written."""
        uid = written["metadata"]["uid"]
        self.old = [written if rs["metadata"]["uid"] == uid else rs for rs in self.old]
        if self.new and self.new["metadata"]["uid"] == uid:
            self.new = written

    @property
    def sized_for(self) -> dict[str, str]:
        """The annotations that let a later scaling be told from a rollout, and be shared out."""
        return {
            revisions.DESIRED_REPLICAS: str(self.deployment["spec"]["replicas"]),
            revisions.MAX_REPLICAS: str(rolling.max_replicas(self.deployment)),
        }

    def event_of_scaling(self, name: str, before: int, after: int) -> None:
        if before == after:
            return
        words = f"Scaled {'up' if after > before else 'down'} replica set {name} from {before} to {after}"
        self.controller.recorder.event(self.deployment, "Normal", "ScalingReplicaSet", words)

    def forget_if_complete(self) -> None:
        if status.is_complete(self.deployment, self.deployment.get("status", {})):
            self.forget()

    def forget(self) -> None:
        """Deletes the ReplicaSets beyond revisionHistoryLimit."""
        for replicaset in revisions.to_forget(self.deployment, self.old):
            metadata = replicaset["metadata"]
            with suppress(NotFound):
                self.client.delete("ReplicaSet", metadata["name"], self.namespace, uid=metadata["uid"])

    # --- telling ----------------------------------------------------------------------------------

    @property
    def progressing(self) -> Object | None:
        return meta.get_condition(self.deployment.get("status", {}).get("conditions", []), "Progressing")

    def set_conditions(self, conditions: list[Object]) -> None:
        """Replaces the conditions of our own copy; `tell` writes them."""
        if conditions != self.deployment.get("status", {}).get("conditions", []):
            self.deployment = {
                **self.deployment,
                "status": {**self.deployment.get("status", {}), "conditions": conditions},
            }

    def set_progressing(self, state: str, reason: str, message: str) -> None:
        conditions = self.deployment.get("status", {}).get("conditions", [])
        self.set_conditions(status.with_condition(conditions, "Progressing", state, reason, message, self.now))

    def tell(self, new_status: Object) -> float | None:
        """Writes the status and the new ReplicaSet's revision; returns when the deadline is to be checked."""
        cached = self.cache.get("Deployment", self.namespace, self.name)
        if cached is None or cached["metadata"]["uid"] != self.deployment["metadata"]["uid"]:
            return None
        revision = self.new and (self.new["metadata"].get("annotations") or {}).get(revisions.REVISION)
        self.controller.update_status(cached, new_status, revision)
        return status.seconds_until_deadline(self.deployment, new_status, self.now)
