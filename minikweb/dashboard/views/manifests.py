"""New objects, and files of several: server-side apply of a YAML text, document by document.

Server-side apply, as `kubectl apply --server-side`: what exists is changed, what does not is created, and fields that
somebody else owns are a conflict until the reader takes them over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from minikweb.apimachinery import errors as api
from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError
from minikweb.client.client import PATCH_TYPES
from minikweb.dashboard import cluster, difference, editortexts, errors, fieldpath, kubectl, manifest, rows
from minikweb.dashboard.problems import Problem, Unreadable, documents, of_error, of_warnings
from minikweb.dashboard.templatetags.minikweb import object_url
from minikweb.dashboard.views import editor
from minikweb.kinds.registry import Kind

Object = dict[str, Any]
Context = dict[str, Any]

TEMPLATES = (
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "Ingress", "ConfigMap", "Secret",
    "PersistentVolumeClaim", "HorizontalPodAutoscaler", "NetworkPolicy", "ServiceAccount", "Role", "Namespace",
    "CustomResourceDefinition",
)  # fmt: skip
OURS = f'"{cluster.FIELD_MANAGER}"'


@dataclass
class Outcome:
    """What became, or would become, of one document. `lines`: the differences of an object that exists."""

    name: str
    created: bool
    result: Object
    lines: list[difference.Line] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The editor on a template (?template=Deployment&ns=…); POST with action check, apply, force or undo."""
    namespace = rows.namespace_of(request) or "default"
    context: Context = {"templates": TEMPLATES, "new": True, "namespace": namespace, "texts": editortexts.texts()}
    if request.method == "GET":
        chosen = request.GET.get("template", "")
        context["template"] = chosen if chosen in TEMPLATES else TEMPLATES[0]
        file = f"dashboard/manifests/{context['template'].lower()}.yaml"
        context["yaml"] = render_to_string(file, {"namespace": namespace})
        return render(request, "dashboard/editor.html", context)
    context["yaml"] = request.POST.get("yaml", "").replace("\r\n", "\n")
    action = request.POST.get("action", "check")
    if action == "undo":
        return editor.answered(request, context | _undo(request.POST.get("made", "[]")))
    try:
        found = _apply(context, write=action in ("apply", "force"), force=action == "force")
    except Unreadable as error:
        found = {"problems": error.problems}
    return editor.answered(request, context | found)


def _apply(context: Context, *, write: bool, force: bool) -> Context:
    """Applies every document, or as a dry run; stops at the first that is refused and says what was done."""
    outcomes: list[Outcome] = []
    new_namespaces: set[str] = set()
    for index, obj in enumerate(documents(context["yaml"])):
        try:
            if not write and _place(obj, context["namespace"]) in new_namespaces:
                outcomes.append(Outcome(_named(obj), True, obj))  # only the apply can judge what is inside
                continue
            outcomes.append(_one(obj, context, index, write=write, force=force))
        except ApiError as error:
            return _refused(error, context["yaml"], index, outcomes if write else [])
        if obj.get("kind") == "Namespace":
            new_namespaces.add(obj.get("metadata", {}).get("name", ""))
    return _done(outcomes) if write else _checked(outcomes)


def _place(obj: Object, namespace: str) -> str:
    meta = obj.get("metadata")
    return (meta.get("namespace") if isinstance(meta, dict) else "") or namespace


def _one(obj: Object, context: Context, index: int, *, write: bool, force: bool) -> Outcome:
    client = cluster.client()
    declared = client.kind_of(obj)
    place = _place(obj, context["namespace"]) if declared.namespaced else None
    live = _live(declared, obj, place)
    query = {"fieldManager": cluster.FIELD_MANAGER, "fieldValidation": "Strict", "dryRun": None if write else "All"}
    answer = _sent(declared, obj, place, query, force)
    result = {"kind": declared.kind, **answer.json()}
    lines = []
    if live:
        old, new = manifest.mask_changes(live, result)
        lines = difference.lines(editor.shown(old), editor.shown(new))
    warnings = of_warnings(answer.headers.get("warning", ""), context["yaml"], index)
    return Outcome(_named(result), live is None, result, lines, warnings)


def _live(declared: Kind, obj: Object, place: str | None) -> Object | None:
    name = obj.get("metadata", {}).get("name") if isinstance(obj.get("metadata"), dict) else None
    if not isinstance(name, str) or not name:
        return None
    try:
        return {"kind": declared.kind, **cluster.client().get(declared, name, place)}
    except (api.NotFound, api.MethodNotAllowed):
        return None


