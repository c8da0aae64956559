"""The one hub of the process: writes in, events out, in the order of revisions.

Subscribe first, then read the log up to the revision of the subscription: nothing is lost and nothing doubled.
A slow watcher is cut, never waited for (as in k3s-io/kine pkg/broadcaster).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson

CAPACITY = 10_000  # events a watcher may lag behind: more than any burst of one rollout


class Event:
    """One write as watchers see it. Parsed at most once, whatever the number of watchers."""

    def __init__(
        self,
        revision: int,
        type: str,
        resource: str,
        namespace: str,
        name: str,
        body: str,
        before: str | None,
    ):
        self.revision = revision
        self.type = type  # ADDED, MODIFIED, DELETED
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.body = body
        self.before = before  # the object before it, None at its birth

    @cached_property
    def object(self) -> dict[str, Any]:
        """The object after the write; shared, never to be changed."""
        return orjson.loads(self.body)

    @cached_property
    def old(self) -> dict[str, Any] | None:
        """The object before the write; shared, never to be changed."""
        return orjson.loads(self.before) if self.before is not None else None

    @cached_property
    def frame(self) -> bytes:
        """The event as a watch sends it when nothing has to be converted."""
        return b'{"type":"%b","object":%b}\n' % (self.type.encode(), self.body.encode())


class Subscription:
    """What one watcher has still to read. `wake` is called from the writer's thread: it must only ring a bell."""

    def __init__(self, namespace: str, name: str, wake: Callable[[], None], capacity: int):
        self.namespace = namespace
        self.name = name
        self.wake = wake
        self.capacity = capacity
        self.queue: deque[Event] = deque()
        self.lost = False

    def wants(self, event: Event) -> bool:
        return (not self.namespace or event.namespace == self.namespace) and (not self.name or event.name == self.name)

    def put(self, event: Event) -> None:
        if self.lost or len(self.queue) >= self.capacity:
            self.lost = True  # for good: what follows would hide the gap
        else:
            self.queue.append(event)
        self.wake()


class Hub:
    """Hands each event to the subscriptions of its resource. `revision` is the last one published."""

    def __init__(self) -> None:
        self.revision = 0
        self._lock = threading.Lock()
        self._subscriptions: dict[str, list[Subscription]] = {}

    def subscribe(
        self,
        resource: str,
        wake: Callable[[], None],
        *,
        namespace: str = "",
        name: str = "",
        capacity: int = CAPACITY,
    ) -> tuple[Subscription, int]:
        """Returns the subscription and the revision after which it gets every event."""
        subscription = Subscription(namespace, name, wake, capacity)
        with self._lock:
            self._subscriptions.setdefault(resource, []).append(subscription)
            return subscription, self.revision

    def unsubscribe(self, resource: str, subscription: Subscription) -> None:
        """Idempotent."""
        with self._lock:
            if subscription in self._subscriptions[resource]:
                self._subscriptions[resource].remove(subscription)

    def publish(self, event: Event) -> None:
        """Called with the writers' lock held, after the commit."""
        with self._lock:
            self.revision = event.revision
            for subscription in self._subscriptions.get(event.resource, ()):
                if subscription.wants(event):
                    subscription.put(event)

    def cut_all(self) -> None:
        """Ends every watch, since something may be missing: each client lists again."""
        with self._lock:
            for subscriptions in self._subscriptions.values():
                for subscription in subscriptions:
                    subscription.lost = True
                    subscription.wake()

    def wake_all(self) -> None:
        """Rings every watcher's bell, for the end of the server."""
        with self._lock:
            for subscriptions in self._subscriptions.values():
                for subscription in subscriptions:
                    subscription.wake()

    def caught_up(self, subscription: Subscription) -> int | None:
        """The revision up to which the watcher has read everything; None while its queue holds events."""
        with self._lock:
            return None if subscription.queue else self.revision
