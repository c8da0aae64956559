"""Changes in words: what somebody did to an object, in the reader's language."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from minikweb.dashboard.activity import Actor, Change, Field

RESTARTED = 'spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]'
_IMAGE = re.compile(r"(?:spec\.template\.)?spec\.(?:initC|c)ontainers\[name=(?P<name>[^\]]+)\](?:\.image)?$")
TOLD = 2  # fields named in a sentence


def what(change: Change) -> str:
    """`scaled from 3 to 5`, `created`, `now Running 1/1 (before: ContainerCreating 0/1)`."""
    if change.type == "ADDED":
        return _("created")
    if change.type == "DELETED":
        return _("deleted")
    if change.deleting:
        return _("asked for its deletion")
    if change.only_status:
        return _status(change)
    known = _known(change)
    return known or _fields(change)


def _status(change: Change) -> str:
    if change.targets:
        count = len(change.targets)
        text = ngettext("sends traffic to %(count)d more Pod", "sends traffic to %(count)d more Pods", count)
        return text % {"count": count}
    if change.now:
        return _("is now %(now)s (before: %(was)s)") % {"now": change.now, "was": change.was or "–"}
    return _("wrote its status")


def _known(change: Change) -> str:
    """The usual changes, by their name."""
    if found := change.value("spec.replicas"):
        return _("scaled from %(old)s to %(new)s") % {"old": found.old or "1", "new": found.new}
    if (found := change.value(RESTARTED)) or "restartedAt" in "".join(each.new for each in change.fields):
        return _("restarted")
    if found := change.value("spec.paused"):
        return _("paused") if found.new == "true" else _("resumed")
    if change.kind == "Pod" and (found := change.value("spec.nodeName")):
        return _("put on %(node)s") % {"node": found.new}
    images = [each for each in change.fields if _IMAGE.match(each.path) and each.path.endswith(".image")]
    return "; ".join(_image(each) for each in images)


def _image(found: Field) -> str:
    match = _IMAGE.match(found.path)
    return _("image of %(name)s: %(old)s → %(new)s") % {
        "name": match["name"] if match else "",
        "old": found.old or "–",
        "new": found.new or "–",
    }


def _fields(change: Change) -> str:
    told = [_one(each) for each in change.fields[:TOLD]]
    rest = len(change.fields) - len(told) + change.more
    if rest > 0:
        told.append(ngettext("%(count)d more field", "%(count)d more fields", rest) % {"count": rest})
    if told:
        return "; ".join(told)
    return _status(change)


def _one(found: Field) -> str:
    if found.old and found.new:
        return f"{found.path}: {found.old} → {found.new}"
    if found.new:
        return _("%(path)s set to %(value)s") % {"path": found.path, "value": found.new}
    if found.old:
        return _("%(path)s removed") % {"path": found.path}
    return _("%(path)s changed") % {"path": found.path}


def who(actor: Actor) -> str:
    """The author as a reader knows it: `kubectl`, `Deployment controller`, `kubelet of node-1`."""
    if actor.kind == "kubelet":
        return _("kubelet of %(node)s") % {"node": actor.name}
    if actor.kind == "controller":
        return _("%(name)s controller") % {"name": actor.name}
    if actor.kind == "scheduler":
        return _("scheduler")
    if actor.kind == "server":
        return _("API server")
    if actor.kind == "dashboard":
        return _("these pages")
    return actor.name
