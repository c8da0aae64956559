"""The event recorder: tells the user what a component did, without ever making the component wait.

Source: client-go tools/record (event.go, events_cache.go): repeated events are counted in one object, many similar
ones are combined, and one object cannot flood the cluster.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, errors
from minikweb.client.client import Client

Object = dict[str, Any]

log = logging.getLogger(__name__)

QUEUED = 2000  # events waiting to be written; beyond it the oldest are dropped
REMEMBERED = 4096  # series and sources remembered
SIMILAR, SIMILAR_SECONDS = 10, 600.0  # so many messages of one reason within this time are combined
BURST, REFILL = 25, 1 / 300  # events of one source about one object at once, and further ones per second
AWAY, TRIES = 0.5, 12  # seconds between two tries while the API server does not answer, and how many
COMBINED = "(combined from similar events): "


@dataclass(frozen=True)
class Occurrence:
    """One call of `event`: about what, and what."""

    reference: dict[str, str]
    type: str
    reason: str
    message: str
    at: datetime
    stamp: int  # nanoseconds; makes the name of its Event, so that a second try does not make a second one
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass
class Series:
    """The Event object in which equal occurrences are counted."""

    name: str
    count: int = 1
    first: str = ""


@dataclass
class Similar:
    """The messages seen lately for one reason of one object."""

    since: datetime
    messages: set[str] = field(default_factory=set)


@dataclass
class Bucket:
    """A token bucket: how many events of one source about one object may still be written."""

    tokens: float
    at: datetime


class Remembered(OrderedDict):
    """A dict that forgets what was used longest ago."""

    def recall(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of `key`, made if it is not remembered."""
        if key not in self:
            self[key] = make()
            if len(self) > REMEMBERED:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


class Recorder:
    """`event` only notes; one background thread, started with the first event, writes."""

    def __init__(self, client: Client, component: str = "", *, host: str = ""):
        self._client = client
        self._component = component or client.user_agent
        self._host = host
        self._waiting: deque[Occurrence] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._series: Remembered = Remembered()
        self._similar: Remembered = Remembered()
        self._buckets: Remembered = Remembered()

    def acting_as(self, component: str) -> Recorder:
        """A recorder for another component over the same connection."""
        return Recorder(self._client.acting_as(component), component, host=self._host)

    def event(
        self,
        obj: Object,
        type_: str,
        reason: str,
        message: str,
        *,
        field_path: str = "",
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Notes an event about obj; type is Normal or Warning, reason one CamelCase word.

        `field_path` names the part it is about, such as spec.containers{web}; `annotations` are for programs to read.
        """
        reference = reference_to(obj)
        if field_path:
            reference["fieldPath"] = field_path
        now, stamp = datetime.now(UTC), time.time_ns()
        occurrence = Occurrence(reference, type_, reason, message, now, stamp, annotations or {})
        with self._changed:
            if len(self._waiting) >= QUEUED:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(occurrence)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"events-{self._component}", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout: float = 5.0) -> bool:
        """Waits until all that was noted is written or given up."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._waiting))
                occurrence, dropped, self._dropped, self._busy = self._waiting.popleft(), self._dropped, 0, True
            if dropped:
                log.warning("%s: %d events dropped, the API is too slow for them", self._component, dropped)
            self._try_to_write(occurrence)

    def _try_to_write(self, occurrence: Occurrence) -> None:
        """Tries again while the API server does not answer; gives up on any other error."""
        if not self._is_allowed(occurrence):
            return
        for _ in range(TRIES):
            try:
                return self._write(occurrence)
            except errors.ApiError as error:
                why = error.message
                if error.code not in (503, 504):
                    break
                time.sleep(AWAY)
            except Exception as error:
                why = repr(error)
                break
        log.info("%s: event %s not written: %s", self._component, occurrence.reason, why)

    def _write(self, occurrence: Occurrence) -> None:
        """Creates the Event, or counts in the one there is."""
        key, message = self._combined(occurrence)
        series = self._series.get(key)
        if series and self._counted(series, occurrence, message):
            return
        event = self._new_event(occurrence, message)
        with contextlib.suppress(errors.AlreadyExists):  # the first try had arrived after all
            self._client.create(event)
        made = Series(event["metadata"]["name"], first=event["firstTimestamp"])
        self._series.pop(key, None)
        self._series.recall(key, lambda: made)

    def _is_allowed(self, occurrence: Occurrence) -> bool:
        """client-go's spam filter: a token bucket per object."""
        bucket = self._buckets.recall(occurrence.reference.get("uid"), lambda: Bucket(BURST, occurrence.at))
        bucket.tokens = min(BURST, bucket.tokens + (occurrence.at - bucket.at).total_seconds() * REFILL)
        bucket.at = occurrence.at
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combined(self, occurrence: Occurrence) -> tuple[Hashable, str]:
        """The series it belongs to and its message: many messages of one reason share a series."""
        reference = tuple(sorted((k, v) for k, v in occurrence.reference.items() if k != "resourceVersion"))
        group = (reference, occurrence.type, occurrence.reason)
        similar = self._similar.recall(group, lambda: Similar(occurrence.at))
        if (occurrence.at - similar.since).total_seconds() > SIMILAR_SECONDS:
            similar.since, similar.messages = occurrence.at, set()
        similar.messages.add(occurrence.message)
        if len(similar.messages) < SIMILAR:
            return (*group, occurrence.message), occurrence.message
        similar.messages.pop()
        return group, COMBINED + occurrence.message

    def _counted(self, series: Series, occurrence: Occurrence, message: str) -> bool:
        """Counts in the object of the series; False when it is gone."""
        namespace = occurrence.reference.get("namespace") or "default"
        change: Object = {"count": series.count + 1, "lastTimestamp": clock.format(occurrence.at), "message": message}
        if occurrence.annotations:
            change["metadata"] = {"annotations": occurrence.annotations}
        try:
            self._client.patch("Event", series.name, change, namespace)
        except errors.NotFound:
            return False
        series.count += 1
        return True

    def _new_event(self, occurrence: Occurrence, message: str) -> Object:
        stamp = clock.format(occurrence.at)
        source = {"component": self._component, **({"host": self._host} if self._host else {})}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{occurrence.reference['name']}.{occurrence.stamp:x}",
                "namespace": occurrence.reference.get("namespace") or "default",
                **({"annotations": occurrence.annotations} if occurrence.annotations else {}),
            },
            "involvedObject": occurrence.reference,
            "reason": occurrence.reason,
            "message": message,
            "source": source,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "type": occurrence.type,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }


def reference_to(obj: Object) -> dict[str, str]:
    """An ObjectReference to obj, without empty entries."""
    meta = obj["metadata"]
    entries = {
        "kind": obj["kind"],
        "namespace": meta.get("namespace"),
        "name": meta["name"],
        "uid": meta.get("uid"),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": meta.get("resourceVersion"),
    }
    return {key: value for key, value in entries.items() if value}
