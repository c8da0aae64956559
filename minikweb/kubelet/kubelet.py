"""The kubelet: keeps the containers of its node's pods as their specs say, and says in their status how they are.

Source: pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, HandlePodCleanups).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from minikweb.apimachinery import clock, errors
from minikweb.apimachinery.meta import is_being_deleted
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.client import Client
from minikweb.client.controller import Controller, key_of
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache
from minikweb.kubelet import hooks, pods, probes, status
from minikweb.kubelet.backoff import Backoff
from minikweb.kubelet.images import Images
from minikweb.kubelet.mounting import Volumes
from minikweb.kubelet.operations import Operations
from minikweb.kubelet.pods import Stop, Waiting
from minikweb.kubelet.prober import Prober
from minikweb.kubelet.probes import Target
from minikweb.kubelet.results import Results
from minikweb.kubelet.starting import Host, Outcome, Starter
from minikweb.runtime.protocol import ContainerStatus, PodStatus, Runtime

Object = dict[str, Any]

log = logging.getLogger(__name__)

LEAST_GRACE = 2  # seconds after a preStop hook, however long it took
DEADLINE_EXCEEDED = Waiting("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Kubelet(Controller):
    """One node's kubelet. Its cache holds only the pods bound to the node. `wake` is set by who runs it."""

    kind = "Pod"
    source = "kubelet"
    workers = 8

    def __init__(
        self,
        client: Client,
        cache: Cache,
        recorder: Recorder,
        *,
        runtime: Runtime,
        host: Host,
        now: Callable[[], datetime] = utc_now,
    ):
        super().__init__(client, cache, recorder)
        self.name = f"kubelet-{host.node}"
        self.runtime, self.host, self.now = runtime, host, now
        self.wake: Callable[[str], None] = lambda key: None
        self.backoff = Backoff()
        self.operations = Operations(lambda key: self.wake(key), blocks=runtime.blocks)
        self.volumes = Volumes(client, runtime, self._facts, now)
        self.volumes.wake = lambda key: self.wake(key)
        self.images = Images(runtime, self.operations, now, self.volumes.secret)
        services = (lambda: self.cache.list("Service")) if runtime.blocks else list  # simulated ones read no variables
        self.starter = Starter(client, recorder, runtime, host, self.images, self.volumes, self.backoff, now, services)
        self.results = Results()
        ask = probes.of_containers(runtime) if runtime.blocks else probes.of_simulated(runtime)
        wake: Callable[[str], None] = lambda key: self.wake(key)  # noqa: E731 - `wake` is set later
        self.prober = Prober(ask, self.results, recorder, now, wake, runtime=runtime.name)
        self._known: dict[str, set[str]] = {}  # namespace/name → uids of pods that the runtime has or had
        self._key_of_uid: dict[str, str] = {}
        self._stopping: dict[str, datetime] = {}  # container id → when its grace ends
        self._hooked: set[str] = set()  # ids of containers whose preStop hook has begun
        self._lock = threading.Lock()

    # --- one pod --------------------------------------------------------------------------------

    def sync(self, namespace: str, name: str) -> float | None:
        pod = self.cache.get("Pod", namespace, name)
        uid = pod["metadata"]["uid"] if pod else None
        for stranger in self._known.get(f"{namespace}/{name}", set()) - {uid}:
            self._destroy(stranger)
        if pod is None:
            return None
        if is_being_deleted(pod):
            return self._terminate(pod)
        if pods.is_terminal(pod):
            return self._tidy(pod)
        return self._run(pod)

    def _run(self, pod: Object) -> float | None:
        """A pod that is to run."""
        now, uid = self.now(), pod["metadata"]["uid"]
        observed = self._observe(uid)
        left = _deadline(pod, now)
        if left is not None and left <= 0:
            return self._fail(pod, observed, DEADLINE_EXCEEDED)
        if uid in self.volumes.overfull:
            return self._fail(pod, observed, Waiting("Evicted", self.volumes.overfull[uid]), "Warning")
        self._know(pod)
        plan = pods.plan(pod, observed, now, self.backoff, self.results)
        for container_id in plan.remove:
            self.runtime.remove_container(container_id)
        if plan.stop:
            self._stop(pod, plan.stop, pods.pods_grace(pod))
        outcome = self.starter.carry_out(pod, plan, observed)
        if plan.stop_sandbox and not plan.stop:
            self._stop_sandbox(pod, plan.stop_sandbox)
        observed = self._observe(uid)
        self.prober.follow(pod, observed)
        sandbox = pods.sandbox_of(observed)
        if sandbox is not None:
            self.volumes.adopt(pod, sandbox.id)
        self._write_status(pod, observed, outcome)
        return _soonest(outcome.again, left)

    def _tidy(self, pod: Object) -> None:
        """A pod that has succeeded or failed: nothing of it runs any more; its containers stay for their logs."""
        self.prober.drop(pod["metadata"]["uid"])
        observed = self._observe(pod["metadata"]["uid"])
        while running := pods.first_to_end(pod, pods.containers_of(observed)):
            if not self._stop(pod, running, pods.pods_grace(pod)):
                return
            observed = self._observe(pod["metadata"]["uid"])
        sandbox = pods.sandbox_of(observed)
        if sandbox is not None and sandbox.state == "ready":
            self._stop_sandbox(pod, sandbox.id)
        self._write_status(pod, observed, Outcome())

    def _fail(self, pod: Object, observed: PodStatus | None, why: Waiting, type_: str = "Normal") -> None:
        """The pod has failed as a whole."""
        self.recorder.event(pod, type_, why.reason, why.message)
        self._write_status(pod, observed, Outcome(), failed=why)

    # --- the end of a pod -----------------------------------------------------------------------

    def _terminate(self, pod: Object) -> None:
        """A pod being deleted: its containers end within their grace, then the object goes, then what is left."""
        meta, uid = pod["metadata"], pod["metadata"]["uid"]
        self._know(pod)
        self.prober.drop(uid)
        observed = self._observe(uid)
        while running := pods.first_to_end(pod, pods.containers_of(observed)):
            deadline = clock.parse(meta["deletionTimestamp"])
            grace = pods.grace_seconds(pod, self.now(), deadline)
            if not self._stop(pod, running, grace):
                return
            observed = self._observe(uid)
        if meta.get("finalizers"):  # somebody waits for the outcome: say it before the containers are gone
            self._write_status(pod, observed, Outcome(), deleted=True)
        if not meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"):
            self._delete(meta)
        self._destroy(uid)

    def _delete(self, meta: Object) -> None:
        try:
            self.client.delete("Pod", meta["name"], meta["namespace"], grace_period_seconds=0, uid=meta["uid"])
        except (errors.NotFound, errors.Conflict):
            log.debug("pod %s/%s was gone or another", meta["namespace"], meta["name"])

    def _stop(self, pod: Object, stops: list[Stop], pods_grace: int) -> bool:
        """Begins to end containers, each with SIGTERM and after its grace SIGKILL; True if all have ended."""
        all_over = True
        for stop in stops:
            container, grace = stop.container, pods_grace if stop.grace is None else stop.grace
            if container.ending:
                all_over = False
                continue
            ends = self.now() + timedelta(seconds=grace)
            before = self._stopping.get(container.id)
            if before is not None and before <= ends + timedelta(seconds=1):
                all_over = False
                continue
            self._stopping[container.id] = ends
            if before is None:
                message = stop.why or f"Stopping container {container.name}"
                self.recorder.event(
                    pod, "Normal", "Killing", message, field_path=f"spec.containers{{{container.name}}}"
                )
            all_over &= self.operations.start(
                f"stop {container.id} {grace}", key_of(pod), partial(self._stop_one, pod, container, grace)
            )
        return all_over

    def _stop_one(self, pod: Object, container: ContainerStatus, grace: int) -> None:
        """Runs in a thread of its own where the runtime blocks."""
        try:
            if grace and self.runtime.blocks:
                grace = self._before_stop(pod, container, grace)
            self.runtime.stop_container(container.id, grace)
        finally:
            self._stopping.pop(container.id, None)
            self._hooked.discard(container.id)

    def _before_stop(self, pod: Object, container: ContainerStatus, grace: int) -> int:
        """Runs the container's preStop hook; returns the seconds that are left of the grace."""
        spec = next((c for c in pods.specs(pod) if c["name"] == container.name), {})
        hook = (spec.get("lifecycle") or {}).get("preStop")
        if not hook or container.id in self._hooked:  # a second stop, with a shorter grace, runs it no second time
            return grace
        self._hooked.add(container.id)
        began = time.monotonic()
        target = Target(pod, spec, container.id, self.host.addresses.of(pod["metadata"]["uid"]))
        if why := hooks.run(self.runtime, target, hook, grace):
            path = f"spec.containers{{{container.name}}}"
            self.recorder.event(pod, "Warning", "FailedPreStopHook", f"PreStopHook failed: {why}", field_path=path)
        return max(LEAST_GRACE, round(grace - (time.monotonic() - began)))

    def _stop_sandbox(self, pod: Object, sandbox_id: str) -> None:
        self.operations.start(f"stop {sandbox_id}", key_of(pod), lambda: self.runtime.stop_pod_sandbox(sandbox_id))

    def _destroy(self, uid: str) -> None:
        """Removes whatever the runtime has of a pod, at once."""
        self.prober.drop(uid)
        for sandbox in self._sandboxes(uid):
            self.runtime.remove_pod_sandbox(sandbox)
        self.volumes.forget(uid)
        self.host.addresses.release(uid)
        self.images.forget(uid)
        self.backoff.forget(f"{uid}/")
        with self._lock:
            key = self._key_of_uid.pop(uid, None)
            if key is not None:
                self._known[key].discard(uid)
                if not self._known[key]:
                    del self._known[key]

    def _sandboxes(self, uid: str) -> list[str]:
        observed = self._observe(uid)
        if observed is None:
            return []
        return list(dict.fromkeys([s.id for s in observed.sandboxes] + [c.sandbox_id for c in observed.containers]))

    def destroy_all(self) -> None:
        """The node is no more: so are its pods' containers."""
        for found in self.runtime.pods():
            self._destroy(found.pod.uid)

    def _facts(self, pod: Object) -> dict[str, str]:
        ip = self.host.addresses.of(pod["metadata"]["uid"])
        return self.host.facts() | {"status.podIP": ip, "status.podIPs": ip}

    def sweep(self) -> None:
        """Removes the volumes of pods that are no more, and of which nothing else is left."""
        known = {pod["metadata"]["uid"] for pod in self.cache.list("Pod")} | set(self._key_of_uid)
        for uid in self.runtime.volume_owners() - known:
            self.runtime.remove_volumes(uid)

    # --- looking --------------------------------------------------------------------------------

    def _observe(self, uid: str) -> PodStatus | None:
        return next(iter(self.runtime.pods(uid)), None)

    def _know(self, pod: Object) -> None:
        self._note(key_of(pod), pod["metadata"]["uid"])

    def _note(self, key: str, uid: str) -> None:
        with self._lock:
            self._known.setdefault(key, set()).add(uid)
            self._key_of_uid[uid] = key

    def adopt(self, found: PodStatus) -> str:
        """Notes what the runtime has of a pod, from before this process or behind its back; returns the pod's key."""
        key = f"{found.pod.namespace}/{found.pod.name}"
        self._note(key, found.pod.uid)
        sandbox = pods.sandbox_of(found)
        if sandbox is not None and sandbox.ip:
            self.host.addresses.reserve(found.pod.uid, sandbox.ip)
        return key

    def key_of_uid(self, uid: str) -> str | None:
        """The key of a pod that the runtime has told an event of."""
        return self._key_of_uid.get(uid)

    # --- status ---------------------------------------------------------------------------------

    def _write_status(
        self,
        pod: Object,
        observed: PodStatus | None,
        outcome: Outcome,
        *,
        failed: Waiting | None = None,
        deleted: bool = False,
    ) -> None:
        """Writes the status where it differs from the cached one."""
        fresh = status.compute(
            pod,
            observed,
            now=self.now(),
            host_ip=self.host.ip,
            runtime=self.runtime.name,
            waiting=outcome.waiting,
            results=self.results,
            failed=failed,
        )
        if deleted and fresh["phase"] not in ("Succeeded", "Failed"):
            ended = [c for c in pods.latest_of(observed).values() if c.state == "exited"]
            fresh["phase"] = "Succeeded" if ended and all(c.exit_code == 0 for c in ended) else "Failed"
        change = create_merge_patch(pod.get("status") or {}, fresh)
        if not change:
            return
        meta = pod["metadata"]
        try:
            body = {"metadata": {"uid": meta["uid"]}, "status": change}
            self.client.patch("Pod", meta["name"], body, meta["namespace"], subresource="status")
        except (errors.NotFound, errors.Conflict) as error:
            log.debug("status of %s/%s not written: %s", meta["namespace"], meta["name"], error.message)


def _deadline(pod: Object, now: datetime) -> float | None:
    """Seconds until the pod's activeDeadlineSeconds are over, None if it has none."""
    seconds, started = pod["spec"].get("activeDeadlineSeconds"), (pod.get("status") or {}).get("startTime")
    if seconds is None:
        return None
    return seconds - (now - clock.parse(started)).total_seconds() if started else float(seconds)


def _soonest(*seconds: float | None) -> float | None:
    return min((one for one in seconds if one is not None), default=None)
