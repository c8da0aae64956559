"""The YAML editor: check (server dry-run) → differences → apply. No answer of the server ever costs the text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError, BadRequest, Conflict
from minikweb.dashboard import cluster, difference, errors, kubectl, manifest, rows
from minikweb.dashboard.templatetags.minikweb import object_url

Object = dict[str, Any]
Context = dict[str, Any]

TEMPLATES = (
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "ConfigMap", "Secret", "Namespace",
)  # fmt: skip
MOST_DOCUMENTS = 50
TRIES = 3


@dataclass(frozen=True)
class Problem:
    """Something the text has to change: where (1-based line, if known) and what."""

    message: str | Promise
    line: int | None = None
    field: str = ""


class Unreadable(Exception):
    """The text cannot be sent; carries its problems."""

    def __init__(self, *problems: Problem):
        super().__init__(*(str(problem.message) for problem in problems))
        self.problems = list(problems)


def _documents(text: str) -> list[Object]:
    """The objects of the text. Raises Unreadable, with the line."""
    try:
        found = serializer.load_yaml(text)
    except ApiError as error:
        raise Unreadable(Problem(error.message, manifest.line_in(error.message))) from error
    if not found:
        raise Unreadable(Problem(_("There is nothing here yet.")))
    if len(found) > MOST_DOCUMENTS:
        raise Unreadable(Problem(_("At most %(count)d documents at once.") % {"count": MOST_DOCUMENTS}))
    return found


def problems_of(error: ApiError, text: str, document: int = 0) -> list[Problem]:
    """What the API server named, each where it stands in the text."""
    causes = error.details.get("causes") or ()
    named = [Problem(cause["message"], None, cause.get("field", "")) for cause in causes]
    named = named or [Problem(error.message, None, field) for field in manifest.fields_in(error.message)]
    named = named or [Problem(error.message)]
    return [Problem(p.message, manifest.line_of(text, p.field, document) if p.field else None, p.field) for p in named]


# --- An object that exists ------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, kind: str, namespace: str, name: str) -> HttpResponse:
    """The editor on one object; POST with action check, apply or rebase."""
    namespace = "" if namespace == "-" else namespace
    live = _read(kind, namespace, name)
    if request.method == "GET":
        return render(request, "dashboard/editor.html", _opened(live))
    context = _opened(live) | {key: request.POST.get(key, "") for key in ("yaml", "base", "opened")}
    context["yaml"] = context["yaml"].replace("\r\n", "\n")
    context["base"] = context["base"].replace("\r\n", "\n")
    action = request.POST.get("action", "check")
    if action == "rebase":
        return render(request, _whole(request), context | _rebased(context, live))
    try:
        return _answered(request, context | _written(context, live, apply=action == "apply"))
    except Unreadable as error:
        return _answered(request, context | {"problems": error.problems})
    except ApiError as error:
        return _answered(request, context | _refused(error, context, _read(kind, namespace, name)))


def _read(kind: str, namespace: str, name: str) -> Object:
    """The object as the API server has it now, not the cache."""
    declared = cluster.client().kind(kind)
    return {"kind": declared.kind, **cluster.client().get(declared, name, namespace or None)}


def _whole(request: HttpRequest) -> str:
    return "dashboard/editor_form.html" if request.headers.get("HX-Request") == "true" else "dashboard/editor.html"


def _opened(live: Object) -> Context:
    text = serializer.dump_yaml(manifest.for_edit(live))
    meta = live["metadata"]
    return {
        "yaml": text,
        "base": text,
        "opened": meta.get("resourceVersion", ""),
        "kind": live["kind"],
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "secret": live["kind"] == "Secret",
    }


def _answered(request: HttpRequest, context: Context) -> HttpResponse:
    """The verdict below the text (htmx), or the whole page; after an apply, the way back to the object."""
    done = context.get("done")
    if request.headers.get("HX-Request") != "true":
        if done:
            return redirect(context["back"])
        return render(request, "dashboard/editor.html", context)
    response = render(request, "dashboard/verdict.html", context)
    if done:
        response["HX-Trigger"] = json.dumps({"toast": {"text": str(done)}})
    return response


def _written(context: Context, live: Object, *, apply: bool) -> Context:
    """`_judged`, again when only the status moved between our read and our write."""
    for _attempt in range(TRIES):
        try:
            return _judged(context, live, apply=apply)
        except Conflict:
            live = _read(context["kind"], context["namespace"], context["name"])
            if _changed_meanwhile(context, live):
                raise
    return _judged(context, live, apply=apply)


def _judged(context: Context, live: Object, *, apply: bool) -> Context:
    """PUTs the text, for real or as a dry run. Raises Unreadable and ApiError."""
    edited = _same_object(context)
    if _changed_meanwhile(context, live):
        raise Conflict("the object has been modified since it was opened")
    body = manifest.written_over(live, manifest.unmasked(edited, live))
    client = cluster.client()
    declared = client.kind_of(body)
    query = {"fieldManager": cluster.FIELD_MANAGER, "fieldValidation": "Strict", "dryRun": None if apply else "All"}
    path = declared.path(context["namespace"] or None, context["name"])
    result = client.request("PUT", path, query=query, body=body).json()
    result.setdefault("kind", declared.kind)
    if apply:
        return _applied(result)
    old, new = manifest.mask_changes(live, result)
    lines = difference.lines(_text(old), _text(new))
    return {"checked": True, "lines": lines, "command": kubectl.apply("replace")}


def _changed_meanwhile(context: Context, live: Object) -> bool:
    """Whether anybody wrote what is edited here; a new status is no such change.

    A Secret's values are not in the text, so there any write counts.
    """
    if live["metadata"].get("resourceVersion") == context["opened"]:
        return False
    return live["kind"] == "Secret" or serializer.load_yaml(context["base"])[0] != manifest.for_edit(live)


def _text(obj: Object) -> str:
    shown = dict(obj)
    shown.pop("status", None)
    shown["metadata"] = {k: v for k, v in obj["metadata"].items() if k not in manifest.KEPT_BY_THE_SERVER}
    return serializer.dump_yaml(shown)


def _same_object(context: Context) -> Object:
    """The one document of the text, still the object that was opened."""
    found = _documents(context["yaml"])
    if len(found) > 1:
        raise Unreadable(Problem(_("One document only: this editor is open on one object.")))
    edited, base = found[0], serializer.load_yaml(context["base"])[0]
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if _at(edited, path) != _at(base, path):
            field = ".".join(path)
            message = _("%(field)s cannot be changed: create another object instead.") % {"field": field}
            raise Unreadable(Problem(message, manifest.line_of(context["yaml"], field), field))
    return edited


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def _applied(result: Object) -> Context:
    meta = result["metadata"]
    opened = _opened(result)
    return {
        "done": _("%(kind)s %(name)s is applied.") % {"kind": result["kind"], "name": meta["name"]},
        "opened": opened["opened"],
        "base": opened["base"],
        "back": object_url(result["kind"], meta.get("namespace", ""), meta["name"]),
    }


def _refused(error: ApiError, context: Context, live: Object) -> Context:
    if error.code == 409:
        base, mine = serializer.load_yaml(context["base"])[0], serializer.load_yaml(context["yaml"])[0]
        theirs = manifest.for_edit(live)
        return {
            "conflict": True,
            "lines": difference.lines(context["base"], serializer.dump_yaml(theirs)),
            "collisions": manifest.collisions(base, mine, theirs),
        }
    return {"trouble": errors.explained(error), "problems": problems_of(error, context["yaml"])}


def _rebased(context: Context, live: Object) -> Context:
    """My changes on top of what the server has now; where both changed a field, mine."""
    try:
        base, mine = serializer.load_yaml(context["base"])[0], serializer.load_yaml(context["yaml"])[0]
    except (BadRequest, IndexError):
        return {}
    theirs = manifest.for_edit(live)
    merged = manifest.merged(base, mine, theirs)
    opened = _opened(live)
    return {"yaml": serializer.dump_yaml(merged), "base": opened["base"], "opened": opened["opened"], "rebased": True}


# --- New objects --------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The editor on a template (?template=Deployment&ns=…); POST with action check or apply."""
    namespace = request.GET.get("ns", request.COOKIES.get(rows.NAMESPACE, "")) or "default"
    context: Context = {"templates": TEMPLATES, "new": True, "namespace": namespace}
    if request.method == "GET":
        chosen = request.GET.get("template", "")
        context["template"] = chosen if chosen in TEMPLATES else TEMPLATES[0]
        file = f"dashboard/manifests/{context['template'].lower()}.yaml"
        context["yaml"] = render_to_string(file, {"namespace": namespace})
        return render(request, "dashboard/editor.html", context)
    context["yaml"] = request.POST.get("yaml", "").replace("\r\n", "\n")
    try:
        found = _create(context, apply=request.POST.get("action") == "apply")
    except Unreadable as error:
        found = {"problems": error.problems}
    return _answered(request, context | found)