def _sent(declared: Kind, obj: Object, place: str | None, query: Context, force: bool) -> Any:
    """The answer to an apply; what has no name yet is created. Fields of our own earlier edits are no conflict."""
    client = cluster.client()
    name = obj["metadata"].get("name") if isinstance(obj.get("metadata"), dict) else None
    if not isinstance(name, str) or not name or "patch" not in declared.verbs:
        return client.request("POST", declared.path(place), query=query, body=obj)
    headers = {"Content-Type": PATCH_TYPES["apply"]}
    path = declared.path(place, name)
    try:
        forced = query | {"force": "true" if force else None}
        return client.request("PATCH", path, query=forced, body=obj, headers=headers)
    except api.Conflict as error:
        causes = error.details.get("causes") or ()
        if not causes or not all(OURS in cause["message"] for cause in causes):
            raise
    return client.request("PATCH", path, query=query | {"force": "true"}, body=obj, headers=headers)


def _refused(error: ApiError, text: str, index: int, before: list[Outcome]) -> Context:
    found: Context = {"trouble": errors.explained(error), "made": [outcome.name for outcome in before]}
    causes = [cause for cause in error.details.get("causes") or () if cause["reason"] == "FieldManagerConflict"]
    if causes:
        return found | {"owned": [_owned(cause, text, index) for cause in causes]}
    return found | {"problems": of_error(error, text, index)}


def _owned(cause: Object, text: str, index: int) -> Context:
    """One field that somebody else owns: its value here, its owner, its line."""
    path = [step for step in fieldpath.parse(cause["field"]) if not isinstance(step, int)]
    value = fieldpath.at(serializer.load_yaml(text)[index], tuple(path))
    owner = cause["message"].removeprefix("conflict with ").partition(" using ")[0].strip('"')
    line = manifest.line_of(text, cause["field"], index)
    return {"field": cause["field"].lstrip("."), "owner": owner, "line": line, "value": value}


def _checked(outcomes: list[Outcome]) -> Context:
    return {
        "checked": True,
        "outcomes": outcomes,
        "would_make": [outcome.name for outcome in outcomes if outcome.created],
        "changes": any(outcome.created or outcome.lines for outcome in outcomes),
        "problems": [warning for outcome in outcomes for warning in outcome.warnings],
        "command": kubectl.apply_server_side(cluster.FIELD_MANAGER),
    }


def _done(outcomes: list[Outcome]) -> Context:
    first = outcomes[0].result
    names = ", ".join(outcome.name for outcome in outcomes)
    created = all(outcome.created for outcome in outcomes)
    text = _("Created: %(names)s.") if created else _("Applied: %(names)s.")
    made = [_identity(outcome.result) for outcome in outcomes]
    known = cluster.knows(first["kind"])
    place, name = first["metadata"].get("namespace", ""), first["metadata"]["name"]
    return {
        "done": text % {"names": names},
        "back": object_url(first["kind"], place, name) if known else "",
        "made_json": json.dumps(made) if created else "",
        "problems": [warning for outcome in outcomes for warning in outcome.warnings],
    }


def _identity(obj: Object) -> list[str]:
    meta = obj["metadata"]
    return [obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"], meta["uid"]]


def _undo(made: str) -> Context:
    """Deletes what the last apply has created, and nothing that was created again since (by uid)."""
    client, gone = cluster.client(), []
    try:
        for api_version, kind, namespace, name, uid in reversed(json.loads(made)):
            declared = client.kind_of({"apiVersion": api_version, "kind": kind})
            try:
                client.delete(declared, name, namespace or None, uid=uid)
                gone.append(f"{kind} {name}")
            except (api.NotFound, api.Conflict):
                continue
    except (ValueError, TypeError):
        return {"problems": [Problem(_("There is nothing to undo."))]}
    except ApiError as error:
        return {"trouble": errors.explained(error), "problems": of_error(error, "")}
    if not gone:
        return {"problems": [Problem(_("There is nothing to undo."))]}
    return {"done": _("Deleted again: %(names)s.") % {"names": ", ".join(gone)}, "back": ""}


def _named(obj: Object) -> str:
    meta = obj.get("metadata") or {}
    return f"{obj.get('kind')} {meta.get('name') or meta.get('generateName', '')}"
