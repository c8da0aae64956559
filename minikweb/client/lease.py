"""Leases: the heartbeat of nodes, and the election of the one process that acts.

Source: client-go tools/leaderelection and component-helpers lease controller; coordination.k8s.io/v1 Lease.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, errors
from minikweb.client.client import Client

Object = dict[str, Any]

log = logging.getLogger(__name__)

NODE_NAMESPACE = "kube-node-lease"
NODE_SECONDS = 40  # leaseDurationSeconds of a node's lease
ELECTION_NAMESPACE = "kube-system"
ELECTION_SECONDS = 15
RENEW_SECONDS = 2.0
RETRY_SECONDS = 0.5


class NodeLease:
    """The Lease of one node: `renew` is called every few seconds while the node is alive."""

    def __init__(self, client: Client, node: str, *, seconds: int = NODE_SECONDS):
        self._client = client
        self._node = node
        self._seconds = seconds

    def renew(self, now: datetime, owner: dict[str, str] | None = None) -> None:
        """Says that the node is alive at `now`; creates the Lease (owned by the Node, an ownerReference) if missing."""
        spec = {"renewTime": clock.format_micro(now), "holderIdentity": self._node}
        try:
            self._client.patch("Lease", self._node, {"spec": spec}, NODE_NAMESPACE)
        except errors.NotFound:
            meta: Object = {"name": self._node, "namespace": NODE_NAMESPACE}
            if owner:
                meta["ownerReferences"] = [owner]
            spec["leaseDurationSeconds"] = self._seconds
            self._client.create(_lease(meta, spec))


class Election:
    """Makes one process of many the leader by the Lease `name`. `stopped` runs once if leadership is lost.

    A process that dies leaves its lease to run out, except on its own machine: there another one sees at once that
    the process is no more, so that a supervisor's restart costs no waiting.
    """

    def __init__(self, client: Client, name: str, *, stopped: Callable[[], None], seconds: int = ELECTION_SECONDS):
        self.identity = f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self._client = client
        self._name = name
        self._seconds = seconds
        self._lost = stopped
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[str, datetime] = ("", datetime.now(UTC))  # renewTime last read, and when by our clock
        self._renewed = datetime.now(UTC)

    def acquire(self) -> bool:
        """Blocks until this process leads (True) or `stop` is called (False); then keeps renewing."""
        waiting = False
        while not self._stopping.is_set():
            try:
                if self._try(datetime.now(UTC)):
                    self._thread = threading.Thread(target=self._keep, name=f"lease-{self._name}", daemon=True)
                    self._thread.start()
                    return True
                if not waiting:
                    log.info("another process leads %s; waiting", self._name)
                    waiting = True
            except errors.ApiError as error:
                log.debug("lease %s: %s", self._name, error.message)
            self._stopping.wait(RETRY_SECONDS)
        return False

    def stop(self) -> None:
        """Gives the lease back, if it is ours."""
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout=5)
            self._release()

    def _keep(self) -> None:
        """Renews; leadership is lost when that has not worked for the lease's length."""
        while not self._stopping.wait(RENEW_SECONDS):
            now = datetime.now(UTC)
            try:
                if not self._try(now):
                    break
            except errors.ApiError as error:
                log.debug("lease %s: %s", self._name, error.message)
            if (now - self._renewed).total_seconds() > self._seconds:
                break
        else:
            return
        log.error("leadership of %s is lost", self._name)
        self._lost()

    def _try(self, now: datetime) -> bool:
        """One attempt to take or renew the lease."""
        lease = self._read()
        if lease is None:
            spec = {**self._spec(now), "acquireTime": clock.format_micro(now), "leaseTransitions": 0}
            return self._write(lambda: self._client.create(_lease(self._meta(), spec)), now)
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") != self.identity:
            if not self._is_free(spec, now):
                return False
            transitions = spec.get("leaseTransitions", 0) + 1
            spec = {**spec, "acquireTime": clock.format_micro(now), "leaseTransitions": transitions}
        taken = {**lease, "spec": {**spec, **self._spec(now)}}
        return self._write(lambda: self._client.update(taken), now)

    def _is_free(self, spec: Object, now: datetime) -> bool:
        """Whether the holder has given it back, has not renewed it for its length (by our clock), or is dead."""
        holder, renewed = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
        if not holder or _is_dead(holder):
            return True
        if renewed != self._seen[0]:
            self._seen = (renewed, now)
        return (now - self._seen[1]).total_seconds() > spec.get("leaseDurationSeconds", self._seconds)

    def _read(self) -> Object | None:
        try:
            return self._client.get("Lease", self._name, ELECTION_NAMESPACE)
        except errors.NotFound:
            return None

    def _write(self, write: Callable[[], Object], now: datetime) -> bool:
        try:
            write()
        except (errors.Conflict, errors.AlreadyExists):
            return False
        self._renewed = now
        return True

    def _release(self) -> None:
        try:
            lease = self._read()
            if lease and lease["spec"].get("holderIdentity") == self.identity:
                self._client.update({**lease, "spec": {**lease["spec"], "holderIdentity": ""}})
        except errors.ApiError as error:
            log.debug("lease %s not given back: %s", self._name, error.message)

    def _meta(self) -> Object:
        return {"name": self._name, "namespace": ELECTION_NAMESPACE}

    def _spec(self, now: datetime) -> Object:
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self._seconds,
            "renewTime": clock.format_micro(now),
        }


def _lease(meta: Object, spec: Object) -> Object:
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


def _is_dead(identity: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, _, rest = identity.partition("_")
    pid = rest.partition("_")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
