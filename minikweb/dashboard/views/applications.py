"""Applications: what git says beside what the cluster is, and the ways to bring one to the other."""

from __future__ import annotations

import json
import shlex
import time
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minikweb import settings
from minikweb.apimachinery.errors import ApiError, BadRequest, NotFound
from minikweb.dashboard import applications, cluster, errors
from minikweb.dashboard.applications import Entry
from minikweb.dashboard.views import git, objects
from minikweb.gitops import application, manifests, server, tracking
from minikweb.gitops.application import API_VERSION, NAMESPACE, REFRESH
from minikweb.gitops.desired import CannotRender, Desire
from minikweb.gitops.repository import Commit, GitError, Repositories
from minikweb.helm import binary
from minikweb.kinds.registry import Kind
from minikweb.people import actor

Object = dict[str, Any]
Context = dict[str, Any]

TABS = (("overview", gettext_lazy("Objects")), ("history", gettext_lazy("Deployments")))


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All Applications; the list alone when it refreshes itself."""
    context: Context = {"command": f"kubectl get applications -n {NAMESPACE}", "repositories": _box()}
    try:
        found = cluster.client().list(_kind(), NAMESPACE)["items"]
        context["applications"] = [applications.view(app) for app in found]
    except ApiError as error:
        context["trouble"] = errors.explained(error)
    fragment = request.headers.get("HX-Target") == "applications"
    return render(request, "dashboard/app_list.html" if fragment else "dashboard/apps.html", context)


@require_GET
def show(request: HttpRequest, name: str, tab: str = "overview") -> HttpResponse:
    """An Application. ?diff=<n>: with the difference of its n-th object."""
    if tab not in dict(TABS):
        raise Http404(tab)
    app = _get(name)
    context = _page(app, tab)
    if tab == "history":
        context["past"] = [(one, _commit(context["app"].repo, one.revision)) for one in applications.history(app)]
    elif request.GET.get("diff", "").isdigit():
        number = int(request.GET["diff"])
        for entry in applications.entries(app)[number : number + 1]:
            context |= {"compared": entry, "lines": _differences(app, [entry])[0][1]}
    return render(request, "dashboard/app.html", context)


def _page(app: Object, tab: str = "overview") -> Context:
    status, seen = app.get("status") or {}, applications.view(app)
    return {
        "app": seen,
        "tab": tab,
        "tabs": TABS,
        "body": f"dashboard/app_{tab}.html",
        "entries": applications.entries(app),
        "conditions": status.get("conditions") or (),
        "operation": status.get("operationState"),
        "phase_icon": applications.PHASES.get(seen.phase, "Unknown"),
        "commit": _commit(seen.repo, seen.revision),
        "events": [objects.event_line(event) for event in cluster.events_about({app["metadata"]["uid"]})[:8]],
        "command": f"kubectl describe application {name_of(app)} -n {NAMESPACE}",
    }


def name_of(app: Object) -> str:
    return str(app["metadata"]["name"])


# --- what a click does -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def sync(request: HttpRequest, name: str) -> HttpResponse:
    """GET: what would change. POST: asks for it; pruning once the name was typed."""
    app = _get(name)
    context = _page(app)
    prune = request.POST.get("prune") == "1"
    patch = applications.sync_operation(app, prune, _user())
    context["command"] = _patch_command(name, patch)
    if request.method == "POST":
        doomed = [one for one in applications.entries(app) if one.prune]
        if not (prune and doomed) or request.POST.get("name", "").strip() == name:
            return _patched(name, patch)
        context["problem"] = _("Type the name of the Application: it is %(name)s.") % {"name": name}
    changed = [one for one in applications.entries(app) if one.sync == "OutOfSync"]
    try:
        context["differences"] = _differences(app, changed)
    except (CannotRender, application.InvalidSpec) as problem:
        context["problem"] = str(problem)
    context["doomed"] = [one for one in changed if one.prune]
    return render(request, "dashboard/app_sync.html", context, status=422 if "problem" in context else 200)


@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """GET: what it means. POST: does it, with automation off."""
    app = _get(name)
    entry = next((one for one in applications.history(app) if one.id == number), None)
    if entry is None or entry.current:
        raise Http404(number)
    patch = applications.rollback_operation(app, entry, _user())
    if request.method == "POST":
        return _patched(name, patch)
    context = _page(app, "history") | {"entry": entry, "command": _patch_command(name, patch)}
    context["commit"] = _commit(context["app"].repo, entry.revision)
    return render(request, "dashboard/app_rollback.html", context)


@require_POST
def refresh(request: HttpRequest, name: str) -> HttpResponse:
    """Asks git at once."""
    return _patched(name, {"metadata": {"annotations": {REFRESH: "normal"}}})


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """GET: what goes with it. POST: deletes it, once the name was typed."""
    app = _get(name)
    context = _page(app) | {"cascades": application.cascades(app)}
    context["command"] = f"kubectl delete application {name} -n {NAMESPACE}"
    if request.method == "POST":
        if request.POST.get("name", "").strip() == name:
            cluster.client().delete(_kind(), name, NAMESPACE)
            return redirect("dashboard:apps")
        context["problem"] = _("Type the name of the Application: it is %(name)s.") % {"name": name}
    return render(request, "dashboard/app_delete.html", context, status=422 if "problem" in context else 200)


FIELDS = ("name", "repo", "path", "target", "namespace", "policy")


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A form; what it makes can be seen as YAML in the editor afterwards."""
    data = request.POST if request.method == "POST" else request.GET
    given = {field: data.get(field, "").strip() for field in FIELDS}
    context: Context = {"given": given, "repositories": _box()}
    if request.method == "POST":
        try:
            cluster.client().create(applications.made(**given))
            return redirect("dashboard:app", given["name"])
        except ApiError as error:
            context["problem"] = error.message
    return render(request, "dashboard/app_new.html", context, status=422 if "problem" in context else 200)


