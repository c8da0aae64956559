"""The schedules of CronJobs: five fields, names, ranges, steps, `@hourly` and `@every 1h30m`. Pure.

Of our own, as its rules (and its words for what is wrong) are to be those of the library Kubernetes uses and not those
of another cron. Source: github.com/robfig/cron/v3 (parser.go, spec.go, constantdelay.go).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)}
WEEKDAYS = {name: number for number, name in enumerate(_WEEKDAYS)}
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
YEARS = 5  # a schedule without any date within this time has none
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class Bounds:
    """What a field may hold."""

    least: int
    most: int
    names: dict[str, int]


FIELDS = (Bounds(0, 59, {}), Bounds(0, 23, {}), Bounds(1, 31, {}), Bounds(1, 12, MONTHS), Bounds(0, 6, WEEKDAYS))


@dataclass(frozen=True)
class Every:
    """`@every 90s`: so long after the last time."""

    delay: timedelta

    def next(self, after: datetime, zone: tzinfo = UTC) -> datetime | None:
        return after.replace(microsecond=0) + self.delay


@dataclass(frozen=True)
class Fields:
    """The minutes, hours, days, months and weekdays (0 is Sunday) at which it is time."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool  # both days are restricted: one of them is enough, as in Vixie's cron

    def next(self, after: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time after `after` by the clocks of `zone`, in UTC; None when there is none within five years.

        An hour that the clocks leave out is left out, one that they repeat comes twice.
        """
        moment = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment.year + YEARS
        while moment.year <= end:
            local = moment.astimezone(zone)
            if local.month not in self.months:
                later = local.replace(day=1, hour=0, minute=0, fold=0) + timedelta(days=32)
                moment = max(moment + timedelta(minutes=1), later.replace(day=1).astimezone(UTC))
            elif not self.is_day(local):
                midnight = local.replace(hour=0, minute=0, fold=0) + timedelta(days=1)
                moment = max(moment + timedelta(minutes=1), midnight.astimezone(UTC))
            elif local.hour not in self.hours:
                moment += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                moment += timedelta(minutes=1)
            else:
                return moment
        return None

    def is_day(self, local: datetime) -> bool:
        by_date, by_weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return by_date or by_weekday if self.either_day else by_date and by_weekday


Schedule = Every | Fields


def parse(text: str) -> Schedule:
    """The schedule of spec.schedule. Raises ValueError in the words of Kubernetes' library."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith("@every "):
        return _every(text.removeprefix("@every "))
    if text.startswith("@"):
        if text not in DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = DESCRIPTORS[text]
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError(f"expected exactly {len(FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]")
    values, stars = zip(*(_field(field, bounds) for field, bounds in zip(fields, FIELDS, strict=True)), strict=True)
    return Fields(*values, either_day=not (stars[2] or stars[4]))


def _every(text: str) -> Every:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'failed to parse duration {text}: time: invalid duration "{text}"')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return Every(timedelta(seconds=max(1, int(seconds))))


def _field(text: str, bounds: Bounds) -> tuple[frozenset[int], bool]:
    """The values of a field, and whether it is unrestricted (`*`, which `*/2` is not)."""
    values: set[int] = set()
    star = False
    for expression in filter(None, text.split(",")):
        found, is_star = _range(expression, bounds)
        values.update(found)
        star = star or is_star
    return frozenset(values), star


def _range(text: str, bounds: Bounds) -> tuple[range, bool]:
    """`*`, `5`, `1-5`, `*/15`, `10-50/20`; `10/20` goes on to the end."""
    span, *steps = text.split("/")
    low, *highs = span.split("-")
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    if len(highs) > 1:
        raise ValueError(f"too many hyphens: {text}")
    star = low in ("*", "?")
    first = bounds.least if star else _number(low, bounds)
    last = bounds.most if star or (steps and not highs) else _number(highs[0] if highs else low, bounds)
    step = _number(steps[0]) if steps else 1
    if first < bounds.least:
        raise ValueError(f"beginning of range ({first}) below minimum ({bounds.least}): {text}")
    if last > bounds.most:
        raise ValueError(f"end of range ({last}) above maximum ({bounds.most}): {text}")
    if first > last:
        raise ValueError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if not step:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(first, last + 1, step), star and step == 1


def _number(text: str, bounds: Bounds | None = None) -> int:
    if bounds and text.lower() in bounds.names:
        return bounds.names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
