"""What the probes of a node's containers have come to: thread-safe facts that plans and statuses are made from."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


class Results:
    """Per container id and kind of probe: True (well), False (failed), or nothing yet."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], bool] = {}

    def put(self, container_id: str, kind: str, well: bool) -> bool:
        """Notes a result; True if it says something new."""
        before = self._of.get((container_id, kind))
        self._of[container_id, kind] = well
        return before is not well

    def forget(self, container_id: str) -> None:
        for key in [key for key in list(self._of) if key[0] == container_id]:
            self._of.pop(key, None)

    def started(self, container: Object, container_id: str) -> bool:
        """Of one that runs: its startup probe has succeeded, or it has none."""
        return not container.get("startupProbe") or self._of.get((container_id, "startupProbe")) is True

    def ready(self, container: Object, container_id: str) -> bool:
        """Of one that runs: it has started, and its readiness probe, if any, says so."""
        if not self.started(container, container_id):
            return False
        return not container.get("readinessProbe") or self._of.get((container_id, "readinessProbe")) is True

    def failed(self, container: Object, container_id: str) -> str:
        """The kind of probe for which a container is to be ended, or nothing."""
        for kind in ("startupProbe", "livenessProbe"):
            if container.get(kind) and self._of.get((container_id, kind)) is False:
                return kind
        return ""