def _patched(name: str, patch: Object) -> HttpResponse:
    cluster.client().patch(_kind(), name, patch, NAMESPACE)
    return redirect(reverse("dashboard:app", args=[name]))


def _patch_command(name: str, patch: Object) -> str:
    text = json.dumps(patch)
    return f"kubectl patch application {name} -n {NAMESPACE} --type merge -p {shlex.quote(text)}"


def _user() -> str:
    who = actor.present()
    return who.user if who is not None and who.user else "administrator"


# --- reading the cluster and git --------------------------------------------------------------------------------


def _kind() -> Kind:
    """Raises NotFound where Applications are not served."""
    try:
        return cluster.client().kind_of({"apiVersion": API_VERSION, "kind": "Application"})
    except BadRequest:
        raise NotFound(_("This cluster serves no Applications: Argo CD is not installed in it.")) from None


def _get(name: str) -> Object:
    found = cluster.client().get(_kind(), name, NAMESPACE)
    return {"apiVersion": API_VERSION, "kind": "Application", **found}


def _box() -> list[str]:
    """The URLs of the repositories that the git server of this installation has."""
    return [f"{git.address()}/{name}.git" for name in server.names(settings.GIT_DIR, settings.GIT_EXAMPLES)]


@lru_cache(maxsize=1)
def _desire() -> Desire:
    """What the pages ask git; they see public repositories only, as their reader would."""
    return Desire(Repositories(settings.DATA_DIR / "gitops-pages", settings.GIT_PROTOCOLS), lambda url: None, _helm)


def _commit(url: str, revision: str) -> Commit | None:
    """Author, date and message of a commit, None where git does not tell."""
    with suppress(GitError):
        return _known_commit(url, revision) if url and revision else None
    return None


@lru_cache(maxsize=256)
def _known_commit(url: str, revision: str) -> Commit:
    """A commit never changes; a failure is not remembered. Raises GitError."""
    return _desire().repositories.commit(url, revision)


def _differences(app: Object, entries: list[Entry]) -> list[tuple[Entry, list[Any]]]:
    """Of each object, what synchronising would change. Raises CannotRender, InvalidSpec."""
    name, namespace = name_of(app), application.destination_namespace(app)
    sources = application.sources(app)
    desired = _desire().objects(name, namespace, sources, _desire().revisions(name, sources, time.monotonic()))
    wanted = {}
    for obj in desired.objects:
        placed = {**obj, "metadata": {"namespace": namespace, **obj["metadata"]}}
        wanted[tracking.group_of(obj), obj["kind"], obj["metadata"].get("name", "")] = tracking.marked(placed, name)
    rules = app["spec"].get("ignoreDifferences") or ()
    found = []
    for one in entries:
        target = wanted.get((one.group, one.kind, one.name))
        live, predicted = _live(one), _predicted(one, target)
        found.append((one, applications.changes(live, predicted, rules)))
    return found


def _live(one: Entry) -> Object | None:
    with suppress(ApiError):
        kind = cluster.client().kind_of({"apiVersion": one.api_version, "kind": one.kind})
        live = cluster.client().get(kind, one.name, one.namespace or None)
        return {"apiVersion": one.api_version, "kind": one.kind, **live}
    return None


def _predicted(one: Entry, target: Object | None) -> Object | None:
    """What applying it would give, as the server says; what it refuses is shown as it is written."""
    if target is None:
        return None
    metadata = {**target["metadata"], **({"namespace": one.namespace} if one.namespace else {})}
    if not one.namespace:
        metadata.pop("namespace", None)
    placed = {**target, "metadata": metadata}
    with suppress(ApiError):
        kind = cluster.client().kind_of(placed)
        options: dict[str, Any] = {"type": "apply", "force": True, "dry_run": True}
        # Under the operator's name: what it owns and git no longer says would go.
        client = cluster.client().acting_as("argocd")
        return client.patch(kind, one.name, placed, one.namespace or None, **options)
    return placed


def _helm() -> manifests.Helm | None:
    return binary.program(settings.HELM, settings.CACHE_DIR)
