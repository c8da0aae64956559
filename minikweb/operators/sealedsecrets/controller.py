"""Every SealedSecret becomes a Secret: opened, written, owned, and told in its status.

As the original it puts a Secret back that was deleted, leaves one that was edited until the SealedSecret changes, and
writes over no Secret of somebody else. Unlike it, it looks again by itself when what was in the way is gone: a Secret,
or a key that is only now restored.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from minikweb import settings
from minikweb.apimachinery import meta, serializer
from minikweb.apimachinery.errors import ApiError, Conflict, NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.kinds.customresources import kinds_of
from minikweb.kinds.registry import Kind
from minikweb.operators.sealedsecrets import installation, plan
from minikweb.operators.sealedsecrets.server import NotReady, Server, Unreadable
from minikweb.sealing import keys, sealedsecret
from minikweb.sealing.hybrid import CannotUnseal

Object = dict[str, Any]

log = logging.getLogger(__name__)

INSTALLATION = f"/{installation.NAME}"  # the key of what it brings along, its own keys included
OURS = (  # what wakes the installation when it changes
    ("CustomResourceDefinition", installation.DEFINITION),
    ("Service", installation.NAME),
    ("Role", installation.PROXIERS),
    ("RoleBinding", installation.PROXIERS),
    ("Namespace", keys.NAMESPACE),
    *(("ClusterRole", role["metadata"]["name"]) for role in installation.cluster_roles()),
)
CLASS_LABEL = "minikweb.io/class"  # on the namespaces of students (people/grants.py), whose labels they cannot change
AGAIN = 60.0  # seconds, after a write that was refused
WRITES_SEEN = 5.0  # seconds


class SealedSecretsController(Controller):
    """Its keys are `namespace/name` of SealedSecrets, and INSTALLATION. The definition's objects join while it runs."""

    name = "sealedsecrets"
    needs = (
        "CustomResourceDefinition",
        "Namespace",
        "Secret",
        "Service",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "Deployment",
    )
    source = "sealed-secrets"
    workers = 2

    key_bits = keys.BITS
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.followed: Kind | None = None
        self._pairs: dict[str, keys.KeyPair] = {}  # uid of the Secret → what it holds
        self._server: Server | None = None
        self.heir = client.acting_as()  # the same, but for whose the fields are
        self.heir.field_manager = installation.HEIR
        self._serving = threading.Lock()
        self.socket: Path = settings.service_socket(keys.NAMESPACE, installation.NAME)

    # --- who is to be looked at ----------------------------------------------------------------------

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        obj = new or old
        assert obj is not None
        if kind == "CustomResourceDefinition" and obj["metadata"]["name"] == installation.DEFINITION:
            self.follow(new)
        if (kind, obj["metadata"]["name"]) in OURS:
            yield INSTALLATION
        elif kind == "Secret":
            yield from self.keys_of_secret(old, new)
        elif kind == "Deployment" and is_original(old) != is_original(new):
            yield INSTALLATION
            yield from self.all_sealed()

    def follow(self, definition: Object | None) -> None:
        """Begins or ends to follow the objects of the definition."""
        served = {kind.version: kind for kind in (kinds_of(definition) if definition else ())}
        kind = served.get(sealedsecret.VERSION)
        if kind is None:
            self.followed = None
        elif self.followed is None:
            self.followed = kind
            self.cache.informer(kind).add_handler(lambda old, new: self.wake(*self.keys_of_sealed(old, new)))

    def keys_of_sealed(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """Its own status is no reason to look again."""
        if new and (old is None or _wish(old) != _wish(new)):
            yield key_of(new)

    def keys_of_secret(self, old: Object | None, new: Object | None) -> Iterable[str]:
        """A key that comes may open what could not be; a Secret that goes, or is given free, may be written."""
        secret = new or old
        assert secret is not None
        if keys.is_key(secret) or (old and keys.is_key(old)):
            yield INSTALLATION
            if old is None:
                yield from self.all_sealed()
        elif (new is None or (old and _annotations(old) != _annotations(new))) and self.sealed(*_place(secret)):
            yield key_of(secret)

    def all_sealed(self) -> list[str]:
        return [key_of(obj) for obj in self.cache.list(self.followed)] if self.followed else []

    def sealed(self, namespace: str, name: str) -> Object | None:
        return self.cache.get(self.followed, namespace, name) if self.followed else None

    def is_aside(self) -> bool:
        """Whether the original runs: everything is left to it. What a student calls so stands in for nobody."""
        found = filter(installation.is_original, self.cache.list("Deployment"))
        return any(not self.is_of_a_class(deployment["metadata"]["namespace"]) for deployment in found)

    def is_of_a_class(self, namespace: str) -> bool:
        obj = self.cache.get("Namespace", None, namespace) or {"metadata": {}}
        return CLASS_LABEL in (obj["metadata"].get("labels") or {})

    def sync(self, namespace: str, name: str) -> float | None:
        if f"{namespace}/{name}" == INSTALLATION:
            return self.install()
        if self.is_aside() or self.followed is None:
            return None
        self.cache.writes.wait_seen(self.cache.informer(self.followed), WRITES_SEEN)
        sealed = self.sealed(namespace, name)
        if sealed is None or meta.is_being_deleted(sealed):
            return None
        return self.unseal(sealed)

    # --- what it brings along ------------------------------------------------------------------------

    def install(self) -> float | None:
        """Everything there, a key that is not too old, the server answering. Returns the seconds to the next key."""
        service = self.cache.get("Service", keys.NAMESPACE, installation.NAME)
        if self.is_aside():
            if service and installation.is_ours(service):
                with suppress(NotFound):
                    self.client.delete("Service", installation.NAME, keys.NAMESPACE, uid=service["metadata"]["uid"])
            self.stop_serving()
            return None
        for wanted in installation.objects():
            self.ensure(wanted)
        self.serve()
        wait = keys.renewed_in(self.pairs(), self.now()).total_seconds()
        if wait > 0:
            return wait
        made = self.client.create(keys.generate(self.now(), self.key_bits))
        log.info("a new key seals from now on: %s", made["metadata"]["name"])
        return keys.RENEWED_AFTER.total_seconds()

    def ensure(self, wanted: Object) -> None:
        """Applies it where there is none; what somebody else has put there stays."""
        metadata = wanted["metadata"]
        if self.cache.get(wanted["kind"], metadata.get("namespace"), metadata["name"]) is None:
            kind, namespace = self.heir.kind_of(wanted), metadata.get("namespace")
            self.heir.patch(kind, metadata["name"], wanted, namespace, type="apply", force=True)

    def pairs(self) -> list[keys.KeyPair]:
        """All keys, read from their Secrets once."""
        found = {one["metadata"]["uid"]: one for one in self.cache.list("Secret", keys.NAMESPACE) if keys.is_key(one)}
        known = self._pairs
        for uid, secret in found.items():
            if uid not in known:
                try:
                    known = {**known, uid: keys.read(secret)}
                except keys.NotAKey as error:
                    log.warning("not a key: %s", error)
        self._pairs = known
        return [known[uid] for uid in found if uid in known]

    # --- what kubeseal asks ----------------------------------------------------------------------------

    def serve(self) -> None:
        with self._serving:
            if self._server is None:
                self.socket.parent.mkdir(parents=True, exist_ok=True)
                self._server = Server(self.socket, self.certificate, self.verify, self.rotate)
                self._server.start()

    def stop_serving(self) -> None:
        with self._serving:
            if self._server:
                self._server.close()
            self._server = None

    def newest(self) -> keys.KeyPair:
        pair = keys.newest(self.pairs())
        if pair is None:
            raise NotReady("the first key is being made: ask again in a moment")
        return pair

    def certificate(self) -> bytes:
        return self.newest().pem

    def verify(self, body: bytes) -> bool:
        try:
            sealedsecret.unseal(read(body), self.private_keys())
        except CannotUnseal:
            return False
        return True

    def rotate(self, body: bytes) -> bytes:
        renewed = sealedsecret.reseal(read(body), self.private_keys(), self.newest().private.public_key())
        return orjson.dumps(renewed)

    def private_keys(self) -> list:
        """The newest first: it opens most."""
        return [pair.private for pair in sorted(self.pairs(), key=lambda pair: pair.since, reverse=True)]

    # --- one SealedSecret ------------------------------------------------------------------------------

    def unseal(self, sealed: Object) -> float | None:
        """Writes its Secret and says how it went. Returns the seconds to the next try of a refused write."""
        again = None
        try:
            written, problem = self.write_secret(sealed)
        except CannotUnseal as error:
            written, problem = False, str(error)
            self.recorder.event(sealed, "Warning", "ErrUnsealFailed", f"Failed to unseal: {problem}")
        except ApiError as error:
            if error.code in (503, 504):
                raise
            written, problem, again = False, error.message, AGAIN
            if plan.IMMUTABLE in problem:
                problem = plan.immutable(*_place(sealed))
            self.recorder.event(sealed, "Warning", "ErrUpdateFailed", problem)
        status = plan.status(sealed, problem, self.now())
        if not problem and (written or status):
            self.recorder.event(sealed, "Normal", "Unsealed", "SealedSecret unsealed successfully")
        if status:
            self.write_status(sealed, status)
        return again

    def write_secret(self, sealed: Object) -> tuple[bool, str]:
        """Whether anything was written, and why not. Raises CannotUnseal, and what the API refuses."""
        secret = sealedsecret.unseal(sealed, self.private_keys())
        namespace, name = _place(sealed)
        try:
            existing = self.client.get("Secret", name, namespace)
        except NotFound:
            self.client.create(secret)
            return True, ""
        wanted = plan.written_over(existing, secret)
        if plan.is_same(existing, wanted):
            return False, ""
        refused = plan.refusal(existing, sealed)
        if refused:
            self.recorder.event(sealed, "Warning", "ErrUpdateFailed", refused)
            return False, f"failed update: {refused}"
        self.client.update(wanted)
        return True, ""

    def write_status(self, sealed: Object, status: Object) -> None:
        namespace, name = _place(sealed)
        assert self.followed
        patch = {"metadata": {"uid": sealed["metadata"]["uid"]}, "status": status}
        with suppress(NotFound, Conflict):
            self.client.patch(self.followed, name, patch, namespace, subresource="status")


def is_original(deployment: Object | None) -> bool:
    return deployment is not None and installation.is_original(deployment)


def read(body: bytes) -> Object:
    """The SealedSecret in a request, JSON or YAML. Raises Unreadable."""
    try:
        documents = serializer.load_yaml(body.decode())
    except (ApiError, UnicodeDecodeError) as error:
        raise Unreadable(f"this cannot be read: {getattr(error, 'message', error)}") from None
    if len(documents) != 1:
        raise Unreadable(f"one SealedSecret at a time, not {len(documents)}")
    found = documents[0]
    if (found.get("apiVersion"), found.get("kind")) != (sealedsecret.API_VERSION, sealedsecret.KIND):
        raise Unreadable(f"unexpected resource type: {found.get('apiVersion')}, Kind={found.get('kind')}")
    if not isinstance(found.get("metadata"), dict) or not found["metadata"].get("name"):
        raise Unreadable("a SealedSecret has a metadata.name")
    metadata = {"uid": "", "namespace": "", **found["metadata"]}
    return {**found, "metadata": metadata}


def _wish(sealed: Object) -> tuple[Any, ...]:
    """What of a SealedSecret is looked at; the scope is in its annotations, which no generation counts."""
    metadata = sealed["metadata"]
    return metadata["uid"], metadata.get("generation"), _annotations(sealed)


def _annotations(obj: Object) -> Object:
    return obj["metadata"].get("annotations") or {}


def _place(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
