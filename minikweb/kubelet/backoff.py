"""The back-off of crashing containers and failing pulls: 10 s, doubled up to 5 minutes, forgotten after 10 minutes.

Source: client-go util/flowcontrol/backoff.go, with the kubelet's durations (pkg/kubelet/kubelet.go).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST = timedelta(seconds=10)
LONGEST = timedelta(minutes=5)
FORGOTTEN = 2 * LONGEST


@dataclass
class Entry:
    delay: timedelta
    updated: datetime


class Backoff:
    """Per key, how long to wait after a failure. A first failure waits for nothing: only the next one does."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def delay(self, key: str) -> timedelta:
        """The present delay of a key; zero if it has none."""
        entry = self._entries.get(key)
        return entry.delay if entry else timedelta()

    def remaining(self, key: str, failed_at: datetime, now: datetime) -> timedelta:
        """How long to wait yet, given when it failed; zero or less: try now."""
        entry = self._entries.get(key)
        if entry is None or failed_at - entry.updated > FORGOTTEN:
            return timedelta()
        return failed_at + entry.delay - now

    def next(self, key: str, now: datetime) -> None:
        """A new try begins (or has failed): the delay after it is the first one, or twice the last."""
        entry = self._entries.get(key)
        if entry is None or now - entry.updated > FORGOTTEN:
            self._entries[key] = Entry(FIRST, now)
        else:
            self._entries[key] = Entry(min(entry.delay * 2, LONGEST), now)

    def forget(self, prefix: str) -> None:
        """Drops all keys that begin so."""
        for key in self._of(prefix):
            self._entries.pop(key, None)

    def _of(self, prefix: str) -> Iterable[str]:
        return [key for key in list(self._entries) if key.startswith(prefix)]


def go_duration(span: timedelta) -> str:
    """A duration as Go prints it: 10s, 1m20s, 5m0s."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
