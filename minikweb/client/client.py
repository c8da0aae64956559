"""The Kubernetes API as verbs on plain dicts. Thread-safe; every call has a timeout; errors are `errors.ApiError`s."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import orjson
from websockets.exceptions import InvalidStatus

from minikweb.apimachinery import errors
from minikweb.client import discovery
from minikweb.client.connection import Headers
from minikweb.client.transport import Response, Stream, Transport
from minikweb.kinds.registry import Kind, Registry, builtin

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

Object = dict[str, Any]
PatchType = Literal["merge", "strategic", "json", "apply"]

TIMEOUT = 30.0  # seconds for a whole answer, or for the silence inside a watch beyond its own length
WATCH_SECONDS = 300  # the server ends a watch after this; the informer goes on from its revision
TRIES = 4  # of a request that is answered "later" (429, 503 with Retry-After)
LONGEST_WAIT = 5.0  # seconds, whatever Retry-After says

EXEC_PROTOCOL = "v5.channel.k8s.io"
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
# Objects that are posted to a subresource of another kind.
PARENTS = {"binding": "Pod", "eviction": "Pod", "token": "ServiceAccount"}

Wrote = Callable[[Kind, str, Object, Object], None]


class Client:
    """One caller of the API: a transport, its User-Agent and its field manager.

    `kind` is a Kind's name (`Pod`) or the Kind itself. A namespaced object without a namespace goes to `default`
    on create and is refused elsewhere.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        user_agent: str = "minikweb",
        field_manager: str | None = None,
        registry: Registry | None = None,
        wrote: Wrote | None = None,
        headers: Headers | None = None,
    ):
        self.transport = transport
        self.user_agent = user_agent
        self.field_manager = field_manager or user_agent.split("/")[0]
        self.registry = registry or builtin()
        self._wrote = wrote
        self._headers = {"User-Agent": user_agent, "Accept": "application/json", **(headers or {})}
        self._kinds: dict[str, Kind] = {}

    def acting_as(
        self,
        component: str | None = None,
        *,
        user: str | None = None,
        groups: tuple[str, ...] = (),
        wrote: Wrote | None = None,
    ) -> Client:
        """The same connection under another name (User-Agent and field manager), or impersonating a user.

        `wrote(kind, verb, sent, answer)` is called after each successful write, see writes.py.
        """
        headers = {k: v for k, v in self._headers.items() if k not in ("User-Agent", "Accept")}
        if user:
            headers["Impersonate-User"] = user
            headers["Impersonate-Group"] = tuple(groups)
        return Client(
            self.transport,
            user_agent=component or self.user_agent,
            field_manager=component or self.field_manager,
            registry=self.registry,
            wrote=wrote or self._wrote,
            headers=headers,
        )

    # --- reading --------------------------------------------------------------------------------

    def get(
        self, kind: str | Kind, name: str, namespace: str | None = None, *, subresource: str | None = None
    ) -> Object:
        """The object, or its subresource (`scale`). Raises NotFound."""
        return self._call("GET", self._path(kind, namespace, name, subresource))

    def list(
        self,
        kind: str | Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
        continue_token: str = "",
        resource_version: str = "",
    ) -> Object:
        """The List, of all namespaces if none is given; its items carry kind and apiVersion."""
        kind = self.kind(kind)
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": limit,
            "continue": continue_token,
            "resourceVersion": resource_version,
        }
        found = self._call("GET", kind.path(namespace), query)
        type_meta = {"kind": kind.kind, "apiVersion": kind.api_version}
        found["items"] = [item if "kind" in item else {**type_meta, **item} for item in found.get("items") or []]
        return found

    def watch(
        self,
        kind: str | Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        timeout_seconds: int | None = None,
    ) -> Watch:
        """Changes after `resource_version` as (ADDED | MODIFIED | DELETED | BOOKMARK, object), until the time is over.

        Raises ApiError, also in the middle: Gone when the revision is no longer kept.
        """
        kind = self.kind(kind)
        seconds = timeout_seconds or WATCH_SECONDS
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": seconds,
        }
        return Watch(self._open(kind.path(namespace), query, seconds + TIMEOUT), kind)

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        previous: bool = False,
        timestamps: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
    ) -> Stream:
        """A container's log, chunk by chunk as it comes; `close` ends a followed one."""
        query = {
            "container": container,
            "follow": follow or None,
            "previous": previous or None,
            "timestamps": timestamps or None,
            "tailLines": tail_lines,
            "sinceSeconds": since_seconds,
            "sinceTime": since_time,
        }
        # A quiet log is not a dead one: its silence may last.
        return self._open(self._path("Pod", namespace, pod, "log"), query, 86400.0 if follow else TIMEOUT)

    def exec(
        self, pod: str, namespace: str, command: Sequence[str], *, container: str | None = None, tty: bool = False
    ) -> ClientConnection:
        """A process in a container: an open WebSocket that speaks v5.channel.k8s.io. Raises what the API says."""
        query = {"container": container, "stdin": True, "stdout": True, "stderr": not tty or None, "tty": tty or None}
        target = _target(self._path("Pod", namespace, pod, "exec"), {**query, "command": list(command)})
        headers = {name: value for name, value in self._headers.items() if name != "Accept"}
        try:
            return self.transport.websocket(target, headers, (EXEC_PROTOCOL,), TIMEOUT)
        except InvalidStatus as refusal:
            raise error_of(refusal.response.status_code, bytes(refusal.response.body or b"")) from refusal

    # --- writing --------------------------------------------------------------------------------

    def create(
        self, obj: Object, *, namespace: str | None = None, subresource: str | None = None, dry_run: bool = False
    ) -> Object:
        """Creates it. With a subresource (`binding`, `eviction`, `token`) it goes to the object of the same name."""
        meta = obj.get("metadata", {})
        if subresource:
            kind = self.kind(PARENTS.get(subresource, obj["kind"]))
            path = self._path(kind, namespace or meta.get("namespace"), meta["name"], subresource)
        else:
            kind = self.kind_of(obj)
            path = kind.path(namespace or meta.get("namespace") or "default")
        answer = self._call("POST", path, self._write_query(dry_run), obj)
        return self._written(kind, subresource or "create", obj, answer, dry_run)

    def update(self, obj: Object, *, subresource: str | None = None, dry_run: bool = False) -> Object:
        """Replaces it; raises Conflict when it is not at obj's resourceVersion any more."""
        kind, meta = self.kind_of(obj), obj["metadata"]
        path = self._path(kind, meta.get("namespace"), meta["name"], subresource)
        answer = self._call("PUT", path, self._write_query(dry_run), obj)
        return self._written(kind, "update", obj, answer, dry_run)

    def patch(
        self,
        kind: str | Kind,
        name: str,
        patch: Object | list[Object],
        namespace: str | None = None,
        *,
        type: PatchType = "merge",
        subresource: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        field_validation: str = "",
    ) -> Object:
        """Changes parts of it; `apply` is server-side apply, with `force` taking fields from other managers."""
        kind = self.kind(kind)
        query = self._write_query(dry_run)
        query["fieldValidation"] = field_validation
        query["force"] = "true" if force else None
        headers = {"Content-Type": PATCH_TYPES[type]}
        answer = self._call("PATCH", self._path(kind, namespace, name, subresource), query, patch, headers)
        return self._written(kind, "patch", {"metadata": {"namespace": namespace, "name": name}}, answer, dry_run)

    def delete(
        self,
        kind: str | Kind,
        name: str,
        namespace: str | None = None,
        *,
        propagation_policy: str | None = None,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Deletes it, or asks it to end: the answer is then the object with a deletionTimestamp, else a Status."""
        kind = self.kind(kind)
        preconditions = {k: v for k, v in (("uid", uid), ("resourceVersion", resource_version)) if v}
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation_policy,
            "gracePeriodSeconds": grace_period_seconds,
            "preconditions": preconditions or None,
            "dryRun": ["All"] if dry_run else None,
        }
        body = {key: value for key, value in options.items() if value is not None}
        answer = self._call("DELETE", self._path(kind, namespace, name), None, body)
        sent = {"metadata": {"namespace": namespace, "name": name, "uid": uid}}
        return self._written(kind, "delete", sent, answer, dry_run)

    # --- below the verbs --------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Headers | None = None,
        timeout: float = TIMEOUT,
    ) -> Response:
        """Any request; body is bytes or becomes JSON. Raises ApiError for an answer of 400 and more."""
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else orjson.dumps(body)
        target = _target(path, query)
        for attempt in range(TRIES):
            response = self.transport.request(method, target, sent, body, timeout)
            wait = _asked_to_wait(response)
            if wait is None or attempt == TRIES - 1:
                break
            time.sleep(wait)
        if response.status >= 400:
            raise error_of(response.status, response.body)
        return response

    def kind(self, kind: str | Kind) -> Kind:
        """The Kind meant by its name."""
        if isinstance(kind, Kind):
            return kind
        found = self._kinds.get(kind) or self.registry.named(kind)
        if found is None:
            raise errors.NotFound(f'the server doesn\'t have a resource type "{kind}"')
        if not found.custom:  # those come and go
            self._kinds[kind] = found
        return found

    def kind_of(self, obj: Object) -> Kind:
        """The Kind of an object by its apiVersion and kind; one that is not built in is asked of the server."""
        api_version, name = obj.get("apiVersion", ""), obj.get("kind", "")
        found = self.registry.of(api_version, name) or discovery.find(self, api_version, name)
        if found is None:
            raise errors.BadRequest(f'no matches for kind "{name}" in version "{api_version}"')
        return found

    def close(self) -> None:
        """Closes the idle connections of the transport (shared with every client made by `acting_as`)."""
        self.transport.close()

    def _path(self, kind: str | Kind, namespace: str | None, name: str, subresource: str | None = None) -> str:
        kind = self.kind(kind)
        if kind.namespaced and not namespace:
            raise errors.BadRequest(f"{kind.plural} are namespaced: say in which namespace {name!r} is")
        return kind.path(namespace, name, subresource)

    def _call(self, method: str, path: str, query=None, body=None, headers: Headers | None = None) -> Object:
        return self.request(method, path, query=query, body=body, headers=headers).json()

    def _open(self, path: str, query: Mapping[str, Any], timeout: float) -> Stream:
        stream = self.transport.stream("GET", _target(path, query), self._headers, timeout)
        if stream.status >= 400:
            raise error_of(stream.status, b"".join(stream))
        return stream

    def _write_query(self, dry_run: bool) -> dict[str, Any]:
        return {"fieldManager": self.field_manager, "dryRun": "All" if dry_run else None}

    def _written(self, kind: Kind, verb: str, sent: Object, answer: Object, dry_run: bool) -> Object:
        if self._wrote and not dry_run:
            self._wrote(kind, verb, sent, answer)
        return answer


class Watch:
    """A running watch: iterate in one thread, `close` from any."""

    def __init__(self, stream: Stream, kind: Kind):
        self._stream = stream
        self._kind = kind

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        for line in _lines(self._stream):
            event = orjson.loads(line)
            obj = event["object"]
            if event["type"] == "ERROR":
                raise errors.from_status(obj)
            obj.setdefault("kind", self._kind.kind)
            obj.setdefault("apiVersion", self._kind.api_version)
            yield event["type"], obj

    def close(self) -> None:
        self._stream.close()


def _lines(chunks: Iterator[bytes] | Stream) -> Iterator[bytes]:
    """The lines of a chunked text; a chunk may end anywhere."""
    rest: list[bytes] = []
    for chunk in chunks:
        if b"\n" not in chunk:
            rest.append(chunk)
            continue
        *lines, tail = (b"".join(rest) + chunk).split(b"\n")
        yield from filter(None, lines)
        rest = [tail] if tail else []


def error_of(status: int, body: bytes) -> errors.ApiError:
    """The error in an answer; a body that is no Status (a proxy's page) is quoted."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and found.get("kind") == "Status":
        return errors.from_status(found)
    said = body[:200].decode("utf-8", "replace").strip()
    message = f"the server answered {status}" + (f": {said}" if said else "")
    return errors.from_status({"code": status, "message": message})


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    """Path and query; entries that are None or empty are left out, True becomes true."""
    given = {k: "true" if v is True else v for k, v in (query or {}).items() if v is not None and v != ""}
    target = quote(path, safe="/:%")
    return f"{target}?{urlencode(given, doseq=True)}" if given else target


def _asked_to_wait(response: Response) -> float | None:
    """Seconds of a Retry-After that comes with 429 or 503, else None."""
    after = response.headers.get("retry-after", "")
    if response.status not in (429, 503) or not after.isdigit():
        return None
    return min(float(after), LONGEST_WAIT)
