"""When the probes of a node's containers are made, and when an answer counts. Source: pkg/kubelet/prober/worker.go.

One thread watches the clock and a small pool asks: no thread per probe, however many there are.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minikweb.client.events import Recorder
from minikweb.kubelet.pods import containers_of, is_sidecar, sandbox_of
from minikweb.kubelet.probes import KINDS, Answer, Ask, Target
from minikweb.kubelet.results import Results
from minikweb.runtime.protocol import ContainerStatus, PodStatus

Object = dict[str, Any]

log = logging.getLogger(__name__)

AT_ONCE = 8  # probes of one node; each mostly waits
TRIES = 3  # of a probe that cannot be made, as the kubelet's maxProbeRetries
THRESHOLDS = {True: ("successThreshold", 1), False: ("failureThreshold", 3)}


@dataclass
class Watch:
    """One probe of one container."""

    target: Target
    kind: str
    begins: float  # in ticks: when its initialDelaySeconds are over
    last: bool | None = None
    run: int = 0  # how many answers in a row were the last one
    dropped: bool = False  # the container has ended, or is to

    @property
    def spec(self) -> Object:
        return self.target.container[self.kind]

    @property
    def period(self) -> float:
        return float(self.spec.get("periodSeconds") or 10)

    def counts(self, well: bool) -> bool:
        """Notes an answer; whether there are now enough of it in a row."""
        self.run = self.run + 1 if well is self.last else 1
        self.last = well
        field, default = THRESHOLDS[well]
        return self.run >= int(self.spec.get(field) or default)


class Prober:
    """Makes the probes of one node's containers. `wake` is called with a pod's key when a result has changed."""

    def __init__(
        self,
        ask: Ask,
        results: Results,
        recorder: Recorder,
        now: Callable[[], datetime],
        wake: Callable[[str], None],
        *,
        runtime: str,
    ):
        self.ask, self.results, self.recorder, self.now, self.wake = ask, results, recorder, now, wake
        self.runtime = runtime  # prefixes container ids in statuses
        self.ticks: Callable[[], float] = time.monotonic
        self._of_pod: dict[str, dict[tuple[str, str], Watch]] = {}  # uid → (container id, kind) → watch
        self._due: list[tuple[float, int, Watch]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    def start(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probe")
        threading.Thread(target=self._loop, name="prober", daemon=True).start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    # --- which probes there are -----------------------------------------------------------------

    def follow(self, pod: Object, observed: PodStatus | None) -> None:
        """Begins the probes of the containers that run now, ends those of containers that do not."""
        uid, probed = pod["metadata"]["uid"], containers_with_probes(pod)
        if not probed and uid not in self._of_pod:
            return
        running = {c.id: c for c in containers_of(observed) if c.state == "running" and c.name in probed}
        sandbox = sandbox_of(observed)
        with self._changed:
            watches = self._of_pod.setdefault(uid, {})
            for key in [key for key in watches if key[0] not in running]:
                watches.pop(key).dropped = True
                self.results.forget(key[0])
            for container in running.values():
                target = Target(pod, probed[container.name], container.id, sandbox.ip if sandbox else "")
                self._begin(watches, target, container)

    def drop(self, uid: str) -> None:
        """The pod is ending or gone."""
        with self._changed:
            for (container_id, _), watch in self._of_pod.pop(uid, {}).items():
                watch.dropped = True
                self.results.forget(container_id)

    def _begin(self, watches: dict[tuple[str, str], Watch], target: Target, container: ContainerStatus) -> None:
        kinds = [kind for kind in KINDS if target.container.get(kind)]
        if all((container.id, kind) in watches for kind in kinds):
            return
        self._recall(target)
        age = (self.now() - (container.started_at or container.created_at)).total_seconds()
        for kind in kinds:
            delay = float(target.container[kind].get("initialDelaySeconds") or 0)
            watch = Watch(target, kind, self.ticks() + max(0.0, delay - age))
            watches[container.id, kind] = watch
            if (kind == "startupProbe") is not self.results.started(target.container, container.id):
                self._plan(watch, watch.begins)

    def _recall(self, target: Target) -> None:
        """What a predecessor of this process has found out holds until this one knows better."""
        for key in ("containerStatuses", "initContainerStatuses"):
            for one in (target.pod.get("status") or {}).get(key) or ():
                if one.get("containerID") == f"{self.runtime}://{target.container_id}":
                    for kind, well in (("startupProbe", one.get("started")), ("readinessProbe", one.get("ready"))):
                        if well and target.container.get(kind):
                            self.results.put(target.container_id, kind, True)

    # --- when they are made ---------------------------------------------------------------------

    def _plan(self, watch: Watch, due: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, next(self._number), watch))
            self._changed.notify_all()

    def _loop(self) -> None:
        assert self._pool
        while True:
            with self._changed:
                while not self._closed and not (self._due and self._due[0][0] <= self.ticks()):
                    self._changed.wait(max(0.0, self._due[0][0] - self.ticks()) if self._due else None)
                if self._closed:
                    return
            for watch in self._take():
                self._pool.submit(self._make, watch)

    def run_due(self) -> None:
        """Makes in this thread the probes that are due."""
        while watches := self._take():
            for watch in watches:
                self._make(watch)

    def _take(self) -> list[Watch]:
        found, now = [], self.ticks()
        with self._changed:
            while self._due and self._due[0][0] <= now:
                watch = heapq.heappop(self._due)[2]
                if not watch.dropped:
                    found.append(watch)
        return found

    def _make(self, watch: Watch) -> None:
        """One probe, and when the next one is due."""
        began = self.ticks()
        try:
            answer = self._ask(watch)
            if watch.dropped or self._over(watch, answer):
                return
        except Exception:
            log.exception("%s of %s", watch.kind, watch.target.container["name"])
        self._plan(watch, began + watch.period)

    def _ask(self, watch: Watch) -> Answer:
        for _ in range(TRIES):
            answer = self.ask(watch.target, watch.kind)
            if answer.word != "unknown" or watch.dropped:
                break
        return answer

    # --- what comes of them ---------------------------------------------------------------------

    def _over(self, watch: Watch, answer: Answer) -> bool:
        """Takes note of an answer; whether this probe needs not be made again."""
        self._tell(watch, answer)
        well = answer.word == "success"
        if answer.word == "unknown" or not watch.counts(well):
            return False
        news = self.results.put(watch.target.container_id, watch.kind, well)
        if well and watch.kind == "startupProbe":
            self._release(watch)
        if news and not (well and watch.kind == "livenessProbe"):
            meta = watch.target.pod["metadata"]
            self.wake(f"{meta['namespace']}/{meta['name']}")
        return watch.kind == "startupProbe" or (watch.kind == "livenessProbe" and not well)

    def _release(self, startup: Watch) -> None:
        """The container has started: its other probes begin."""
        with self._changed:
            for (container_id, kind), watch in self._of_pod.get(startup.target.pod["metadata"]["uid"], {}).items():
                if container_id == startup.target.container_id and kind != "startupProbe":
                    self._plan(watch, max(watch.begins, self.ticks()))

    def _tell(self, watch: Watch, answer: Answer) -> None:
        if answer.word == "success":
            return
        target, word = watch.target, watch.kind.removesuffix("Probe").capitalize()
        message = f"{word} probe failed: {answer.output}"
        if answer.word == "unknown":
            message = f"{word} probe errored and resulted in unknown state: {answer.output}"
        path = f"spec.containers{{{target.container['name']}}}"
        self.recorder.event(target.pod, "Warning", "Unhealthy", message, field_path=path)


def containers_with_probes(pod: Object) -> dict[str, Object]:
    """The specs, by name, of a pod's containers and sidecars that have any."""
    sidecars = (c for c in pod["spec"].get("initContainers") or () if is_sidecar(c))
    return {c["name"]: c for c in (*sidecars, *pod["spec"]["containers"]) if any(c.get(kind) for kind in KINDS)}
