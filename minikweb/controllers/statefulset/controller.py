"""The StatefulSet controller: reads, plans, acts, writes the status.

Source: kubernetes/pkg/controller/statefulset/stateful_set.go, stateful_set_control.go, stateful_pod_control.go.
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
from minikweb.controllers import history, podcontrol
from minikweb.controllers.statefulset import claims, identity
from minikweb.controllers.statefulset.plan import Look, Plan, plan, status

Object = dict[str, Any]

STALE_CLAIM = 1.0  # seconds until a claim that is to go is looked at again


class StatefulSetController(Controller):
    """Keeps one pod for each ordinal, and its storage."""

    name = "statefulset"
    kind = "StatefulSet"
    owns = ("Pod", history.KIND)
    needs = (claims.KIND,)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        for kind in self.owns:
            cache.informer(kind).add_indexer(podcontrol.ORPHANS, podcontrol.orphans)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        if kind in self.owns and new and not meta.controller_of(new):
            yield from podcontrol.matching_owners(self.cache, self.kind, new)

    def sync(self, namespace: str, name: str) -> float | None:
        stateful_set = self.cache.get(self.kind, namespace, name)
        if stateful_set is None or meta.is_being_deleted(stateful_set):
            return None
        pods = self.claim_pods(stateful_set)
        revisions = history.claim(self.client, self.cache, stateful_set)
        update, others = history.keep(self.client, stateful_set, revisions)
        wanted = stateful_set.get("status", {}).get("currentRevision")
        current = next((each for each in others if each["metadata"]["name"] == wanted), update)
        look = Look(stateful_set, pods, current, update, datetime.now(UTC))
        return self.advance(look, others)

    def advance(self, look: Look, others: list[Object]) -> float | None:
        """Takes the next step and tells; returns when to look again by itself."""
        stateful_set, again = look.stateful_set, None
        try:
            self.correct_pods(look)
            again = self.carry_out(look, plan(look))
        finally:
            self.update_status(stateful_set, status(look))
        live = {identity.revision_of(pod) for pod in look.pods} | {look.current["metadata"]["name"]}
        history.forget(self.client, stateful_set, others, live)
        wait = podcontrol.seconds_until_available(look.pods, look.spec.get("minReadySeconds", 0), look.now)
        return min((each for each in (again, wait) if each is not None), default=None)

    def claim_pods(self, stateful_set: Object) -> list[Object]:
        """Its pods; a pod that the selector matches but whose name is not of this set is nobody's."""
        found = podcontrol.candidates(self.cache, "Pod", stateful_set)
        members = [pod for pod in found if identity.ordinal_of(stateful_set, pod) is not None]
        return podcontrol.claim(
            self.client, stateful_set, from_label_selector(stateful_set["spec"]["selector"]), members
        )

    # --- pods ---------------------------------------------------------------------------------------

    def carry_out(self, look: Look, step: Plan) -> float | None:
        """Raises the first failure. Returns when to look again for a claim that is still to go."""
        again: float | None = None

        def create(ordinal: int) -> ApiError | None:
            nonlocal again
            if any(claims.is_stale(claim, self.new_pod(look, ordinal)) for claim in self.claims_of(look, ordinal)):
                again = STALE_CLAIM
                return None
            return self.create_pod(look, ordinal)

        failure = podcontrol.slow_start_batch(create, step.create, first=1)
        for pod in step.delete:
            failure = failure or self.delete_pod(look, pod)
        if failure:
            raise failure
        return again

    def new_pod(self, look: Look, ordinal: int) -> Object:
        revision = look.current if identity.takes_current(look.stateful_set, ordinal) else look.update
        return identity.new_pod(look.stateful_set, ordinal, revision)

    def create_pod(self, look: Look, ordinal: int) -> ApiError | None:
        pod = self.new_pod(look, ordinal)
        try:
            self.create_claims(look, ordinal, pod)
            made = self.client.create(pod)
            self.give_claims(look, ordinal, made)
        except AlreadyExists as error:
            return error  # somebody else's pod has the name: tried again later
        except ApiError as error:
            if not podcontrol.is_namespace_terminating(error):
                self.say_of_pod(look, "Create", pod, error)
                return error
            return None
        self.say_of_pod(look, "Create", pod)
        return None

    def delete_pod(self, look: Look, pod: Object) -> ApiError | None:
        metadata, ordinal = pod["metadata"], identity.ordinal_of(look.stateful_set, pod)
        try:
            self.give_claims(look, ordinal, pod)
            self.client.delete("Pod", metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            return None
        except ApiError as error:
            self.say_of_pod(look, "Delete", pod, error)
            return error
        self.say_of_pod(look, "Delete", pod)
        return None

    def correct_pods(self, look: Look) -> None:
        """Gives pods back the labels that tell who they are, and their claims the owners that the policy says."""
        for ordinal, pod in look.replicas.items():
            if pod is None or meta.is_being_deleted(pod):
                continue
            if pod.get("status", {}).get("phase") == "Pending":
                self.create_claims(look, ordinal, pod)  # one that was deleted meanwhile comes back
            self.give_claims(look, ordinal, pod)
            wanted, has = identity.labels_of(look.stateful_set, ordinal), pod["metadata"].get("labels", {})
            if any(has.get(key) != value for key, value in wanted.items()):
                name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
                with suppress(NotFound):
                    self.client.patch("Pod", name, {"metadata": {"labels": wanted}}, namespace)
                    self.say_of_pod(look, "Update", pod)

    # --- claims -------------------------------------------------------------------------------------

    def claims_of(self, look: Look, ordinal: int) -> list[Object]:
        """The claims of an ordinal that are there."""
        names = [claims.claim_name(look.stateful_set, each, ordinal) for each in claims.templates(look.stateful_set)]
        namespace = look.stateful_set["metadata"]["namespace"]
        found = (self.cache.get(claims.KIND, namespace, name) for name in names)
        return [claim for claim in found if claim]

    def create_claims(self, look: Look, ordinal: int, pod: Object) -> None:
        """Makes the claims that lack. Raises what the API says, and Conflict while one of them is ending."""
        there = {claim["metadata"]["name"]: claim for claim in self.claims_of(look, ordinal)}
        for claim in claims.new_claims(look.stateful_set, ordinal):
            name = claim["metadata"]["name"]
            if name in there and meta.is_being_deleted(there[name]):
                raise ApiError(f"pvc {name} is being deleted")
            if name in there:
                continue
            try:
                self.client.create(claim)
            except AlreadyExists:
                continue
            except ApiError as error:
                self.say_of_claim(look, name, pod, error.message)
                raise
            self.say_of_claim(look, name, pod)

    def give_claims(self, look: Look, ordinal: int, pod: Object) -> None:
        """Gives the claims of a pod the owners that the retention policy asks for."""
        scaled_down = ordinal not in look.replicas
        for claim in self.claims_of(look, ordinal):
            owners = claims.owners_wanted(claim, look.stateful_set, pod, scaled_down=scaled_down)
            if owners is not None:
                metadata = claim["metadata"]
                patch = {"metadata": {"uid": metadata["uid"], "ownerReferences": owners or None}}
                with suppress(NotFound):
                    self.client.patch(claims.KIND, metadata["name"], patch, metadata["namespace"])

    # --- telling ------------------------------------------------------------------------------------

    def say_of_pod(self, look: Look, verb: str, pod: Object, error: ApiError | None = None) -> None:
        words = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {look.stateful_set['metadata']['name']}"
        self.say(look, verb, words + (f" failed error: {error.message}" if error else " successful"), bool(error))

    def say_of_claim(self, look: Look, claim: str, pod: Object, error: str = "") -> None:
        where = f"Pod {pod['metadata']['name']} in StatefulSet {look.stateful_set['metadata']['name']}"
        words = f"Create Claim {claim} for {where} failed error: {error}" if error else ""
        self.say(look, "Create", words or f"Create Claim {claim} {where} success", bool(error))

    def say(self, look: Look, verb: str, words: str, failed: bool) -> None:
        type_, reason = ("Warning", f"Failed{verb}") if failed else ("Normal", f"Successful{verb}")
        self.recorder.event(look.stateful_set, type_, reason, words)

    def update_status(self, stateful_set: Object, new_status: Object) -> None:
        """Writes what has changed, if anything has."""
        patch = create_merge_patch(stateful_set.get("status", {}), new_status)
        if not patch:
            return
        name, namespace = stateful_set["metadata"]["name"], stateful_set["metadata"]["namespace"]
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, name, {"status": patch}, namespace, subresource="status")
