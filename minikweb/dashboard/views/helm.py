"""The releases of Helm: what is installed, its revisions, and the ways back and out."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from minikweb.apimachinery.errors import ApiError, Forbidden, NotFound
from minikweb.dashboard import cluster, errors, helm, live, releases, rows
from minikweb.dashboard.releases import Part
from minikweb.helm.binary import NoHelm
from minikweb.helm.release import Release

Object = dict[str, Any]
Context = dict[str, Any]

TABS = (
    ("overview", gettext_lazy("Overview")),
    ("values", gettext_lazy("Values")),
    ("manifest", gettext_lazy("Manifest")),
    ("history", gettext_lazy("Revisions")),
)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All releases; the list alone when it refreshes itself."""
    namespace = rows.namespace_of(request)
    context: Context = {"namespace": namespace, "missing": helm.missing()}
    try:
        context["releases"] = helm.releases(namespace)
    except Forbidden as error:
        context["trouble"] = errors.explained(error)
    context["command"] = f"helm list -n {namespace}" if namespace else "helm list -A"
    fragment = request.headers.get("HX-Target") == "releases"
    return render(request, "dashboard/helm_list.html" if fragment else "dashboard/helm.html", context)


@require_GET
def show(request: HttpRequest, namespace: str, name: str, tab: str = "overview") -> HttpResponse:
    """A release. ?revision= another than the last one, ?against= what it is compared with."""
    if tab not in dict(TABS):
        raise Http404(tab)
    return render(request, "dashboard/helm_release.html", _page(request, namespace, name, tab))


def _page(request: HttpRequest, namespace: str, name: str, tab: str) -> Context:
    revisions = helm.history(namespace, name)
    chosen = _revision(revisions, request.GET.get("revision", "")) or revisions[0]
    context: Context = {
        "release": chosen,
        "last": revisions[0],
        "tab": tab,
        "tabs": TABS,
        "missing": helm.missing(),
        "body": f"dashboard/helm_{tab}.html",
        "command": _command(tab, namespace, name),
    }
    if tab == "overview":
        context["parts"] = releases.parts(chosen, look)
        context["selector"] = releases.selector(chosen)
        context["secret_name"] = f"sh.helm.release.v1.{name}.v{chosen.revision}"
    elif tab == "values":
        context |= {"given": releases.release.values_text(chosen.given), "computed": releases.computed_text(chosen)}
        context |= {"command_given": context["command"], "command_all": f"{context['command']} --all"}
    elif tab == "manifest":
        context["manifest"] = releases.shown_manifest(chosen.manifest)
    else:
        context |= _history(revisions, chosen, request.GET.get("against", ""))
    return context


def _command(tab: str, namespace: str, name: str) -> str:
    """What shows the same in a terminal."""
    words = {"overview": "status", "values": "get values", "manifest": "get manifest", "history": "history"}
    return f"helm {words[tab]} {name} -n {namespace}"


def _revision(revisions: list[Release], number: str) -> Release | None:
    return next((one for one in revisions if str(one.revision) == number), None)


def _history(revisions: list[Release], chosen: Release, against: str) -> Context:
    """The revisions, and what differs between the chosen one and another: the one before it, if not said."""
    older = [one for one in revisions if one.revision < chosen.revision]
    other = _revision(revisions, against) or (older[0] if older else None)
    context: Context = {"revisions": revisions, "other": other}
    if other:
        context |= _differences(other, chosen)
    return context


def _differences(old: Release, new: Release) -> Context:
    return {
        "lines": releases.changes(old.manifest, new.manifest),
        "given_lines": releases.given_changes(old, new),
        "changed_secrets": releases.changed_secrets(old.manifest, new.manifest),
    }


def look(obj: Object, namespace: str) -> Part:
    """An object of a manifest as it is in the cluster."""
    metadata, client = obj["metadata"], cluster.client()
    name = metadata.get("name", "")
    try:
        kind = client.kind_of(obj)
        place = (metadata.get("namespace") or namespace) if kind.namespaced else ""
        found = cluster.get(kind.kind, place, name) if cluster.knows(kind.kind) else client.get(kind, name, place)
        health = kind.health(found)
    except NotFound:
        return Part(obj["kind"], name, "", "Missing", "Missing", _("It is not in the cluster."), False)
    except ApiError as error:
        return Part(obj["kind"], name, "", "Unknown", "?", error.message, False)
    has_page = cluster.knows(kind.kind)
    pods = tuple(live.hub().tree().tally(live.short_id(found["metadata"]["uid"])).items()) if has_page else ()
    return Part(kind.kind, name, place, health.status, health.word or health.status, health.message, has_page, pods)


# --- The ways back and out -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, namespace: str, name: str, revision: int) -> HttpResponse:
    """GET: what would change. POST: does it."""
    revisions = helm.history(namespace, name)
    target = _revision(revisions, str(revision))
    if target is None or target is revisions[0]:
        raise Http404(revision)
    context: Context = {
        "release": revisions[0],
        "target": target,
        "missing": helm.missing(),
        "command": f"helm rollback {name} {revision} -n {namespace}",
        **_differences(revisions[0], target),
    }
    if request.method == "POST":
        return _acted(
            request, context, lambda: helm.rollback(namespace, name, revision), "dashboard/helm_rollback.html"
        )
    return render(request, "dashboard/helm_rollback.html", context)


@require_http_methods(["GET", "POST"])
def uninstall(request: HttpRequest, namespace: str, name: str) -> HttpResponse:
    """GET: what would be deleted. POST: does it, once the name was typed."""
    last = helm.history(namespace, name)[0]
    context: Context = {
        "release": last,
        "parts": releases.parts(last, look),
        "missing": helm.missing(),
        "command": f"helm uninstall {name} -n {namespace}",
    }
    if request.method == "GET":
        return render(request, "dashboard/helm_uninstall.html", context)
    if request.POST.get("name", "").strip() != name:
        context["problem"] = _("Type the name of the release: it is %(name)s.") % {"name": name}
        return render(request, "dashboard/helm_uninstall.html", context, status=422)
    keep = bool(request.POST.get("keep"))
    return _acted(request, context, lambda: helm.uninstall(namespace, name, keep), "dashboard/helm_uninstall.html")


def _acted(request: HttpRequest, context: Context, act: Any, template: str) -> HttpResponse:
    """Runs helm; where to go after it, or the same page with what helm said."""
    release = context["release"]
    try:
        act()
    except helm.Failed as failure:
        return render(request, template, context | {"problems": failure.problems}, status=422)
    except NoHelm as error:
        return render(request, template, context | {"missing": str(error)}, status=422)
    try:
        helm.history(release.namespace, release.name)
    except NotFound:
        return redirect("dashboard:helm")
    return redirect(reverse("dashboard:release", args=[release.namespace, release.name, "history"]))
