"""An API server reduced to what the client's own tests need to break: a Transport over a dict, with a log to watch."""

from __future__ import annotations

import queue
import threading
import uuid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.patch import merge_patch
from minikweb.client.client import Client
from minikweb.client.transport import Response, Stream, Unreachable
from minikweb.kinds.registry import Kind, builtin

Object = dict[str, Any]


class FakeApi:
    """Stores objects of any kind; `away`, `compact` and `cut_watches` are what goes wrong in life."""

    def __init__(self) -> None:
        self.registry = builtin()
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.log: list[tuple[int, str, str, Object]] = []  # revision, plural, type, object
        self.revision = 10
        self.compacted = 0
        self.away = False
        self.requests: list[tuple[str, str]] = []
        self.mute_watches = False  # watches stay open and tell nothing
        self._watches: list[tuple[str, queue.SimpleQueue]] = []
        self._lock = threading.RLock()

    def client(self, **keywords: Any) -> Client:
        return Client(self, registry=self.registry, **keywords)

    # --- what goes wrong ------------------------------------------------------------------------

    def compact(self) -> None:
        """Forgets the log: a watch from an old revision is Gone."""
        with self._lock:
            self.compacted = self.revision
            self.log.clear()

    def cut_watches(self) -> None:
        with self._lock:
            for _, chunks in self._watches:
                chunks.put(Unreachable("cut"))
            self._watches.clear()

    def bookmark(self) -> None:
        """Tells every watch the present revision."""
        with self._lock:
            meta = {"resourceVersion": str(self.revision)}
            for _, chunks in self._watches:
                chunks.put(_line("BOOKMARK", {"metadata": meta}))

    def watching(self) -> int:
        return len(self._watches)

    # --- Transport ------------------------------------------------------------------------------

    def request(self, method: str, target: str, headers: dict, body: bytes | None, timeout: float) -> Response:
        if self.away:
            raise Unreachable("the API server at nowhere does not answer")
        self.requests.append((method, target))
        try:
            with self._lock:
                answer = self._answer(method, target, orjson.loads(body) if body else None)
            return Response(200, {}, orjson.dumps(answer))
        except errors.ApiError as error:
            return Response(error.code, {}, orjson.dumps(error.to_status()))

    def stream(self, method: str, target: str, headers: dict, timeout: float) -> Stream:
        if self.away:
            raise Unreachable("the API server at nowhere does not answer")
        self.requests.append((method, target))
        query = parse_qs(urlsplit(target).query)
        kind, _, _, _ = self._where(target)
        since = int(query["resourceVersion"][0])
        chunks: queue.SimpleQueue = queue.SimpleQueue()
        with self._lock:
            if since < self.compacted:
                status = errors.Gone("too old resource version").to_status()
                return Stream(410, {}, iter([orjson.dumps(status)]))
            for revision, plural, type_, obj in self.log:
                if revision > since and plural == kind.plural:
                    chunks.put(_line(type_, obj))
            self._watches.append((kind.plural, chunks))
        return Stream(200, {}, _drain(chunks), lambda: chunks.put(None))

    def close(self) -> None:
        pass

    # --- the objects ----------------------------------------------------------------------------

    def _where(self, target: str) -> tuple[Kind, str, str, str]:
        parts = [unquote(part) for part in urlsplit(target).path.strip("/").split("/")]
        group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kind = self.registry.at(group, version, rest[0])
        assert kind, target
        return kind, namespace, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""

    def _answer(self, method: str, target: str, body: Any) -> Object:
        kind, namespace, name, subresource = self._where(target)
        if method == "GET" and not name:
            items = [o for (plural, _, _), o in self.objects.items() if plural == kind.plural]
            return {"kind": kind.list_kind, "metadata": {"resourceVersion": str(self.revision)}, "items": items}
        if method == "POST" and subresource == "binding":
            target_node = body["target"]["name"]
            self.put(kind, merge_patch(self._get(kind, namespace, name), {"spec": {"nodeName": target_node}}))
            return {"kind": "Status", "status": "Success"}
        if method == "POST":
            return self._create(kind, namespace, body)
        live = self._get(kind, namespace, name)
        if method == "GET":
            return live
        if method == "DELETE":
            self.remove(kind, namespace, name)
            return {"kind": "Status", "status": "Success", "details": {"uid": live["metadata"]["uid"]}}
        if method == "PUT" and body["metadata"].get("resourceVersion") not in (
            None,
            live["metadata"]["resourceVersion"],
        ):
            raise errors.conflict(kind.group, kind.plural, name)
        return self.put(kind, body if method == "PUT" else merge_patch(live, body))

    def _get(self, kind: Kind, namespace: str, name: str) -> Object:
        try:
            return self.objects[kind.plural, namespace, name]
        except KeyError:
            raise errors.not_found(kind.group, kind.plural, name) from None

    def _create(self, kind: Kind, namespace: str, body: Object) -> Object:
        meta = dict(body["metadata"], uid=str(uuid.uuid4()))
        if "name" not in meta:
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        if namespace:
            meta["namespace"] = namespace
        if (kind.plural, namespace, meta["name"]) in self.objects:
            raise errors.already_exists(kind.group, kind.plural, meta["name"])
        return self.put(kind, {**body, "metadata": meta}, "ADDED")

    def put(self, kind: Kind, obj: Object, type_: str = "MODIFIED") -> Object:
        self.revision += 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        self.objects[kind.plural, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = obj
        self._tell(kind, type_, obj)
        return obj

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        with self._lock:
            obj = self.objects.pop((kind.plural, namespace, name))
            self.revision += 1
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
            self._tell(kind, "DELETED", obj)

    def _tell(self, kind: Kind, type_: str, obj: Object) -> None:
        self.log.append((self.revision, kind.plural, type_, obj))
        for plural, chunks in self._watches:
            if plural == kind.plural and not self.mute_watches:
                chunks.put(_line(type_, obj))


def _line(type_: str, obj: Object) -> bytes:
    return orjson.dumps({"type": type_, "object": obj}) + b"\n"


def _drain(chunks: queue.SimpleQueue):
    while (chunk := chunks.get(timeout=30)) is not None:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def config_map(name: str, namespace: str = "default", **data: str) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(name: str, namespace: str = "default", *, node: str = "", owner: str = "") -> Object:
    meta: Object = {"name": name, "namespace": namespace}
    if owner:
        reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
        meta["ownerReferences"] = [reference]
    spec: Object = {"containers": [{"name": "c", "image": "i"}]}
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
