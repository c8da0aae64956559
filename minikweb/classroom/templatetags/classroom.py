"""Times on the board."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def short(seconds: int | None) -> str:
    """How long, as a cell has room for: `40s`, `4m`, `1h10`."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}"


@register.filter
def of(titles: dict[str, str], key: str) -> str:
    """A title by its key."""
    return titles.get(key, key)
