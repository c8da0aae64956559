"""How fast one user may ask, so that the flood of one delays nobody else.

Kubernetes queues such requests (API Priority and Fairness); here they are answered 429 with Retry-After, which kubectl
and the client libraries wait for. As there, administrators, nodes, the control plane and the accounts of kube-system
have levels of their own: they are not held up.
Source: pkg/apis/flowcontrol/bootstrap/default.go (who is in which level)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from minikweb.apimachinery.errors import TooManyRequests
from minikweb.apiserver.authentication import User
from minikweb.apiserver.authorization import SUPERUSERS

RATE = 100.0  # requests a second that one user may send for long
BURST = 500.0  # and at once: kubectl's first discovery, helm, a lesson's page
REMEMBERED = 1_000  # users; then those who have not asked lately are forgotten
LEVELS_OF_THEIR_OWN = (SUPERUSERS, "system:nodes", "system:serviceaccounts:kube-system")
CONTROL_PLANE = ("system:kube-", "minikweb:")


class Shares:
    """What each user has left of their share. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # user → (requests left, when)
        self._lock = threading.Lock()

    def take(self, user: User) -> None:
        """One request of this user. Raises TooManyRequests."""
        if user.name.startswith(CONTROL_PLANE) or any(group in user.groups for group in LEVELS_OF_THEIR_OWN):
            return
        with self._lock:
            left = self._refilled(user.name)
            self._left[user.name] = (left - (left >= 1), self._clock())  # what is refused takes nothing
            if len(self._left) > REMEMBERED:
                self._left = {name: self._left[name] for name in self._left if self._refilled(name) < BURST}
        if left < 1:
            message = f"user {user.name!r} sends more than {RATE:g} requests a second: wait a moment, then try again"
            raise TooManyRequests(message, details={"retryAfterSeconds": 1})

    def _refilled(self, name: str) -> float:
        left, when = self._left.get(name, (BURST, 0.0))
        return min(BURST, left + (self._clock() - when) * RATE)
