"""kube-controller-manager's machinery: watch → key → work queue → bell → `sync`.

 cache ──change──→ controller.keys() ──→ work queue (Redis) ──bell──→ Celery task `reconcile(controller)`
                                              ↑                              │ drains: one key after another
                                              └── due, failed, expired ──────┘

The bell carries nothing, so a lost or doubled one is harmless: the one-second tick rings again while keys are ready.
A worker that finds no key left stays for a moment, for the next change is often a few milliseconds away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import redis

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.controller import Controller, Object, split_key
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache
from minikweb.client.workqueue import Epoch, WorkQueue
from minikweb.controllers.clusterroleaggregation import ClusterRoleAggregationController
from minikweb.controllers.cronjob import CronJobController
from minikweb.controllers.customresourcecleanup import CustomResourceCleanupController
from minikweb.controllers.daemonset.controller import DaemonSetController
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.disruption import DisruptionController
from minikweb.controllers.endpoints import EndpointsController
from minikweb.controllers.endpointslice import EndpointSliceController
from minikweb.controllers.endpointslicemirroring import EndpointSliceMirroringController
from minikweb.controllers.ephemeralvolume import EphemeralVolumeController
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.controllers.horizontalpodautoscaler.controller import HorizontalPodAutoscalerController
from minikweb.controllers.job.controller import JobController
from minikweb.controllers.job.ttl import TTLAfterFinishedController
from minikweb.controllers.namespace import NamespaceController
from minikweb.controllers.nodelifecycle import NodeLifecycleController
from minikweb.controllers.persistentvolume.controller import PersistentVolumeController
from minikweb.controllers.persistentvolume.protection import VolumeProtectionController
from minikweb.controllers.podgc import PodGarbageCollector
from minikweb.controllers.replicaset import ReplicaSetController
from minikweb.controllers.resourcequota import ResourceQuotaController
from minikweb.controllers.serviceaccount import ServiceAccountController
from minikweb.controllers.statefulset.controller import StatefulSetController
from minikweb.controllers.tainteviction import TaintEvictionController
from minikweb.network.kubedns import KubeDNS
from minikweb.network.publisher import Publisher
from minikweb.scheduler.scheduler import Scheduler

CONTROLLERS: tuple[type[Controller], ...] = (
    DeploymentController,
    ReplicaSetController,
    DaemonSetController,
    StatefulSetController,
    JobController,
    TTLAfterFinishedController,
    CronJobController,
    Scheduler,
    EndpointSliceController,
    EndpointsController,
    EndpointSliceMirroringController,
    Publisher,
    KubeDNS,
    GarbageCollector,
    NamespaceController,
    CustomResourceCleanupController,
    ServiceAccountController,
    ClusterRoleAggregationController,
    ResourceQuotaController,
    DisruptionController,
    HorizontalPodAutoscalerController,
    PersistentVolumeController,
    VolumeProtectionController,
    EphemeralVolumeController,
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
)

log = logging.getLogger(__name__)

TICK = 1.0  # seconds
DRAIN = 1.0  # seconds one bell is answered; then it rings again
BELL_LOST = 1.0  # seconds after which a bell without an answer is rung again
WRITES_SEEN = 5.0  # seconds to wait for the cache to show our own writes
BROKER_AWAY = 0.2  # seconds between tries

Ring = Callable[[str], None]


class CacheBehind(Exception):
    """A sync is put off, since it would act twice on what it has already done."""


def build(cls: type[Controller], client: Client, cache: Cache) -> Controller:
    """A controller with its own name towards the API, its writes remembered by the cache."""
    own = client.acting_as(cls.name, wrote=cache.writes.record)
    return cls(own, cache, Recorder(client.acting_as(cls.name), cls.source or f"{cls.name}-controller"))


class Desk:
    """Where one controller's keys are worked on, by up to `workers` threads, whoever lends them."""

    def __init__(self, controller: Controller, queue: WorkQueue, ring: Ring, due_in: Callable[[float], None]):
        self.controller = controller
        self.queue = queue
        self._ring = ring
        self._due_in = due_in  # told the seconds to a key's next date
        self._changed = threading.Condition()
        self._working = 0  # threads here, idle ones included
        self._idle = 0
        self._calls = 0  # to idle threads, not yet heard
        self._rung: list[float] = []  # bells not yet answered: when they were rung
        self._open = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the controller reads and hears of."""
        kinds = (self.controller.kind, *self.controller.owns, *self.controller.needs)
        return tuple(dict.fromkeys(filter(None, kinds)))  # the garbage collector has no kind of its own

    def open(self) -> None:
        """From now on keys are taken: the cache is complete."""
        self._open = True

    def close(self, timeout: float) -> bool:
        """Takes no further key, and waits until those in work are done."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._working == 0, timeout)

    def call(self, ready: int) -> None:
        """Has `ready` keys worked on: by idle threads, and by ringing for one more, who rings for the next."""
        now = time.monotonic()
        with self._changed:
            self._rung = [at for at in self._rung if now - at < BELL_LOST]
            heard = min(ready, self._idle) - self._calls
            if heard > 0:
                self._calls += heard
                self._changed.notify(heard)
            missing = min(ready - self._idle, self.controller.workers - self._working) - len(self._rung)
        if missing > 0 and self._open:
            self._ring_bell()

    def drain(self, seconds: float = DRAIN) -> None:
        """Answers a bell: works on keys until the time is over, then rings again if some are left."""
        with self._changed:
            if self._rung:
                self._rung.pop(0)
            if not self._open or self._working >= self.controller.workers:
                return
            self._working += 1
        try:
            self._work(time.monotonic() + seconds)
        except redis.RedisError as error:
            log.debug("%s: the broker is away: %s", self.controller.name, error)
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _work(self, deadline: float) -> None:
        while self._open:
            key, left = self.queue.take()
            if key is None:
                if not self._wait_for_call(deadline):
                    return
                continue
            if left:
                self.call(left)
            self._handle(key)
            if time.monotonic() > deadline:
                break
        if self._open and len(self.queue):
            self._ring_bell()

    def _ring_bell(self) -> None:
        with self._changed:
            self._rung.append(time.monotonic())
        try:
            self._ring(self.controller.name)
        except Exception as error:  # whatever the broker's library raises; the tick rings again
            log.debug("%s: the bell does not ring: %s", self.controller.name, error)

    def _wait_for_call(self, deadline: float) -> bool:
        """Stays idle until called (True) or the time is over."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._calls or not self._open, max(0.0, deadline - time.monotonic()))
            self._idle -= 1
            called = self._calls > 0
            self._calls -= called
            return called

    def _handle(self, key: str) -> None:
        """One sync, its back-off, its next date and its log. Raises only what the broker does."""
        started = time.monotonic()
        try:
            after = self._sync(key)
        except Exception as error:
            after = self.queue.fail(key)
            self._log_failure(key, error, after)
        else:
            self.queue.done(key, forget=True, after=after)
            log.debug("%s %s: %.1f ms", self.controller.name, key, (time.monotonic() - started) * 1000)
        if after is not None:
            self._due_in(after)

    def _sync(self, key: str) -> float | None:
        if not self.controller.cache.wait_for_writes(self.kinds, WRITES_SEEN):
            raise CacheBehind("the cache has not seen our own writes yet")
        return self.controller.sync(*split_key(key))

    def _log_failure(self, key: str, error: Exception, after: float) -> None:
        """One line; a conflict or an API server that is away is nothing to report."""
        known = isinstance(error, errors.ApiError)
        level = logging.DEBUG if known and error.code in (409, 429, 503, 504) else logging.WARNING
        why = error.message if known else repr(error)
        log.log(level, "%s %s: %s; again in %.3g s", self.controller.name, key, why, after)
        log.debug("%s %s", self.controller.name, key, exc_info=error)


class Manager:
    """Follows the kinds of its controllers, fills their queues and rings. One thread, beside the informers'."""

    def __init__(
        self,
        controllers: Sequence[Controller],
        cache: Cache,
        connection: redis.Redis,
        ring: Ring,
        *,
        prefix: str = "minikweb",
        name: str = "controllers",
    ):
        self.cache = cache
        self.desks = {
            c.name: Desk(c, WorkQueue(connection, c.name, prefix=prefix), ring, self._due_in) for c in controllers
        }
        self._epoch = Epoch(connection, name, prefix=prefix)
        self._changed = threading.Condition()
        self._pending = self._nothing()
        self._next_tick = 0.0
        self._away = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follows the kinds; once all have been listed, enqueues everything and lets the controllers work."""
        for desk in self.desks.values():
            for kind in desk.kinds:
                self.cache.informer(kind)
        self.cache.start()
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 4.0) -> None:
        """Enqueues nothing more and lets the keys in work end; the cache is stopped too."""
        deadline = time.monotonic() + timeout
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for desk in self.desks.values():
            if not desk.close(max(0.0, deadline - time.monotonic())):
                log.warning("%s still works on a key", desk.controller.name)
            desk.controller.recorder.flush(max(0.0, min(0.5, deadline - time.monotonic())))
        if self._thread:
            self._thread.join(max(0.1, deadline - time.monotonic()))
        self.cache.stop()

    def reconcile(self, name: str) -> None:
        """What the Celery task does: lends its thread to a controller."""
        if name in self.desks:
            self.desks[name].drain()

    def wake(self, name: str, *keys: str) -> None:
        """Has a controller look at these keys soon, whatever the watch says: something outside the API has changed."""
        with self._changed:
            self._pending[name].update(dict.fromkeys(keys))
            self._changed.notify_all()

    def enqueue_everything(self) -> None:
        """Has every object looked at, as after a start."""
        for desk in self.desks.values():
            for kind in desk.kinds:
                for obj in self.cache.list(kind):
                    self._enqueue(desk.controller, kind, None, obj)

    def _follow(self, desk: Desk) -> None:
        for kind in desk.kinds:

            def changed(old: Object | None, new: Object | None, kind: str = kind) -> None:
                self._enqueue(desk.controller, kind, old, new)

            self.cache.informer(kind).add_handler(changed)

    def _enqueue(self, controller: Controller, kind: str, old: Object | None, new: Object | None) -> None:
        keys = list(controller.keys(kind, old, new))
        if keys:
            self.wake(controller.name, *keys)

    def _due_in(self, seconds: float) -> None:
        """A key becomes due in so many seconds: the next tick is not later."""
        at = time.monotonic() + seconds
        with self._changed:
            if at < self._next_tick:
                self._next_tick = at
                self._changed.notify_all()

    # --- the manager's thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set() and not self.cache.wait_for_sync(0.2):
            continue
        for desk in self.desks.values():
            desk.controller.wake = partial(self.wake, desk.controller.name)
            self._follow(desk)
        self._until_it_works(self._take_over)
        while not self._stopping.is_set():
            self._until_it_works(self._step)

    def _until_it_works(self, step: Callable[[], None]) -> None:
        """Repeats a step while the broker is away."""
        while not self._stopping.is_set():
            try:
                step()
                if self._away:
                    log.info("the broker is back")
                self._away = False
                return
            except redis.RedisError as error:
                if not self._away:
                    log.warning("the broker is away: %s", error)
                self._away = True
            except Exception:
                log.exception("the manager goes on")
            self._stopping.wait(BROKER_AWAY)

    def _take_over(self) -> None:
        """What a dead predecessor held is ready again; now the controllers may work.

        The handlers have just been told of every object, so the broker counts as filled.
        """
        self._epoch.mark()
        for desk in self.desks.values():
            desk.queue.take_over()
            desk.open()

    def _step(self) -> None:
        """Waits for new keys or the tick, and does what is due."""
        with self._changed:
            while not self._has_work() and (left := self._next_tick - time.monotonic()) > 0:
                self._changed.wait(left)
            pending, self._pending = self._pending, self._nothing()
        try:
            self._hand_over(pending)
            if time.monotonic() >= self._next_tick:
                self._tick()
        finally:
            with self._changed:
                for name, keys in pending.items():  # what could not be handed over
                    self._pending[name].update(keys)

    def _nothing(self) -> dict[str, dict[str, None]]:
        """Per controller an ordered set of keys: none."""
        return {name: {} for name in self.desks}

    def _has_work(self) -> bool:
        return self._stopping.is_set() or any(self._pending.values())

    def _hand_over(self, pending: dict[str, dict[str, None]]) -> None:
        for name, keys in pending.items():
            if keys:
                ready = self.desks[name].queue.add(*keys)
                keys.clear()
                self.desks[name].call(ready)

    def _tick(self) -> None:
        """Each second, and when a key is due: moves keys, rings for those left, fills a broker that forgot."""
        with self._changed:
            self._next_tick = time.monotonic() + TICK
        if self._epoch.is_new():
            log.info("the broker is new: everything is looked at")
            self.enqueue_everything()
            self._epoch.mark()
        for desk in self.desks.values():
            desk.queue.renew()
            ready, wait = desk.queue.tick()
            if ready:
                desk.call(ready)
            if wait is not None:
                self._due_in(wait)
