"""The board of a class: who is where in one lesson, what is done, who is stuck and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal

from minikweb.kinds.podstatus import summary

Object = dict[str, Any]

STUCK = timedelta(minutes=4)  # on one step
AWAY = timedelta(minutes=2)  # since a page of theirs was last asked for
# What a pod's status says while all is well or on its way.
FINE = {"Running", "Completed", "Succeeded", "Pending", "ContainerCreating", "PodInitializing", "Terminating"}

State = Literal["done", "shown", "here", "seen", ""]


@dataclass(frozen=True)
class Sitting:
    """A student as the roster and the lesson tell: `done` step → when, `seen` step → when first opened."""

    account: str
    name: str
    joined_at: datetime
    seen_at: datetime
    lost_at: datetime | None = None
    step: str = ""  # of this lesson; "" when they are elsewhere
    step_since: datetime | None = None
    elsewhere: str = ""  # the other lesson they look at
    done: Mapping[str, datetime] = ()  # type: ignore[assignment]
    seen: Mapping[str, datetime] = ()  # type: ignore[assignment]
    shown: frozenset[str] = frozenset()  # steps whose solution was asked for


@dataclass(frozen=True)
class Cell:
    """One step of one student. `seconds`: how long it took, or has taken so far."""

    step: str
    state: State
    seconds: int | None = None


@dataclass(frozen=True)
class Row:
    """One student. `stuck`: seconds on a step not done, None while that is short; `trouble`: what ails a pod."""

    account: str
    name: str
    cells: tuple[Cell, ...]
    lost: int | None
    stuck: int | None
    trouble: str
    away: bool
    elsewhere: str

    @property
    def done(self) -> int:
        return sum(cell.state in ("done", "shown") for cell in self.cells)


@dataclass(frozen=True)
class Column:
    """One step: how many have done it, and the median of how long it took them, in seconds."""

    step: str
    done: int
    median: int | None


@dataclass(frozen=True)
class Board:
    """Rows as the roster is ordered."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Who needs the teacher: raised hands first, then the longest stuck."""
        asking = [row for row in self.rows if row.lost is not None or row.stuck is not None]
        return tuple(sorted(asking, key=lambda row: (row.lost is None, -(row.lost or row.stuck or 0))))


def board(steps: Sequence[str], sittings: Iterable[Sitting], troubles: Mapping[str, str], now: datetime) -> Board:
    """The board of a lesson with these steps. `troubles`: account → what ails a pod of theirs."""
    sittings = list(sittings)
    rows = tuple(_row(steps, sitting, troubles.get(sitting.account, ""), now) for sitting in sittings)
    columns = [_column(step, index, rows) for index, step in enumerate(steps)]
    return Board(tuple(columns), rows)


def _row(steps: Sequence[str], sitting: Sitting, trouble: str, now: datetime) -> Row:
    cells = tuple(_cell(step, sitting, now) for step in steps)
    here = next((cell for cell in cells if cell.state == "here"), None)
    long = here is not None and (here.seconds or 0) >= STUCK.total_seconds()
    return Row(
        account=sitting.account,
        name=sitting.name,
        cells=cells,
        lost=_seconds(sitting.lost_at, now),
        stuck=here.seconds if here and long else None,
        trouble=trouble,
        away=now - sitting.seen_at > AWAY,
        elsewhere=sitting.elsewhere,
    )


def _cell(step: str, sitting: Sitting, now: datetime) -> Cell:
    begun, ended = dict(sitting.seen).get(step), dict(sitting.done).get(step)
    if ended is not None:
        return Cell(step, "shown" if step in sitting.shown else "done", _seconds(begun, ended))
    if step == sitting.step:
        return Cell(step, "here", _seconds(sitting.step_since, now))
    return Cell(step, "seen" if begun else "")


def _seconds(since: datetime | None, until: datetime) -> int | None:
    return None if since is None else max(0, int((until - since).total_seconds()))


def _column(step: str, index: int, rows: Sequence[Row]) -> Column:
    cells = [row.cells[index] for row in rows]
    done = [cell for cell in cells if cell.state in ("done", "shown")]
    times = [cell.seconds for cell in done if cell.seconds is not None]
    return Column(step, len(done), int(median(times)) if times else None)


def troubles(pods: Iterable[Object], owners: Mapping[str, str]) -> dict[str, str]:
    """account → the status of the first pod of theirs that is not well; `owners`: namespace → account."""
    found: dict[str, str] = {}
    for pod in sorted(pods, key=lambda pod: pod["metadata"].get("creationTimestamp", "")):
        account = owners.get(pod["metadata"].get("namespace", ""))
        word = ailment(pod) if account else ""
        if account and word:
            found.setdefault(account, word)
    return found


def ailment(pod: Object) -> str:
    """What ails a pod, in kubectl's word; "" while it is well or on its way."""
    word = summary(pod).word
    if word in FINE or word.startswith("Init:") and word[5:6].isdigit():
        unschedulable = any(c.get("reason") == "Unschedulable" for c in pod.get("status", {}).get("conditions") or ())
        return "Unschedulable" if unschedulable and word == "Pending" else ""
    return word
