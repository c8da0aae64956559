"""What a click can do to a node: close it, empty it, pull its plug; and the way back."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from minikweb.dashboard import cluster, drain, kubectl
from minikweb.dashboard.views.verbs import Context, Data, Inverse, Object, Refused, Verb
from minikweb.kinds.nodes import OFF, POWER

PLAIN = "dashboard/actions/plain.html"


# --- Cordon ---------------------------------------------------------------------------------------------


def _prepare_cordon(closed: bool) -> Callable[[Object, Data], Context]:
    def prepare(obj: Object, data: Data) -> Context:
        return {"command": kubectl.cordon(obj["metadata"]["name"], closed)}

    return prepare


def _cordon(obj: Object, data: Data) -> tuple[Object, str]:
    name = obj["metadata"]["name"]
    changed = cluster.client().patch("Node", name, {"spec": {"unschedulable": True}})
    return changed, _("%(name)s is closed to new Pods.") % {"name": name}


def _uncordon(obj: Object, data: Data) -> tuple[Object, str]:
    name = obj["metadata"]["name"]
    drain.stop(name)
    changed = cluster.client().patch("Node", name, {"spec": {"unschedulable": None}})
    return changed, _("%(name)s takes Pods again.") % {"name": name}


# --- Drain ----------------------------------------------------------------------------------------------


def _prepare_drain(obj: Object, data: Data) -> Context:
    name = obj["metadata"]["name"]
    force, empty = data.get("force") == "1", data.get("empty") == "1"
    return {
        "plan": drain.plan(cluster.cache().by_index("Pod", "node", name)),
        "force": force,
        "empty": empty,
        "command": kubectl.drain(name, force=force, empty=empty),
    }


def _drain(obj: Object, data: Data) -> tuple[Object, str]:
    name = obj["metadata"]["name"]
    wanted = drain.plan(cluster.cache().by_index("Pod", "node", name))
    if wanted.refused(data.get("force") == "1", data.get("empty") == "1"):
        raise Refused(_("Some Pods would be lost: tick what you accept, or deal with them first."))
    drain.begin(cluster.client(), name, wanted.leaving)
    count = len(wanted.leaving)
    done = ngettext(
        "%(name)s is closed; %(count)d Pod is asked to leave.",
        "%(name)s is closed; %(count)d Pods are asked to leave.",
        count,
    )
    return cluster.client().get("Node", name), done % {"name": name, "count": count}


# --- Power ----------------------------------------------------------------------------------------------


def _prepare_power(off: bool) -> Callable[[Object, Data], Context]:
    def prepare(obj: Object, data: Data) -> Context:
        return {
            "command": kubectl.annotate("", "Node", obj["metadata"]["name"], POWER, OFF if off else None),
            "elsewhere": bool(settings.KUBECONFIG),
        }

    return prepare


def _switch(off: bool) -> Callable[[Object, Data], tuple[Object, str]]:
    def switch(obj: Object, data: Data) -> tuple[Object, str]:
        name = obj["metadata"]["name"]
        if settings.KUBECONFIG:
            raise Refused(_("The machines of this cluster are not ours to switch."))
        patch = {"metadata": {"annotations": {POWER: OFF if off else None}}}
        changed = cluster.client().patch("Node", name, patch)
        done = _("The plug of %(name)s is pulled.") if off else _("%(name)s is switched on.")
        return changed, done % {"name": name}

    return switch


def back(verb: str) -> Callable[[Object], Inverse]:
    """The way back is another verb, without a form to fill."""
    return lambda obj: Inverse(verb, {})


VERBS = {
    "cordon": Verb(gettext_lazy("Cordon"), ("Node",), PLAIN, _prepare_cordon(True), _cordon, back("uncordon")),
    "uncordon": Verb(gettext_lazy("Uncordon"), ("Node",), PLAIN, _prepare_cordon(False), _uncordon, back("cordon")),
    "drain": Verb(gettext_lazy("Drain"), ("Node",), "dashboard/actions/drain.html", _prepare_drain, _drain),
    "kill": Verb(gettext_lazy("Kill the node"), ("Node",), PLAIN, _prepare_power(True), _switch(True), back("revive")),
    "revive": Verb(gettext_lazy("Switch it on"), ("Node",), PLAIN, _prepare_power(False), _switch(False)),
}
