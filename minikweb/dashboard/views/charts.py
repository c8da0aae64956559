"""Charts: the local repository that helm reads, and installing one of them from a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from markdown_it import MarkdownIt

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.dashboard import helm, manifest, releases, rows
from minikweb.helm import chart, repository, values
from minikweb.helm.binary import NoHelm
from minikweb.helm.problems import Problem
from minikweb.helm.repository import Entry
from minikweb.people.middleware import open_to_all

Object = dict[str, Any]
Context = dict[str, Any]


# --- The repository ------------------------------------------------------------------------------------------


@open_to_all
@require_GET
def index_yaml(request: HttpRequest) -> HttpResponse:
    """What `helm repo add` and `helm repo update` fetch."""
    text = repository.index(helm.public_charts(), datetime.now(UTC))
    return HttpResponse(text, content_type="application/yaml")


@open_to_all
@require_GET
def archive(request: HttpRequest, name: str) -> HttpResponse:
    """What `helm pull` and `helm install` fetch."""
    entry = next((one for one in helm.public_charts() if one.archive_name == f"{name}.tgz"), None)
    if entry is None:
        raise Http404(name)
    return HttpResponse(chart.archive(entry.files()), content_type="application/gzip")


# --- The pages -----------------------------------------------------------------------------------------------


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The charts, and how a terminal gets them."""
    charts: dict[str, list[Entry]] = {}
    own = helm.own_folder()
    for entry in helm.charts():
        charts.setdefault(entry.about.name, []).append(entry)
    context = {
        "charts": [
            (versions[0], versions[0].folder.is_relative_to(own), len(versions)) for versions in charts.values()
        ],
        "missing": helm.missing(),
        "command": "\n".join(
            [
                f"helm repo add {helm.REPOSITORY} {request.build_absolute_uri('/charts')}",
                f"helm search repo {helm.REPOSITORY}",
            ]
        ),
    }
    return render(request, "dashboard/charts.html", context)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, name: str) -> HttpResponse:
    """A chart with its values to edit. POST with action check or install."""
    found = [entry for entry in helm.charts() if entry.about.name == name]
    asked = request.POST.get("version") or request.GET.get("version", "")
    entry = repository.find(found, name, asked) or repository.find(found, name)
    if entry is None:
        raise Http404(name)
    context = _chart(request, entry, found)
    if request.method == "POST":
        context |= _answer(entry, context, request.POST.get("action") == "install")
        if "installed" in context:
            return redirect("dashboard:release", context["namespace"], context["name"])
    return render(request, "dashboard/chart.html", context)


def _chart(request: HttpRequest, entry: Entry, found: list[Entry]) -> Context:
    files, data = entry.files(), request.POST
    namespace = data.get("namespace") or rows.namespace_of(request) or "default"
    name = data.get("name") or request.GET.get("release", "") or entry.about.name
    text = files.get("values.yaml", b"").decode("utf-8", "replace")
    return {
        "entry": entry,
        "versions": [one.about.version for one in found],
        "readme": _prose(files.get("README.md", b"").decode("utf-8", "replace")),
        "files": sorted(files),
        "has_schema": "values.schema.json" in files,
        "defaults": text,
        "values": data.get("values", "").replace("\r\n", "\n") if data else _present(namespace, name, files, text),
        "name": name.strip(),
        "namespace": namespace.strip(),
        "missing": helm.missing(),
        "own": entry.folder.is_relative_to(helm.own_folder()),
    }


def _prose(text: str) -> SafeString:
    """Markdown as HTML; HTML in it stays text, and links lead nowhere but to pages."""
    return mark_safe(MarkdownIt("commonmark", {"html": False}).render(text))


def _present(namespace: str, name: str, files: chart.Files, text: str) -> str:
    """What to edit: the chart's own text, or what the release of that name has now."""
    try:
        given = helm.history(namespace, name)[0].given
    except ApiError:
        return text
    return releases.release.values_text(values.computed(helm.defaults(files), given)) if given else text


def _answer(entry: Entry, context: Context, wanted: bool) -> Context:
    """The rehearsal's differences, or what has to be changed first."""
    problems = [
        Problem(_("%(what)s: %(why)s") % {"what": what, "why": wrong[0]})
        for what, wrong in (
            (_("Name"), meta.validate_dns_label(context["name"])),
            ("Namespace", meta.validate_dns_label(context["namespace"])),
        )
        if wrong
    ]
    if problems:
        return {"problems": problems}
    try:
        given = values.overrides(helm.defaults(entry.files()), values.read(context["values"]))
    except values.NotValues as error:
        return {"problems": [Problem(str(error), "values.yaml", manifest.line_in(str(error)))]}
    return _carried_out(entry, context, given, wanted)


def _carried_out(entry: Entry, context: Context, given: Object, wanted: bool) -> Context:
    name, namespace = context["name"], context["namespace"]
    found: Context = {"command": helm.command(entry, name, namespace, given)}
    found["given"] = releases.release.values_text(given)
    try:
        if wanted:
            helm.install(entry, name, namespace, given)
            return found | {"installed": True}
        rehearsed = helm.rehearsed(entry, name, namespace, given)
    except helm.Failed as failure:
        placed = [_placed(problem, context["values"]) for problem in failure.problems]
        return found | {"problems": placed}
    except NoHelm as error:
        return found | {"missing": str(error)}
    present = _installed(namespace, name)
    lines = releases.changes(present, rehearsed.manifest)
    return found | {"checked": True, "lines": lines, "upgrade": bool(present), "notes": rehearsed.notes}


def _placed(problem: Problem, text: str) -> Problem:
    """A problem of the values with its line."""
    line = manifest.line_of(text, problem.field) if problem.field else problem.line
    return Problem(problem.message, problem.file, line, problem.column, problem.rendered, problem.field)


def _installed(namespace: str, name: str) -> str:
    """The manifest of the release there is; empty for none."""
    try:
        return helm.history(namespace, name)[0].manifest
    except NotFound:
        return ""
