"""Times as the API writes them: RFC 3339 in UTC (metav1.Time by the second, metav1.MicroTime by the microsecond)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def parse(text: str) -> datetime:
    """The aware UTC datetime of an RFC 3339 text; ValueError for anything else (dates alone included)."""
    if len(text) < 20 or text[10] not in "Tt":
        raise ValueError(f'parsing time "{text}": not an RFC 3339 time such as 2026-11-23T12:00:00Z')
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f'parsing time "{text}": the offset from UTC is missing')
    return moment.astimezone(UTC)


def format(moment: datetime) -> str:
    """`2026-11-23T12:00:00Z`; what is below a second is cut off, as metav1.Time does."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def format_micro(moment: datetime) -> str:
    """`2026-11-23T12:00:00.123456Z`, as metav1.MicroTime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def human_duration(span: timedelta) -> str:
    """An age as kubectl prints it: 45s, 3m20s, 12m, 5h3m, 2d4h, 300d, 3y12d.

    Source: k8s.io/apimachinery/pkg/util/duration (HumanDuration): at most two units, fewer as the age grows.
    """
    seconds = int(span.total_seconds())
    if seconds < -1:
        return "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
