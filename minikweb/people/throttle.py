"""How often somebody may try: a few at once, then one after another. Kept in this process, forgotten when unused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 10_000  # buckets; then those that are full again are forgotten


@dataclass
class Throttle:
    """`burst` tries at once, one more every `every` seconds, for each key. Thread-safe."""

    burst: int
    every: float
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}  # key → (tries used, when)
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Seconds until this key may try again; 0 when it may now."""
        with self._lock:
            used = self._now(key)
        return max(0.0, (used - self.burst + 1) * self.every) if used > self.burst - 1 else 0.0

    def count(self, key: str) -> None:
        """One try more."""
        with self._lock:
            self._used[key] = (min(self._now(key) + 1, self.burst + 10.0), self.clock())
            if len(self._used) > REMEMBERED:
                self._used = {known: self._used[known] for known in self._used if self._now(known) > 0}

    def forget(self) -> None:
        """Everybody begins anew."""
        with self._lock:
            self._used.clear()

    def _now(self, key: str) -> float:
        used, when = self._used.get(key, (0.0, 0.0))
        return max(0.0, used - (self.clock() - when) / self.every)


GUESSES = Throttle(burst=10, every=6.0)  # wrong codes from one address
ALL_GUESSES = Throttle(burst=60, every=1.0)  # wrong codes from everywhere
PASSWORDS = Throttle(burst=5, every=12.0)  # wrong passwords from one address, and for one name
SEATS = Throttle(burst=40, every=1.5)  # new students from everywhere: each of them costs a dozen objects