def _create(context: Context, *, apply: bool) -> Context:
    """Creates every document, or as a dry run; stops at the first that is refused and says what was created."""
    client, made = cluster.client(), []
    for index, obj in enumerate(_documents(context["yaml"])):
        try:
            made.append(_post(client, obj, context["namespace"], apply))
        except ApiError as error:
            found = {"trouble": errors.explained(error), "problems": problems_of(error, context["yaml"], index)}
            if error.reason == "AlreadyExists":
                found["exists"] = _url_of(obj, context["namespace"])
            return found | {"made": [_named(done) for done in made] if apply else []}
    if not apply:
        return {"checked": True, "would_make": [_named(done) for done in made], "command": kubectl.apply("create")}
    first = made[0]["metadata"]
    return {
        "done": _("Created: %(names)s.") % {"names": ", ".join(_named(done) for done in made)},
        "back": object_url(made[0]["kind"], first.get("namespace", ""), first["name"]),
    }


def _post(client: Any, obj: Object, namespace: str, apply: bool) -> Object:
    declared = client.kind_of(obj)
    metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
    place = (metadata.get("namespace") or namespace) if declared.namespaced else None
    query = {"fieldManager": cluster.FIELD_MANAGER, "fieldValidation": "Strict", "dryRun": None if apply else "All"}
    answer = client.request("POST", declared.path(place), query=query, body=obj).json()
    return {"kind": declared.kind, **answer}


def _named(obj: Object) -> str:
    return f"{obj['kind']} {obj['metadata']['name']}"


def _url_of(obj: Object, namespace: str) -> str:
    declared = cluster.client().kind_of(obj)
    place = (obj["metadata"].get("namespace") or namespace) if declared.namespaced else ""
    return object_url(declared.kind, place, obj["metadata"]["name"], "edit")
