"""A reader of the pages, and the hand that plays controllers and kubelets behind them."""

from __future__ import annotations

import itertools
from typing import Any

from django.http import HttpResponse
from django.test import Client

from minikweb.client.client import Client as ApiClient
from minikweb.dashboard import cluster
from tests.running import until

Object = dict[str, Any]
_numbers = itertools.count(1)


class Web:
    """`get` and `post` pages; `make` objects that the pages' cache has seen when it returns."""

    def __init__(self, api: ApiClient):
        self.api = api
        self.namespace = f"test-{next(_numbers)}"
        self.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self._browser = Client(HTTP_ACCEPT_LANGUAGE="en", enforce_csrf_checks=False)

    def get(self, path: str, **headers: str) -> str:
        response = self.ask(path, **headers)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def ask(self, path: str, **headers: str) -> HttpResponse:
        return self._browser.get(path, headers=headers)

    def post(self, path: str, data: Object | None = None, **headers: str) -> HttpResponse:
        return self._browser.post(path, data or {}, headers=headers)

    def path(self, kind: str, name: str, rest: str = "") -> str:
        return f"/objects/{kind}/{self.namespace}/{name}/{rest}"

    def make(self, obj: Object) -> Object:
        return self._seen(self.api.create(obj, namespace=self._place(obj)))

    def status(self, obj: Object, status: Object) -> Object:
        meta = obj["metadata"]
        patch = {"status": status}
        return self._seen(self.api.patch(obj["kind"], meta["name"], patch, meta.get("namespace"), subresource="status"))

    def patch(self, kind: str, name: str, patch: Object) -> Object:
        return self._seen(self.api.patch(kind, name, patch, self.namespace))

    def read(self, kind: str, name: str) -> Object:
        return self.api.get(kind, name, self.namespace)

    def _place(self, obj: Object) -> str | None:
        return None if obj["kind"] in ("Namespace", "Node") else self.namespace

    def _seen(self, obj: Object) -> Object:
        if obj["kind"] in cluster.KINDS:
            informer, revision = cluster.cache().informer(obj["kind"]), obj["metadata"]["resourceVersion"]
            until(lambda: informer.revision >= int(revision), f"the cache at revision {revision}")
        return obj

    # --- The parts of controllers ---------------------------------------------------------------------

    def deployment(self, name: str = "web", replicas: int = 2, image: str = "demo:1") -> Object:
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template(name, image)}
        return self.make({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})

    def revision(self, owner: Object, number: int, image: str, replicas: int = 0, cause: str = "") -> Object:
        """The ReplicaSet of a revision, as the deployment controller makes it."""
        name = owner["metadata"]["name"]
        made = template(name, image)
        made["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
        annotations = {"deployment.kubernetes.io/revision": str(number)}
        annotations |= {"kubernetes.io/change-cause": cause} if cause else {}
        metadata = {"name": f"{name}-h{number}", "annotations": annotations, "ownerReferences": [reference(owner)]}
        selector = {"matchLabels": {"app": name, "pod-template-hash": f"h{number}"}}
        spec = {"replicas": replicas, "selector": selector, "template": made}
        return self.make({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec})

    def pod(self, name: str, owner: Object | None = None, status: Object | None = None) -> Object:
        metadata = {"name": name, "labels": {"app": "web"}}
        if owner:
            metadata["ownerReferences"] = [reference(owner)]
        spec = {"containers": [{"name": "web", "image": "demo:1"}]}
        made = self.make({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        return self.status(made, status or running())

    def history(self, images: tuple[str, ...] = ("demo:1", "demo:2")) -> Object:
        """A Deployment with one revision per image, the last one current."""
        web = self.deployment(image=images[-1])
        for number, image in enumerate(images, 1):
            self.revision(web, number, image, cause=f"version {number}")
        return web


def template(name: str, image: str) -> Object:
    """A pod template with the server's defaults, so that a revision equals the Deployment's."""
    container = {
        "name": "web",
        "image": image,
        "resources": {},
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    spec = {
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    return {"metadata": {"labels": {"app": name}}, "spec": spec}


def reference(owner: Object) -> Object:
    meta = owner["metadata"]
    found = {key: owner[key] for key in ("apiVersion", "kind")} | {"name": meta["name"], "uid": meta["uid"]}
    return found | {"controller": True, "blockOwnerDeletion": True}


def running(ready: bool = True) -> Object:
    state = {"running": {"startedAt": "2026-11-23T11:00:00Z"}}
    container = {"name": "web", "ready": ready, "restartCount": 0, "state": state, "image": "demo:1", "imageID": ""}
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    return {"phase": "Running", "conditions": [condition], "containerStatuses": [container]}


def crashing(restarts: int = 4) -> Object:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container=web"}
    last = {"terminated": {"exitCode": 127, "reason": "Error", "finishedAt": "2026-11-23T11:00:00Z"}}
    container = {"name": "web", "ready": False, "restartCount": restarts, "state": {"waiting": waiting}}
    container |= {"lastState": last, "image": "demo:1", "imageID": ""}
    return {"phase": "Running", "containerStatuses": [container]}
