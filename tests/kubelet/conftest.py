"""A kubelet with simulated containers, an API in memory and a clock that the test moves."""

import copy
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from minikweb.apimachinery import clock, errors
from minikweb.apimachinery.patch import merge_patch
from minikweb.kubelet.addresses import Addresses
from minikweb.kubelet.kubelet import Kubelet
from minikweb.kubelet.starting import Host
from minikweb.runtime.simulated.runtime import SimulatedRuntime

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
_uids = itertools.count(1)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def pod(name="web", *, annotations=None, meta=None, status=None, containers=None, **spec):
    """A pod bound to node-1, with one container `app` unless said otherwise."""
    containers = containers or [container()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{next(_uids)}",
            "annotations": {f"simulated.minikweb.io/{key}": value for key, value in (annotations or {}).items()},
            **(meta or {}),
        },
        "spec": {"nodeName": "node-1", "restartPolicy": "Always", "containers": containers, **spec},
        "status": status or {"phase": "Pending"},
    }


def container(name="app", image="minikweb/demo:1", **fields):
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", **fields}


class Api:
    """Client and cache in one: what is written is seen at once."""

    def __init__(self, now):
        self.now = now
        self.objects: dict[tuple[str, str, str], dict] = {}
        self.writes: list[dict] = []

    def add(self, obj):
        meta = obj["metadata"]
        self.objects[obj["kind"], meta.get("namespace", ""), meta["name"]] = obj
        return obj

    def get(self, kind, name, namespace=""):
        """The client's; as the cache's it is called with the namespace first."""
        if (kind, namespace, name) not in self.objects:
            raise errors.not_found("", kind.lower() + "s", name)
        return self.objects[kind, namespace, name]

    def patch(self, kind, name, patch, namespace="", *, subresource=None):
        obj = self.get(kind, name, namespace)
        assert patch["metadata"]["uid"] == obj["metadata"]["uid"]
        self.writes.append(copy.deepcopy(patch["status"]))
        self.objects[kind, namespace, name] = merge_patch(obj, patch)

    def delete(self, kind, name, namespace="", *, grace_period_seconds=None, uid=None):
        obj = self.get(kind, name, namespace)
        assert uid == obj["metadata"]["uid"]
        if grace_period_seconds == 0:
            if obj["metadata"].get("finalizers"):
                obj["metadata"]["deletionGracePeriodSeconds"] = 0
            else:
                del self.objects[kind, namespace, name]
            return
        grace = obj["spec"].get("terminationGracePeriodSeconds", 30)
        obj["metadata"]["deletionTimestamp"] = clock.format(self.now() + timedelta(seconds=grace))
        obj["metadata"]["deletionGracePeriodSeconds"] = grace


class Cached:
    def __init__(self, api):
        self.api = api

    def get(self, kind, namespace, name):
        return self.api.objects.get((kind, namespace, name))

    def list(self, kind, namespace=None):
        return [obj for (of, _, _), obj in self.api.objects.items() if of == kind]


class Recorded:
    """The events, as (reason, message)."""

    def __init__(self):
        self.events: list[tuple[str, str]] = []
        self.paths: list[str] = []

    def event(self, obj, type_, reason, message, *, field_path=""):
        self.events.append((reason, message))
        self.paths.append(field_path)

    @property
    def reasons(self):
        return [reason for reason, _ in self.events]

    def said(self, reason):
        return [message for what, message in self.events if what == reason]


class Node:
    """A kubelet and what is around it."""

    def __init__(self, runtime=None, *, clock=None, cidr="10.244.1.0/24"):
        self.clock = clock or Clock()
        self.api = Api(self.clock)
        self.recorded = Recorded()
        self.runtime = runtime or SimulatedRuntime("node-1", clock=lambda: self.clock.now.timestamp())
        self.host = Host("node-1", "10.244.0.11", Addresses(cidr), {"cpu": "4", "memory": "8Gi"})
        self.kubelet = Kubelet(
            self.api, Cached(self.api), self.recorded, runtime=self.runtime, host=self.host, now=self.clock
        )

    def run(self, obj):
        """Adds a pod and has it looked at; returns the seconds to the next look."""
        self.api.add(obj)
        return self.sync(obj)

    def sync(self, obj):
        return self.kubelet.sync(obj["metadata"]["namespace"], obj["metadata"]["name"])

    def pod(self, obj):
        return self.api.objects.get(("Pod", obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def status(self, obj):
        return self.pod(obj)["status"]

    def container(self, obj, name="app"):
        return next(one for one in self.status(obj)["containerStatuses"] if one["name"] == name)

    def condition(self, obj, type_):
        return next(one for one in self.status(obj)["conditions"] if one["type"] == type_)

    def delete(self, obj):
        self.api.delete("Pod", obj["metadata"]["name"], "default", uid=obj["metadata"]["uid"])
        return self.sync(obj)


@pytest.fixture
def node():
    return Node()
