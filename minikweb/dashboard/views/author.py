"""The author's view: a chart's files in the browser, and what they render to while one types."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from minikweb.dashboard import drafts, helm, templatewords
from minikweb.dashboard.drafts import Refused
from minikweb.helm import chart, repository
from minikweb.helm.binary import NoHelm

Context = dict[str, Any]

FIRST = ("values.yaml", "templates/deployment.yaml")


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """One's charts, and a new one from another chart or from nearly nothing."""
    sources = repository.entries([helm.settings.CHARTS_DIR])
    context: Context = {"drafts": drafts.names(), "sources": sources, "missing": helm.missing()}
    if request.method == "POST":
        chosen = request.POST.get("source", "")
        source = next((entry for entry in sources if entry.folder.name == chosen), None)
        name = request.POST.get("name", "").strip()
        try:
            drafts.create(name, source.files() if source else None)
            return redirect("dashboard:author", name)
        except (Refused, chart.NotAChart) as refusal:
            context |= {"problem": str(refusal), "name": name, "chosen": chosen}
    return render(request, "dashboard/author_index.html", context)


def edit(request: HttpRequest, name: str) -> HttpResponse:
    """The editor on one file (?file=), everything rendered beside it."""
    written = _files(name)
    file = request.GET.get("file", "")
    if file not in written:
        file = next((one for one in (*FIRST, *sorted(written)) if one in written), "")
    line = request.GET.get("line", "")
    context: Context = {
        "name": name,
        "chart_name": drafts.chart_name(written, name),
        "files": _sorted(written),
        "file": file,
        "line": int(line) if line.isdigit() else None,
        "text": written.get(file, b"").decode("utf-8", "replace"),
        **_rendered(name, file, written.get(file, b"").decode("utf-8", "replace")),
    }
    return render(request, "dashboard/author.html", context)


@require_POST
def save(request: HttpRequest, name: str) -> HttpResponse:
    """Saves what was typed and answers with what it renders to."""
    _files(name)
    file, text = request.POST.get("file", ""), request.POST.get("text", "")
    try:
        drafts.write(name, file, text)
    except Refused as refusal:
        return render(request, "dashboard/author_result.html", {"refusal": str(refusal), "file": file, "name": name})
    if request.headers.get("HX-Request") != "true":
        return redirect(_place(name, file))
    context = {"name": name, "file": file, **_rendered(name, file, text.replace("\r\n", "\n"))}
    return render(request, "dashboard/author_result.html", context)


@require_POST
def change(request: HttpRequest, name: str) -> HttpResponse:
    """action=add or remove of a file; action=delete of the whole chart."""
    _files(name)
    action, file = request.POST.get("action", ""), request.POST.get("file", "").strip()
    try:
        if action == "delete":
            drafts.delete(name)
            return redirect("dashboard:author-index")
        if action == "remove":
            drafts.remove(name, file)
            file = ""
        elif file not in drafts.files(name):
            drafts.write(name, file, "")
    except Refused as refusal:
        return render(request, "dashboard/author_refused.html", {"name": name, "refusal": str(refusal)}, status=422)
    return redirect(_place(name, file))


def _files(name: str) -> chart.Files:
    try:
        return drafts.files(name)
    except Refused as refusal:
        raise Http404(str(refusal)) from None


def _sorted(written: chart.Files) -> list[str]:
    """Chart.yaml and the values first, then the templates, subcharts last."""
    order = {"Chart.yaml": 0, "values.yaml": 1, "values.schema.json": 2}
    return sorted(written, key=lambda file: (order.get(file, 3), file.startswith("charts/"), file))


def _place(name: str, file: str) -> str:
    return reverse("dashboard:author", args=[name]) + ("?" + urlencode({"file": file}) if file else "")


def _rendered(name: str, file: str, text: str) -> Context:
    """What helm makes of the chart: the open file's part first."""
    is_template = file.rpartition("/")[0].endswith("templates") or "/templates/" in f"/{file}"
    words = templatewords.explained(text) if is_template else []
    try:
        result = drafts.render(name)
    except NoHelm as error:
        return {"missing": str(error), "words": words}
    except Refused as refusal:
        return {"refusal": str(refusal), "words": words}
    shown = sorted(result.documents, key=lambda document: document.file != file)
    return {"documents": shown, "problems": result.problems, "advice": result.advice, "words": words}
