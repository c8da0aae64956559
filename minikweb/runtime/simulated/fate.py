"""What a simulated container is at an instant. Pure: it follows from when it was started and from its fate.

Any well-formed image name starts and runs until stopped. A container of a pod whose restartPolicy is not Always, and an
init container, completes with 0 after a moment. Annotations of the pod ask for another fate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from minikweb.apimachinery import quantity
from minikweb.runtime.protocol import PodRef

FATE = "simulated.minikweb.io/"
EXIT_CODE = FATE + "exit-code"  # ends with it: after `duration` (default a moment)
CRASH_AFTER = FATE + "crash-after"  # seconds; ends with exit-code, else 1
DURATION = FATE + "duration"  # seconds; ends with exit-code, else 0
IMAGE = FATE + "image"  # "absent": cannot be pulled
READY = FATE + "ready"  # "never", or after how many seconds
ALIVE = FATE + "alive"  # seconds: how long after its start a liveness probe still finds it alive
CPU, MEMORY = (
    FATE + "cpu",
    FATE + "memory",
)  # what each container uses, as quantities; without the first none is measured
MOMENT = 1.0  # seconds that a container runs where it completes by itself
INIT_MOMENT = 0.2  # the same for one that other containers wait for


@dataclass
class Sandbox:
    id: str
    pod: PodRef
    ip: str
    attempt: int
    created: float  # all times here are POSIX seconds
    stopped: bool = False


@dataclass
class Container:
    id: str
    sandbox_id: str
    name: str
    image: str
    attempt: int
    command: str
    annotations: dict[str, str] = field(default_factory=dict)
    runs_to_completion: bool = False
    created: float = 0.0
    started: float | None = None
    stopped: float | None = None  # by us
    forced_exit: int = 143


def fate(container: Container) -> tuple[float, int] | None:
    """When, in seconds after its start, a container ends by itself and with which code; None: it runs until stopped."""
    wish = container.annotations
    code = int(_number(wish.get(EXIT_CODE), 0))
    if CRASH_AFTER in wish:
        return _number(wish[CRASH_AFTER], MOMENT), code or 1
    if DURATION in wish:
        return _number(wish[DURATION], MOMENT), code
    if EXIT_CODE in wish:
        return MOMENT, code
    if container.runs_to_completion:
        return (MOMENT if wish else INIT_MOMENT), 0
    return None


def ready_after(container: Container) -> float:
    """After how many seconds a readiness or startup probe finds it well."""
    wish = container.annotations.get(READY)
    return math.inf if wish == "never" else _number(wish, 0)


def stop_share(container: Container) -> float:
    """0.5 to 1.5: how long this container's stop takes, of what one takes on average; hardly two end together."""
    return 0.5 + int(container.id[:4], 16) / 0xFFFF


def is_alive(container: Container, now: float) -> bool:
    """What a liveness probe would find."""
    wish = container.annotations.get(ALIVE)
    return wish is None or now < (container.started or now) + _number(wish, 0)


def used(container: Container) -> tuple[float, int] | None:
    """(cores, bytes) that it uses while it runs, None where no annotation says so or none can be read."""
    if CPU not in container.annotations:
        return None
    try:
        memory = quantity.memory(container.annotations.get(MEMORY, "0"))
        return quantity.cpu(container.annotations[CPU]), memory
    except ValueError:
        return None


def _number(text: str | None, otherwise: float) -> float:
    try:
        return max(0.0, float(text)) if text is not None else otherwise
    except ValueError:
        return otherwise


def end_of(container: Container) -> tuple[float, int] | None:
    """The instant and the exit code of a container's end as far as it is decided, whether past or to come."""
    if container.started is None:
        return None
    own = fate(container)
    by_itself = (container.started + own[0], own[1]) if own else None
    if container.stopped is None:
        return by_itself
    if by_itself and by_itself[0] <= container.stopped:
        return by_itself
    return container.stopped, container.forced_exit


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
