"""What takes long and must not hold a worker: stopping with a grace, pulling. Each runs once, then wakes its pod."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Operations:
    """Blocking calls in threads of their own, each under a key; `wake` is called with the pod's key at the end."""

    def __init__(self, wake: Callable[[str], None], *, blocks: bool = True):
        """Where nothing blocks (simulated containers), calls are made at once by the caller."""
        self._wake = wake
        self._blocks = blocks
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def is_running(self, key: str) -> bool:
        return key in self._running

    def start(self, key: str, pod_key: str, call: Callable[[], None]) -> bool:
        """Begins the call unless one of that key runs; True if it is over already."""
        if not self._blocks:
            call()
            return True
        with self._lock:
            if key in self._running:
                return False
            self._running.add(key)
        threading.Thread(target=self._run, args=(key, pod_key, call), name=key[:15], daemon=True).start()
        return False

    def _run(self, key: str, pod_key: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            log.warning("%s: %s", key, error)
        finally:
            with self._lock:
                self._running.discard(key)
            self._wake(pod_key)
