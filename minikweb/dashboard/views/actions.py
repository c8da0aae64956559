"""What a click can do to an object. Each verb shows the kubectl command it equals before it is confirmed.

A verb's form is a fragment for the panel (htmx) or part of a page of its own, so it also works without JavaScript.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, errors, kubectl, live, rollout
from minikweb.dashboard.templatetags.minikweb import object_url
from minikweb.dashboard.tree import ROLLED_OUT
from minikweb.dashboard.views import breakverbs, deployments, jobs, nodeverbs, objects
from minikweb.dashboard.views.activity import STORIES
from minikweb.dashboard.views.verbs import Context, Data, Inverse, Object, Refused, Verb, place_of

SEEN = 1.0  # seconds to wait until the cache shows what was just written
MOST_REPLICAS = 10_000
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, kind: str, namespace: str, name: str, verb: str) -> HttpResponse:
    """GET: the form (?preview=1: only what follows from it). POST: does it."""
    namespace = "" if namespace == "-" else namespace
    known = VERBS.get(verb)
    obj = cluster.get(kind, namespace, name)
    if known is None or (known.kinds and obj["kind"] not in known.kinds):
        raise Http404(verb)
    if request.method == "POST":
        return _perform(request, known, verb, obj)
    context = _form(known, verb, obj, request.GET)
    if request.GET.get("preview"):
        return render(request, "dashboard/actions/preview.html", context)
    return _page(request, obj, context)


def _form(known: Verb, verb: str, obj: Object, data: Data) -> Context:
    context = {"verb": verb, "title": known.title, "object": obj, "data": data, "action": known.template}
    context["preview"] = known.template.replace(".html", "_preview.html")
    return context | known.prepare(obj, data)


def _page(request: HttpRequest, obj: Object, context: Context, code: int = 200) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return render(request, context["action"], context, status=code)
    meta = obj["metadata"]
    panel = objects.panel(request, obj["kind"], meta.get("namespace", ""), meta["name"])
    return render(request, "dashboard/object.html", panel | context, status=code)


def _perform(request: HttpRequest, known: Verb, verb: str, obj: Object) -> HttpResponse:
    try:
        changed, done = known.perform(obj, request.POST)
    except Refused as refusal:
        return _page(request, obj, _form(known, verb, obj, request.POST) | {"problem": str(refusal)}, 422)
    except ApiError as error:
        context = _form(known, verb, obj, request.POST) | {"trouble": errors.explained(error)}
        return _page(request, obj, context, error.code)
    _wait_until_seen(changed)
    if request.headers.get("HX-Request") != "true":
        meta = obj["metadata"]
        return redirect(object_url(obj["kind"], meta.get("namespace", ""), meta["name"]))
    response = HttpResponse("")
    toast = {"text": done} | ({"undo": _way_back(known, obj)} if known.inverse else {}) | _story(verb, obj)
    response["HX-Trigger"] = json.dumps({"toast": toast, "refresh-panel": True})
    return response


def _story(verb: str, obj: Object) -> Context:
    """The link to what came of it, for what has such a tab and is still there."""
    if verb == "delete" or obj["kind"] not in STORIES:
        return {}
    url = object_url(obj["kind"], *place_of(obj), "story")
    return {"story": {"label": _("What happened?"), "url": url}}


def _way_back(known: Verb, obj: Object) -> Context:
    """What the toast's button sends; `obj` is as it was before."""
    assert known.inverse
    inverse, (namespace, name) = known.inverse(obj), place_of(obj)
    url = reverse("dashboard:act", args=[obj["kind"], namespace or "-", name, inverse.verb])
    return {"label": _("Undo"), "url": url, "data": dict(inverse.data)}


def _wait_until_seen(changed: Object) -> None:
    """So that the page drawn next shows the write."""
    revision = changed.get("metadata", {}).get("resourceVersion", "")
    if changed.get("kind") in cluster.KINDS and revision.isdigit():
        cluster.cache().informer(changed["kind"]).wait_for(revision, SEEN)


# --- Scale ------------------------------------------------------------------------------------------


def _prepare_scale(obj: Object, data: Data) -> Context:
    namespace, name = place_of(obj)
    current = obj["spec"].get("replicas", 1)
    wanted = _replicas(data.get("replicas", ""), current)
    return {
        "current": current,
        "wanted": wanted,
        "most": MOST_REPLICAS,
        "command": kubectl.scale(namespace, obj["kind"], name, wanted),
        "owner": next((o for o in obj["metadata"].get("ownerReferences", ()) if o.get("controller")), None),
    }


def _replicas(text: str, otherwise: int) -> int:
    return min(int(text), MOST_REPLICAS) if text.strip().isdigit() else otherwise


