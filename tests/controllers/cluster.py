"""A whole control plane in one process: the real API server, the real cache, and controllers that a test drives.

Instead of Celery and Redis there is `settle`: everybody works until nobody has anything left to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec

from minikweb.apimachinery import clock, errors
from minikweb.apimachinery.meta import is_being_deleted
from minikweb.apiserver import bootstrap
from minikweb.apiserver.app import Application
from minikweb.apiserver.authentication import Authenticator, Issuer
from minikweb.client.client import Client
from minikweb.client.controller import Controller, split_key
from minikweb.client.informer import Cache
from minikweb.client.inprocess import InProcessTransport
from minikweb.controllers import podcontrol
from minikweb.kinds import registry
from minikweb.store.storage import Storage
from tests.controllers.world import Events

KINDS = (
    "Pod",
    "ReplicaSet",
    "Deployment",
    "DaemonSet",
    "StatefulSet",
    "ControllerRevision",
    "Job",
    "CronJob",
    "Node",
    "Namespace",
    "ConfigMap",
    "ServiceAccount",
    "Lease",
    "Service",
    "EndpointSlice",
    "Endpoints",
    "CustomResourceDefinition",
    "ClusterRole",
)


class Desk:
    """A controller and the keys it has yet to look at."""

    def __init__(self, controller: Controller):
        self.controller = controller
        self.keys: dict[str, None] = {}
        self.failed: dict[str, None] = {}
        self._lock = threading.Lock()
        controller.wake = self._wake
        kinds = (controller.kind, *controller.owns, *controller.needs)
        for kind in filter(None, dict.fromkeys(kinds)):
            controller.cache.informer(kind).add_handler(self._handler(kind))

    def _handler(self, kind: str) -> Callable:
        def changed(old: dict | None, new: dict | None) -> None:
            keys = dict.fromkeys(self.controller.keys(kind, old, new))
            with self._lock:
                self.keys.update(keys)

        return changed

    def _wake(self, *keys: str) -> None:
        with self._lock:
            self.keys.update(dict.fromkeys(keys))

    def work(self) -> bool:
        """One sync of each key waiting; False if there was none."""
        with self._lock:
            keys, self.keys, self.failed = {**self.keys, **self.failed}, {}, {}
        for key in keys:
            try:
                self.controller.sync(*split_key(key))
            except (errors.Conflict, errors.AlreadyExists, errors.Forbidden):  # tried again, as the work queue would
                self.failed[key] = None
        return bool(keys)


class Cluster:
    """`client` is the user; `desks` are the controllers by name; `events` what they said."""

    def __init__(self, storage: Storage, *controllers: type[Controller]):
        issuer = Issuer(ec.generate_private_key(ec.SECP256R1()))
        self.application = Application(
            storage, registry.builtin(), Authenticator(issuer, lambda *_: None, time.time), threads=4
        )
        bootstrap.bootstrap(self.application.server, datetime.now(UTC))
        token = issuer.issue("alice", ["system:masters"])
        self.transport = InProcessTransport(self.application, identity=lambda: {"Authorization": f"Bearer {token}"})
        client = Client(self.transport)
        self.cache = Cache(client)
        self.client = client.acting_as("kubectl", wrote=self.cache.writes.record)
        self.events = Events()
        made = [
            controller(client.acting_as(controller.name, wrote=self.cache.writes.record), self.cache, self.events)
            for controller in controllers
        ]
        watched = (kind for c in made for kind in (c.kind, *c.owns, *c.needs) if kind)
        self.informers = {kind: self.cache.informer(kind) for kind in dict.fromkeys((*KINDS, *watched))}
        self.cache.start()
        assert self.cache.wait_for_sync(10)
        self.desks = {controller.name: Desk(controller) for controller in made}

    def stop(self) -> None:
        self.application.close()
        self.cache.stop()
        self.transport.stop()
        self.application.stop()

    def __getitem__(self, name: str) -> Controller:
        return self.desks[name].controller

    def catch_up(self) -> None:
        assert self.cache.wait_for_writes(tuple(self.informers), 10)
        for informer in self.informers.values():
            with informer._delivering:  # the handlers have been called, too
                pass

    def settle(self, *others: Callable[[], bool], seconds: float = 20) -> None:
        """Lets the controllers, and others such as `kubelet`, work until nobody has anything to do."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.round(*others):
                return
        raise AssertionError(
            f"they never agree: { {name: [*desk.keys, *desk.failed] for name, desk in self.desks.items()} }"
        )

    def round(self, *others: Callable[[], bool]) -> bool:
        """Everybody works once; False if nobody had anything to do."""
        self.catch_up()
        worked = [desk.work() for desk in self.desks.values()]
        return any([*worked, *(other() for other in others)])

    def kubelet(self) -> bool:
        """All nodes' kubelets: starts what is bound, ends what is to end; False if there was nothing to do."""
        work = 0
        for pod in self.client.list("Pod")["items"]:
            if is_being_deleted(pod):
                work += self.end(pod)
            elif pod["spec"].get("nodeName") and not podcontrol.is_terminal(pod) and not podcontrol.ready_since(pod):
                self.set_ready(pod, True)
                work += 1
        return bool(work)

    def end(self, pod: dict) -> int:
        metadata = pod["metadata"]
        self.client.delete("Pod", metadata["name"], metadata["namespace"], uid=metadata["uid"], grace_period_seconds=0)
        return 1

    def set_ready(self, pod: dict, ready: bool, since: datetime | None = None) -> None:
        stamp = clock.format(since or datetime.now(UTC))
        condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": stamp}
        patch = {"status": {"phase": "Running", "conditions": [condition]}}
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        self.client.patch("Pod", name, patch, namespace, type="strategic", subresource="status")

    def node(self, name: str, **spec: object) -> dict:
        """Registers a node that is ready."""
        self.client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec})
        stamp = clock.format(datetime.now(UTC))
        ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": stamp, "lastTransitionTime": stamp}
        resources = {"cpu": "4", "memory": "8Gi", "pods": "110"}
        status = {"conditions": [ready], "capacity": resources, "allocatable": resources}
        return self.client.patch("Node", name, {"status": status}, subresource="status")

    def deploy(
        self, name: str = "web", replicas: int = 3, *, image: str = "web:1", namespace: str = "default", **spec
    ) -> dict:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
        metadata = {"name": name, "namespace": namespace}
        return self.client.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})

    def set_image(self, image: str, name: str = "web") -> dict:
        containers = [{"name": "web", "image": image}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        return self.client.patch("Deployment", name, patch, "default", type="strategic")

    def pods(self, namespace: str = "default") -> list[dict]:
        return self.client.list("Pod", namespace)["items"]

    def names(self, kind: str, namespace: str | None = "default") -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in self.client.list(kind, namespace)["items"])

    def said(self, reason: str) -> list[str]:
        return [message for _, found, message in self.events.said if found == reason]
