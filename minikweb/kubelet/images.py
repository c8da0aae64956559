"""A container's image before it starts: here, being pulled, or why not. Source: pkg/kubelet/images/image_manager.go."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from minikweb.apimachinery.errors import ApiError
from minikweb.kubelet import credentials
from minikweb.kubelet.backoff import Backoff
from minikweb.kubelet.operations import Operations
from minikweb.kubelet.pods import Waiting
from minikweb.runtime.protocol import Runtime, RuntimeFailure

Object = dict[str, Any]
Read = Callable[[str, str], Object | None]  # (namespace, name) → a Secret
Tell = Callable[[str, str, str], None]  # (Normal | Warning, reason, message) of an event about the container

JUST_FAILED = 1.0  # seconds for which ErrImagePull is shown before ImagePullBackOff


@dataclass
class Pull:
    """The last pull of an image for a pod."""

    shown: Waiting = Waiting("ContainerCreating")  # while it goes on
    done: bool = False
    failure: RuntimeFailure | None = None
    failed_at: datetime | None = None
    told: bool = False  # its failure has been shown as ErrImagePull


class Images:
    """One per node. Policies are decided here; the runtime only knows what is there and how to fetch."""

    def __init__(self, runtime: Runtime, operations: Operations, clock: Callable[[], datetime], read: Read):
        self.runtime, self.operations, self.clock, self.read = runtime, operations, clock, read
        self.backoff = Backoff()
        self._pulls: dict[str, Pull] = {}

    def ensure(self, pod: Object, container: Object, tell: Tell) -> tuple[Waiting | None, float | None]:
        """(None, None) when the container may start, else (why it waits, seconds to the next look)."""
        image, policy = container["image"], container.get("imagePullPolicy", "IfNotPresent")
        annotations = pod["metadata"].get("annotations") or {}
        try:
            present = self.runtime.image_id(image, annotations) is not None
        except RuntimeFailure as failure:
            tell("Warning", "InspectFailed", failure.message)
            tell("Warning", "Failed", f"Error: {failure.reason}")
            return Waiting(failure.reason, failure.message), 30.0
        if present and policy != "Always":
            if self._pulls.pop(_key(pod, image), None) is None:
                tell("Normal", "Pulled", _already(image))
            return None, None
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            tell("Warning", "ErrImageNeverPull", message)
            tell("Warning", "Failed", "Error: ErrImageNeverPull")
            return Waiting("ErrImageNeverPull", message), 10.0
        return self._pulled(pod, image, annotations, tell)

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self.backoff.forget(f"{uid}/")
        for key in [key for key in list(self._pulls) if key.startswith(f"{uid}/")]:
            self._pulls.pop(key, None)

    def _pulled(
        self, pod: Object, image: str, annotations: dict[str, str], tell: Tell
    ) -> tuple[Waiting | None, float | None]:
        """What the pull of an image has come to; begins one where it is time."""
        key = _key(pod, image)
        pull = self._pulls.get(key)
        if pull is not None and self.operations.is_running(f"pull {key}"):
            return pull.shown, None
        if pull is None or not pull.done or self._is_due(key, pull):
            shown = pull.shown if pull else Pull.shown
            self._pulls[key] = pull = Pull(shown)
            tell("Normal", "Pulling", f'Pulling image "{image}"')
            work = partial(self._pull, pull, pod, image, tell)
            if not self.operations.start(f"pull {key}", _pod_key(pod), work):
                return pull.shown, None
        if pull.failure is None:
            self._pulls.pop(key)
            return None, None
        return self._failed(key, image, pull, pull.failure, tell)

    def _is_due(self, key: str, pull: Pull) -> bool:
        """Whether a pull that failed is to be tried again."""
        return pull.failed_at is not None and not self._wait(key, pull)

    def _wait(self, key: str, pull: Pull) -> float:
        """Seconds until the next try of a pull that failed; 0: now."""
        now = self.clock()
        return max(0.0, self.backoff.remaining(key, pull.failed_at or now, now).total_seconds())

    def _pull(self, pull: Pull, pod: Object, image: str, tell: Tell) -> None:
        """Runs in a thread of its own where the runtime blocks."""
        started = time.monotonic()
        try:
            self._fetch(pod, image, tell)
        except RuntimeFailure as failure:
            pull.failure, pull.failed_at = failure, self.clock()
            self.backoff.next(_key(pod, image), pull.failed_at)
            tell("Warning", "Failed", f'Failed to pull image "{image}": {failure.message}')
            tell("Warning", "Failed", f"Error: {failure.reason}")
        else:
            took = f"{time.monotonic() - started:.3g}s"
            tell("Normal", "Pulled", f'Successfully pulled image "{image}" in {took} ({took} including waiting).')
        pull.done = True

    def _fetch(self, pod: Object, image: str, tell: Tell) -> None:
        """With each credential that the pod's secrets have for the registry, else without. Raises the last failure."""
        annotations = pod["metadata"].get("annotations") or {}
        try:
            secrets = self._secrets(pod, tell)
        except ApiError as error:  # a failure as any other: it is waited for longer and longer
            raise RuntimeFailure(f"cannot read the pull secrets: {error.message}", "ErrImagePull") from error
        known = credentials.for_image(image, secrets)
        for number, credential in enumerate(known or [None], 1):
            try:
                self.runtime.pull_image(image, annotations, credential)
                return
            except RuntimeFailure:
                if number == len(known or [None]):
                    raise

    def _secrets(self, pod: Object, tell: Tell) -> list[Object]:
        names = [each.get("name", "") for each in pod["spec"].get("imagePullSecrets") or ()]
        found = {name: self.read(pod["metadata"]["namespace"], name) for name in names}
        if missing := [name for name, secret in found.items() if secret is None]:
            words = f"Unable to retrieve some image pull secrets ({', '.join(missing)}); "
            tell("Warning", "FailedToRetrieveImagePullSecret", f"{words}attempting to pull the image may not succeed.")
        return [secret for secret in found.values() if secret is not None]

    def _failed(self, key: str, image: str, pull: Pull, failure: RuntimeFailure, tell: Tell) -> tuple[Waiting, float]:
        """First the failure itself is shown, then that it is waited for."""
        if not pull.told:
            pull.told = True
            return Waiting(failure.reason, failure.message), JUST_FAILED
        message = f'Back-off pulling image "{image}"'
        tell("Normal", "BackOff", message)
        tell("Warning", "Failed", "Error: ImagePullBackOff")
        pull.shown = Waiting("ImagePullBackOff", f"{message}: {failure.reason}: {failure.message}")
        return pull.shown, max(JUST_FAILED, self._wait(key, pull))


def _already(image: str) -> str:
    return f'Container image "{image}" already present on machine and can be accessed by the pod'


def _key(pod: Object, image: str) -> str:
    return f"{pod['metadata']['uid']}/{image}"


def _pod_key(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
