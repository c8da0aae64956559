"""Break it, and repair it: faults for lessons and for fun, always with the way back."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from minikweb.dashboard import breaking, cluster, kubectl
from minikweb.dashboard.views.verbs import Context, Data, Inverse, Object, Refused, Verb, place_of

NAMES = {
    "image": gettext_lazy("An image that does not exist"),
    "crash": gettext_lazy("A program that ends at once"),
    "probe": gettext_lazy("A readiness probe that always fails"),
    "selector": gettext_lazy("A selector that no Pod has"),
}
MEANINGS = {
    "image": gettext_lazy(
        "New Pods wait in ImagePullBackOff; the old ones keep answering: that is what rollouts are for."
    ),
    "crash": gettext_lazy("New Pods start, end, and start again, ever more slowly: CrashLoopBackOff."),
    "probe": gettext_lazy("New Pods run and never become ready, so no Service sends them traffic."),
    "selector": gettext_lazy("The Service finds no Pod any more: its endpoints are empty, and nobody answers."),
}


def _prepare_break(obj: Object, data: Data) -> Context:
    faults = breaking.FAULTS[obj["kind"]]
    chosen = data.get("fault", "")
    fault = chosen if chosen in faults else faults[0]
    patch = breaking.broken(obj, fault, simulated=cluster.runtime() == "simulated")
    return {
        "faults": [(key, NAMES[key], MEANINGS[key], key == fault) for key in faults],
        "command": kubectl.json_patch(*place_of(obj), obj["kind"], patch),
        "problem": _refusal(obj),
    }


def _refusal(obj: Object) -> str:
    """Why it may not be broken; "" when it may."""
    if breaking.is_protected(place_of(obj)[0]):
        return _("This namespace belongs to the cluster itself: nothing is broken here.")
    if breaking.fault_of(obj):
        return _("It is broken already: repair it first.")
    return ""


def _break(obj: Object, data: Data) -> tuple[Object, str]:
    if why := _refusal(obj):
        raise Refused(why)
    fault = data.get("fault", "")
    if fault not in breaking.FAULTS[obj["kind"]]:
        raise Refused(_("Choose what to break."))
    namespace, name = place_of(obj)
    patch = breaking.broken(obj, fault, simulated=cluster.runtime() == "simulated")
    changed = cluster.client().patch(obj["kind"], name, patch, namespace, type="json")
    return changed, _("%(name)s is broken on purpose. Find out how one sees it!") % {"name": name}


def _prepare_repair(obj: Object, data: Data) -> Context:
    fault = breaking.fault_of(obj)
    if not fault:
        return {"problem": _("Nothing is broken on purpose here.")}
    command = kubectl.json_patch(*place_of(obj), obj["kind"], breaking.repaired(obj))
    return {"fault": NAMES.get(fault, fault), "command": command}


def _repair(obj: Object, data: Data) -> tuple[Object, str]:
    if not breaking.fault_of(obj):
        raise Refused(_("Nothing is broken on purpose here."))
    namespace, name = place_of(obj)
    changed = cluster.client().patch(obj["kind"], name, breaking.repaired(obj), namespace, type="json")
    return changed, _("%(name)s is as it was.") % {"name": name}


VERBS = {
    "break": Verb(
        gettext_lazy("Break it"),
        tuple(breaking.FAULTS),
        "dashboard/actions/break.html",
        _prepare_break,
        _break,
        lambda obj: Inverse("repair", {}),
    ),
    "repair": Verb(
        gettext_lazy("Repair"), tuple(breaking.FAULTS), "dashboard/actions/repair.html", _prepare_repair, _repair
    ),
}
