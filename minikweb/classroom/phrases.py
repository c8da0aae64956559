"""Sentences of the console that count something."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def state(found: str) -> str:
    """The state of a step, as the board's legend and the export have it."""
    return {"done": _("done"), "shown": _("done, solution shown"), "here": _("under way"), "seen": _("opened")}[found]


def emptied(name: str, count: int) -> str:
    """What a reset did."""
    text = ngettext(
        "The namespaces of %(name)s are empty: %(count)d object deleted.",
        "The namespaces of %(name)s are empty: %(count)d objects deleted.",
        count,
    )
    return text % {"name": name, "count": count}


def deleted(name: str, found: Counter[str]) -> str:
    """What was deleted, each kind with its number."""
    parts = [_counted(key, count) for key, count in found.items() if count]
    if not parts:
        return _("Nothing of %(name)s was left to delete.") % {"name": name}
    return _("Deleted with %(name)s: %(what)s.") % {"name": name, "what": ", ".join(parts)}


def _counted(key: str, count: int) -> str:
    known = {
        "person": ngettext("%(count)d person", "%(count)d people", count),
        "class": ngettext("%(count)d class", "%(count)d classes", count),
        "step": ngettext("%(count)d step of progress", "%(count)d steps of progress", count),
        "attempt": ngettext("%(count)d quiz", "%(count)d quizzes", count),
        "answer": ngettext("%(count)d answer", "%(count)d answers", count),
        "chart": ngettext("%(count)d chart", "%(count)d charts", count),
        "Namespace": ngettext("%(count)d Namespace", "%(count)d Namespaces", count),
        "ServiceAccount": ngettext(
            "%(count)d ServiceAccount with its tokens", "%(count)d ServiceAccounts with their tokens", count
        ),
    }
    return known[key] % {"count": count} if key in known else f"{count} {key}{'s' if count > 1 else ''}"
