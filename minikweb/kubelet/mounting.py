"""The volumes of a node's pods over time: filled before the first container, kept up to date, removed at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, errors
from minikweb.client.client import Client
from minikweb.kubelet import volumes
from minikweb.runtime.protocol import Runtime, RuntimeFailure, Volume

Object = dict[str, Any]

log = logging.getLogger(__name__)

REFRESH = 3.0  # seconds between two looks at what volumes are made of
RENEW = 0.8  # of a token's life, after which pods get another

Facts = Callable[[Object], dict[str, str]]


class Volumes:
    """One per node; thread-safe."""

    def __init__(self, client: Client, runtime: Runtime, facts: Facts, now: Callable[[], datetime]):
        self.client, self.runtime, self.facts, self.now = client, runtime, facts, now
        self.follows = runtime.blocks  # nobody reads what is simulated
        self._mounted: dict[str, tuple[Object, str, tuple[Volume, ...]]] = {}  # uid → (pod, sandbox id, as written)
        self._limited: dict[str, tuple[Object, str]] = {}  # uid → (pod, sandbox id), of pods whose volumes have a limit
        self.overfull: dict[str, str] = {}  # uid → what a pod is evicted for
        self.wake: Callable[[str], None] = lambda key: None  # set by who runs it: has a pod looked at
        self._tokens: dict[tuple[str, str, int], tuple[str, datetime]] = {}  # … → (token, when to renew it)
        self._memory: dict[tuple[str, str, str], tuple[float, Object | None]] = {}  # object → (read when, object)
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    # --- one pod --------------------------------------------------------------------------------

    def of_pod(self, pod: Object) -> tuple[Volume, ...]:
        """Its volumes as they are to be now. Raises volumes.MountFailed."""
        if not pod["spec"].get("volumes"):
            return ()
        namespace = pod["metadata"]["namespace"]
        sources = volumes.Sources(
            lambda kind, name: self._read("" if kind == "PersistentVolume" else namespace, kind, name),
            self._token,
            self.facts(pod),
            pod["spec"].get("nodeName", ""),
        )
        return volumes.of_pod(pod, sources)

    def written(self, pod: Object, sandbox_id: str, made: tuple[Volume, ...]) -> None:
        """The sandbox has them."""
        self._limit(pod, sandbox_id)
        if self.follows and volumes.is_live(pod):
            with self._lock:
                self._mounted[pod["metadata"]["uid"]] = (pod, sandbox_id, made)

    def adopt(self, pod: Object, sandbox_id: str) -> None:
        """A running pod: of a predecessor of this process, or with other metadata than before."""
        uid = pod["metadata"]["uid"]
        self._limit(pod, sandbox_id)
        if not self.follows or not volumes.is_live(pod):
            return
        with self._lock:
            _, _, made = self._mounted.get(uid, (None, "", ()))
            self._mounted[uid] = (pod, sandbox_id, made)

    def _limit(self, pod: Object, sandbox_id: str) -> None:
        """Begins to measure what may grow too large."""
        if self.follows and volumes.limits(pod):
            with self._lock:
                self._limited[pod["metadata"]["uid"]] = (pod, sandbox_id)

    def forget(self, uid: str) -> None:
        """The pod's containers are gone: so are its volumes."""
        with self._lock:
            for known in (self._mounted, self._limited, self.overfull):
                known.pop(uid, None)
            for key in [key for key in self._tokens if key[0] == uid]:
                del self._tokens[key]
        self.runtime.remove_volumes(uid)

    # --- changes --------------------------------------------------------------------------------

    def start(self) -> None:
        threading.Thread(target=self._keep_fresh, name="volumes", daemon=True).start()

    def close(self) -> None:
        self._stopping.set()

    def _keep_fresh(self) -> None:
        while not self._stopping.wait(REFRESH):
            try:
                self.refresh()
                self.measure()
            except Exception:
                log.exception("volumes")

    def refresh(self) -> None:
        """Rewrites the volumes whose content has changed; what is missing now leaves its pod as it is."""
        with self._lock:
            mounted = dict(self._mounted)
            self._memory.clear()
        for uid, (pod, sandbox_id, made) in mounted.items():
            try:
                fresh = self.of_pod(pod)
                for volume in set_apart(fresh, made):
                    self.runtime.update_volume(sandbox_id, volume)
            except (volumes.MountFailed, errors.ApiError, RuntimeFailure) as error:
                log.info("the volumes of pod %s stay as they are: %s", pod["metadata"]["name"], error)
                continue
            with self._lock:
                if self._mounted.get(uid) == (pod, sandbox_id, made):
                    self._mounted[uid] = (pod, sandbox_id, fresh)

    def measure(self) -> None:
        """Finds the pods of which a volume has outgrown its limit, and wakes them."""
        with self._lock:
            limited = {uid: each for uid, each in self._limited.items() if uid not in self.overfull}
        for uid, (pod, sandbox_id) in limited.items():
            for name, (limit, text) in volumes.limits(pod).items():
                try:
                    used = self.runtime.volume_usage(sandbox_id, name)
                except RuntimeFailure as failure:
                    log.debug("volume %s of pod %s: %s", name, pod["metadata"]["name"], failure.message)
                    continue
                if used > limit:
                    self.overfull[uid] = f'Usage of EmptyDir volume "{name}" exceeds the limit "{text}". '
                    self.wake(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")

    # --- sources --------------------------------------------------------------------------------

    def _read(self, namespace: str, kind: str, name: str) -> Object | None:
        """An object, at most a moment old: a hundred pods of one ConfigMap ask for it once."""
        key, now = (namespace, kind, name), time.monotonic()
        with self._lock:
            read_at, obj = self._memory.get(key, (-REFRESH, None))
        if obj is None or now - read_at >= 1 or kind == "PersistentVolumeClaim":
            try:
                obj = self.client.get(kind, name, namespace)
            except errors.NotFound:
                obj = None
            with self._lock:
                self._memory[key] = (now, obj)
        return obj

    def secret(self, namespace: str, name: str) -> Object | None:
        """A Secret, at most a moment old."""
        return self._read(namespace, "Secret", name)

    def _token(self, pod: Object, wanted: Object) -> str:
        """The pod's token for its ServiceAccount; none where nobody could read it."""
        if not self.runtime.blocks:
            return ""
        meta, seconds = pod["metadata"], int(wanted.get("expirationSeconds") or 3600)
        key = (meta["uid"], wanted.get("audience", ""), seconds)
        now = self.now()
        token, renew = self._tokens.get(key, ("", now))
        if renew <= now:
            token, ends = self._request_token(pod, wanted.get("audience", ""), seconds)
            with self._lock:  # `forget` goes through them
                self._tokens[key] = (token, now + (ends - now) * RENEW)
        return token

    def _request_token(self, pod: Object, audience: str, seconds: int) -> tuple[str, datetime]:
        meta = pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        spec: Object = {"expirationSeconds": seconds, "boundObjectRef": bound}
        if audience:
            spec["audiences"] = [audience]
        account = pod["spec"].get("serviceAccountName") or "default"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {"name": account},
            "spec": spec,
        }
        try:
            answer = self.client.create(request, namespace=meta["namespace"], subresource="token")["status"]
        except errors.ApiError as error:
            raise volumes.Unavailable(f"failed to fetch token: {error.message}") from error
        return answer["token"], clock.parse(answer["expirationTimestamp"])


def set_apart(fresh: tuple[Volume, ...], made: tuple[Volume, ...]) -> list[Volume]:
    """The volumes with files that are not as they were written."""
    before = {volume.name: volume for volume in made}
    return [replace(one, parts=()) for one in fresh if one.files is not None and one != before.get(one.name)]