def _scale(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    text = data.get("replicas", "").strip()
    if not text.isdigit() or int(text) > MOST_REPLICAS:
        raise Refused(_("Type a number of replicas from 0 to %(most)d.") % {"most": MOST_REPLICAS})
    patch = {"spec": {"replicas": int(text)}}
    scaled = cluster.client().patch(obj["kind"], name, patch, namespace, subresource="scale")
    done = ngettext("%(name)s asks for %(count)d Pod.", "%(name)s asks for %(count)d Pods.", int(text))
    return {"kind": obj["kind"], "metadata": scaled["metadata"]}, done % {"name": name, "count": int(text)}


# --- New images ---------------------------------------------------------------------------------------


def _chosen(obj: Object, data: Data) -> dict[str, str]:
    """container → image, where the form differs from the template."""
    containers = obj["spec"].get("template", {}).get("spec", {}).get("containers", ())
    wished = {c["name"]: data.get(f"image-{c['name']}", c.get("image", "")).strip() for c in containers}
    return {c["name"]: wished[c["name"]] for c in containers if wished[c["name"]] != c.get("image", "")}


def _prepare_image(obj: Object, data: Data) -> Context:
    namespace, name = place_of(obj)
    containers = obj["spec"].get("template", {}).get("spec", {}).get("containers", ())
    chosen = _chosen(obj, data)
    cause = data.get("cause", "").strip()
    present = [(c["name"], c.get("image", "")) for c in containers]
    shown = chosen or dict(present[:1])
    return {
        "containers": [(c["name"], c.get("image", ""), chosen.get(c["name"], c.get("image", ""))) for c in containers],
        "image_changes": [
            (c["name"], c.get("image", ""), chosen[c["name"]]) for c in containers if c["name"] in chosen
        ],
        "cause": cause,
        "pace": rollout.pace(obj),
        "command": kubectl.set_image(namespace, name, shown, cause, obj["kind"]),
    }


def _set_image(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    chosen = _chosen(obj, data)
    if not all(chosen.values()):
        raise Refused(_("An image cannot be empty."))
    if not chosen:
        raise Refused(_("Nothing changes: these are the present images."))
    patch = rollout.set_images(chosen, data.get("cause", "").strip())
    changed = cluster.client().patch(obj["kind"], name, patch, namespace, type="strategic")
    return changed, _("%(name)s rolls out %(images)s.") % {"name": name, "images": ", ".join(chosen.values())}


def _present_images(obj: Object) -> Inverse:
    containers = obj["spec"].get("template", {}).get("spec", {}).get("containers", ())
    return Inverse("image", {f"image-{c['name']}": c.get("image", "") for c in containers})


# --- Undo -----------------------------------------------------------------------------------------------


def _target(obj: Object, data: Data) -> tuple[list[rollout.Revision], rollout.Revision | None]:
    known = deployments.revisions(obj)
    asked = data.get("to", "")
    if asked.isdigit():
        return known, next((revision for revision in known if revision.number == int(asked)), None)
    return known, next((revision for revision in known if not revision.current), None)


def _prepare_undo(obj: Object, data: Data) -> Context:
    namespace, name = place_of(obj)
    known, target = _target(obj, data)
    context: Context = {"revisions": known, "target": target, "pace": rollout.pace(obj)}
    context["paused"] = obj["spec"].get("paused", False)
    if target:
        context["command"] = kubectl.rollout(
            "undo", namespace, name, f"--to-revision={target.number}", kind=obj["kind"]
        )
        context |= deployments.compared(rollout.without_hash(obj["spec"]["template"]), target.template)
    return context


def _undo(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    target = _target(obj, data)[1]
    if target is None:
        raise Refused(_("This revision no longer exists."))
    if target.current:
        raise Refused(_("Nothing to undo: it already has the template of this revision."))
    if obj["spec"].get("paused"):
        raise Refused(_("A paused Deployment cannot be rolled back: resume it first."))
    is_deployment = obj["kind"] == "Deployment"
    patch = rollout.undo(obj, target) if is_deployment else rollout.put_back(target)
    type = "json" if is_deployment else "strategic"
    changed = cluster.client().patch(obj["kind"], name, patch, namespace, type=type)
    return changed, _("%(name)s goes back to revision %(number)d.") % {"name": name, "number": target.number}


# --- Restart, pause, resume -------------------------------------------------------------------------------


def _prepare_rollout(verb: str) -> Callable[[Object, Data], Context]:
    def prepare(obj: Object, data: Data) -> Context:
        return {"command": kubectl.rollout(verb, *place_of(obj), kind=obj["kind"]), "pace": rollout.pace(obj)}

    return prepare


def _restart(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    if obj["spec"].get("paused"):
        raise Refused(_("A paused Deployment cannot be restarted: resume it first."))
    changed = cluster.client().patch(obj["kind"], name, rollout.restart(datetime.now(UTC)), namespace)
    return changed, _("%(name)s replaces its Pods, one after the other.") % {"name": name}


def _pause(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    changed = cluster.client().patch("Deployment", name, rollout.pause(True), namespace)
    return changed, _("%(name)s is paused: changes of its template wait.") % {"name": name}


def _resume(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    changed = cluster.client().patch("Deployment", name, rollout.pause(False), namespace)
    return changed, _("%(name)s goes on.") % {"name": name}


# --- Suspend, resume, run now --------------------------------------------------------------------------------


def _prepare_suspend(suspended: bool) -> Callable[[Object, Data], Context]:
    def prepare(obj: Object, data: Data) -> Context:
        namespace, name = place_of(obj)
        return {"command": kubectl.suspend(namespace, obj["kind"], name, suspended)}

    return prepare


def _suspend(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    changed = cluster.client().patch(obj["kind"], name, {"spec": {"suspend": True}}, namespace)
    return changed, _("%(name)s is suspended.") % {"name": name}


def _unsuspend(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    changed = cluster.client().patch(obj["kind"], name, {"spec": {"suspend": False}}, namespace)
    return changed, _("%(name)s goes on.") % {"name": name}


def _job_name(obj: Object, data: Data) -> str:
    return data.get("job", "").strip() or jobs.name_of_now(obj, datetime.now(UTC))


def _prepare_run(obj: Object, data: Data) -> Context:
    job = _job_name(obj, data)
    return {"job": job, "longest": jobs.LONGEST_NAME, "command": kubectl.create_job(*place_of(obj), job)}


def _run(obj: Object, data: Data) -> tuple[Object, str]:
    made = cluster.client().create(jobs.job_of_now(obj, _job_name(obj, data)))
    return made, _("Job %(name)s begins.") % {"name": made["metadata"]["name"]}


# --- Delete -------------------------------------------------------------------------------------------------


def _prepare_delete(obj: Object, data: Data) -> Context:
    namespace, name = place_of(obj)
    id = live.short_id(obj["metadata"]["uid"])
    below = [found for found in live.hub().tree().below(id) if found.kind != "Group"]
    counts: dict[str, int] = {}
    for found in below:
        counts[found.kind] = counts.get(found.kind, 0) + 1
    return {
        "command": kubectl.delete(namespace, obj["kind"], name),
        "counts": counts,
        "typed": obj["kind"] in ("Namespace", "Node"),
        "system": obj["kind"] == "Namespace" and name in SYSTEM_NAMESPACES,
        "owner": next((o for o in obj["metadata"].get("ownerReferences", ()) if o.get("controller")), None),
    }


def _delete(obj: Object, data: Data) -> tuple[Object, str]:
    namespace, name = place_of(obj)
    if obj["kind"] in ("Namespace", "Node") and data.get("name", "").strip() != name:
        raise Refused(_("Type the name %(name)s to confirm.") % {"name": name})
    answer = cluster.client().delete(
        obj["kind"], name, namespace or None, propagation_policy="Background", uid=obj["metadata"]["uid"]
    )
    return answer, _("%(kind)s %(name)s is being deleted.") % {"kind": obj["kind"], "name": name}


# --- The list --------------------------------------------------------------------------------------------------

VERBS = {
    "scale": Verb(
        gettext_lazy("Scale"),
        ("Deployment", "ReplicaSet", "StatefulSet"),
        "dashboard/actions/scale.html",
        _prepare_scale,
        _scale,
        lambda obj: Inverse("scale", {"replicas": str(obj["spec"].get("replicas", 1))}),
    ),
    "image": Verb(
        gettext_lazy("Change the image"),
        ROLLED_OUT,
        "dashboard/actions/image.html",
        _prepare_image,
        _set_image,
        _present_images,
    ),
    "undo": Verb(
        gettext_lazy("Go back to a revision"), ROLLED_OUT, "dashboard/actions/undo.html", _prepare_undo, _undo
    ),
    "restart": Verb(
        gettext_lazy("Restart"),
        ROLLED_OUT,
        "dashboard/actions/plain.html",
        _prepare_rollout("restart"),
        _restart,
        nodeverbs.back("undo"),
    ),
    "pause": Verb(
        gettext_lazy("Pause"),
        ("Deployment",),
        "dashboard/actions/plain.html",
        _prepare_rollout("pause"),
        _pause,
        nodeverbs.back("resume"),
    ),
    "resume": Verb(
        gettext_lazy("Resume"), ("Deployment",), "dashboard/actions/plain.html", _prepare_rollout("resume"), _resume
    ),
    "suspend": Verb(
        gettext_lazy("Suspend"),
        ("CronJob", "Job"),
        "dashboard/actions/plain.html",
        _prepare_suspend(True),
        _suspend,
        nodeverbs.back("unsuspend"),
    ),
    "unsuspend": Verb(
        gettext_lazy("Resume"), ("CronJob", "Job"), "dashboard/actions/plain.html", _prepare_suspend(False), _unsuspend
    ),
    "run": Verb(gettext_lazy("Run now"), ("CronJob",), "dashboard/actions/run.html", _prepare_run, _run),
    **nodeverbs.VERBS,
    **breakverbs.VERBS,
    "delete": Verb(gettext_lazy("Delete"), (), "dashboard/actions/delete.html", _prepare_delete, _delete),
}
