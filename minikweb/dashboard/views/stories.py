"""The tab "What happened?" of an object: the story of an action, and of the actions before it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minikweb.apimachinery import clock
from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import activitylog, cluster, live, sentences, story
from minikweb.dashboard.activity import Change
from minikweb.dashboard.story import Stage, Step
from minikweb.dashboard.tree import Entry, short_id
from minikweb.dashboard.views import activity

Object = dict[str, Any]
Context = dict[str, Any]

CHOICES = 8
SHOWN = 6  # steps of a stage
TITLES = {
    "request": gettext_lazy("The request"),
    "workload": gettext_lazy("The controller answers"),
    "pods": gettext_lazy("Pods are made"),
    "scheduled": gettext_lazy("Each Pod gets a node"),
    "images": gettext_lazy("Images are fetched"),
    "containers": gettext_lazy("Containers start"),
    "ready": gettext_lazy("Pods are ready"),
    "endpoints": gettext_lazy("Services send traffic"),
    "gone": gettext_lazy("Pods end"),
    "done": gettext_lazy("Where it stands"),
}


def fill(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """The story of ?at=<revision>, else of the last action on an object or on what it controls."""
    try:
        changes = activitylog.changes(found.namespace)
    except ApiError:
        changes = []
    below = [each.id for each in live.hub().tree().below(found.id)]
    own = story.family(found.id, below, changes)
    choices = story.triggers(changes, own) or [_birth(obj, found)]
    asked = request.GET.get("at", "")
    index = next((i for i, each in enumerate(choices) if str(each.revision) == asked), 0)
    trigger = choices[index]
    until = choices[index - 1].at if index else float("inf")
    events = cluster.cache().list("Event", found.namespace or None)
    stages = story.tell(trigger, until, own, found.id, changes, events)
    return {
        "stages": [_shown(stage) for stage in stages],
        "choices": [_choice(each, each is trigger) for each in choices[:CHOICES]],
        "total": _seconds(max((stage["last"] for stage in map(_shown, stages)), default=0.0) - trigger.at),
        "complete": activitylog.is_complete(),
    }


def _birth(obj: Object, found: Entry) -> Change:
    """What began it when nobody remembers: the object's own creation."""
    at = clock.parse(found.created).timestamp() if found.created else 0.0
    manager = next((each.get("manager", "") for each in obj["metadata"].get("managedFields") or ()), "")
    return Change(
        0, at, "ADDED", "", "", "create", manager, found.kind, found.namespace, found.name, found.id, found.owner
    )


def _choice(change: Change, chosen: bool) -> Context:
    return activity.line(change) | {"chosen": chosen}


def _shown(stage: Stage) -> Context:
    steps = stage.steps[:SHOWN]
    return {
        "stage": stage,
        "title": TITLES[stage.key],
        "who": sentences.who(stage.actor) if stage.actor.name else "",
        "after": _seconds(stage.after),
        "steps": [_line(step) for step in steps],
        "more": len(stage.steps) - len(steps),
        "last": stage.steps[-1].at,
    }


def _line(step: Step) -> Context:
    what = sentences.what(step.change) if step.change else f"{step.reason}: {step.message}"
    gone = bool(step.change and step.change.type == "DELETED") or not _is_there(step)
    return {"step": step, "what": what, "foreign": step.change is None, "gone": gone}


def _is_there(step: Step) -> bool:
    """Whether the object can still be opened."""
    if step.kind not in cluster.KINDS:
        return False
    obj = cluster.cache().get(step.kind, step.namespace or None, step.name)
    return obj is not None and short_id(obj["metadata"]["uid"]) == step.id


def _seconds(seconds: float) -> str:
    """`+0.12 s`, `+4 s`, `+2 min`."""
    if seconds < 10:
        return _("+%(seconds)s s") % {"seconds": f"{max(seconds, 0):.2f}"}
    if seconds < 120:
        return _("+%(seconds)s s") % {"seconds": f"{seconds:.0f}"}
    return _("+%(minutes)d min") % {"minutes": seconds // 60}
