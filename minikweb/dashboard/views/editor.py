"""The YAML editor on one object: check (server dry-run) → differences → apply. No answer ever costs the text.

What is sent is the whole object as it was edited (PUT) at the version that was opened: a field that was removed is
removed, and the field manager takes over what changed, nothing else (docs/decisions, "The editor writes two ways").
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError, BadRequest, Conflict
from minikweb.dashboard import cluster, difference, editortexts, errors, kubectl, manifest, merge, ownership
from minikweb.dashboard.fieldpath import at, text
from minikweb.dashboard.problems import Problem, Unreadable, documents, of_error, of_warnings
from minikweb.dashboard.templatetags.minikweb import object_url

Object = dict[str, Any]
Context = dict[str, Any]

TRIES = 3
KEEP = "keep "  # before the path of a field that both changed: "mine" or "theirs"
FIELDS = ("yaml", "base", "opened", "previous")


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, kind: str, namespace: str, name: str) -> HttpResponse:
    """The editor on one object; POST with action check, apply, rebase or undo."""
    namespace = "" if namespace == "-" else namespace
    live = _read(kind, namespace, name)
    if request.method == "GET":
        return render(request, "dashboard/editor.html", _opened(live))
    context = _opened(live) | {key: request.POST.get(key, "").replace("\r\n", "\n") for key in FIELDS}
    action = request.POST.get("action", "check")
    if action == "rebase":
        theirs = {
            key.removeprefix(KEEP) for key, value in request.POST.items() if key.startswith(KEEP) and value == "theirs"
        }
        return render(request, whole(request), context | _rebased(context, live, theirs))
    if action == "undo":
        context["yaml"] = context["previous"]
    try:
        found = _written(context, live, apply=action in ("apply", "undo"))
    except Unreadable as error:
        found = {"problems": error.problems}
    except ApiError as error:
        found = _refused(error, context, _read(kind, namespace, name))
    if action == "undo" and found.get("done"):
        return _put_back(request, context | found)
    return answered(request, context | found)


def _read(kind: str, namespace: str, name: str) -> Object:
    """The object as the API server has it now, not the cache."""
    declared = cluster.client().kind(kind)
    return {"kind": declared.kind, **cluster.client().get(declared, name, namespace or None)}


def whole(request: HttpRequest) -> str:
    """The template of the form: alone for htmx, else within its page."""
    return "dashboard/editor_form.html" if request.headers.get("HX-Request") == "true" else "dashboard/editor.html"


def _opened(live: Object) -> Context:
    text = serializer.dump_yaml(manifest.for_edit(live))
    meta = live["metadata"]
    return {
        "yaml": text,
        "base": text,
        "opened": meta.get("resourceVersion", ""),
        "previous": "",
        "kind": live["kind"],
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
        "secret": live["kind"] == "Secret",
        "texts": editortexts.texts(),
    }


def answered(request: HttpRequest, context: Context) -> HttpResponse:
    """The verdict below the text (htmx), or the whole page; after an apply, the way back to the object."""
    done = context.get("done")
    if request.headers.get("HX-Request") != "true":
        if done and context["back"]:
            return redirect(context["back"])
        return render(request, "dashboard/editor.html", context)
    response = render(request, "dashboard/verdict.html", context)
    if done:
        response["HX-Trigger"] = json.dumps({"toast": {"text": str(done)}})
    return response


def _put_back(request: HttpRequest, context: Context) -> HttpResponse:
    """After an undo: the editor with the text as it is again."""
    context |= {"yaml": context["base"], "previous": ""}
    if request.headers.get("HX-Request") != "true":
        return redirect(context["back"])
    response = render(request, "dashboard/editor_form.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#editor", "outerHTML"
    response["HX-Trigger"] = json.dumps({"toast": {"text": str(context["done"])}})
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
    answer = client.request("PUT", path, query=query, body=body)
    result = {"kind": declared.kind, **answer.json()}
    found: Context = {"problems": of_warnings(answer.headers.get("warning", ""), context["yaml"])}
    if apply:
        return found | _applied(context, result)
    old, new = manifest.mask_changes(live, result)
    lines = difference.lines(shown(old), shown(new))
    return found | {"checked": True, "lines": lines, "takes": takes(live, result), "command": kubectl.apply("replace")}


def takes(live: Object, result: Object) -> list[Context]:
    """The fields that this write takes from others: {"field", "owners"}; they may write them again."""
    found = []
    old, new = (manifest.for_edit({**each, "kind": live["kind"]}) for each in (live, result))
    for path in merge.changed(old, new):
        others = [owner for owner in ownership.owner_of(live, path) if owner.manager != cluster.FIELD_MANAGER]
        if others:
            found.append({"field": text(path), "owners": list(dict.fromkeys(owner.manager for owner in others))})
    return found


def _changed_meanwhile(context: Context, live: Object) -> bool:
    """Whether anybody wrote what is edited here; a new status is no such change.

    A Secret's values are not in the text, so there any write counts.
    """
    if live["metadata"].get("resourceVersion") == context["opened"]:
        return False
    return live["kind"] == "Secret" or serializer.load_yaml(context["base"])[0] != manifest.for_edit(live)


def shown(obj: Object) -> str:
    """An object as the differences show it: without what only the server writes."""
    kept = {key: value for key, value in obj.items() if key != "status"}
    kept["metadata"] = {k: v for k, v in obj["metadata"].items() if k not in manifest.KEPT_BY_THE_SERVER}
    return serializer.dump_yaml(kept)


def _same_object(context: Context) -> Object:
    """The one document of the text, still the object that was opened."""
    found = documents(context["yaml"])
    if len(found) > 1:
        raise Unreadable(Problem(_("One document only: this editor is open on one object.")))
    edited, base = found[0], serializer.load_yaml(context["base"])[0]
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if at(edited, path) != at(base, path):
            field = ".".join(path)
            message = _("%(field)s cannot be changed: create another object instead.") % {"field": field}
            raise Unreadable(Problem(message, manifest.line_of(context["yaml"], field), field))
    return edited


def _applied(context: Context, result: Object) -> Context:
    meta, opened = result["metadata"], _opened(result)
    undoable = result["kind"] != "Secret" and context["base"] != opened["base"]
    return {
        "done": _("%(kind)s %(name)s is applied.") % {"kind": result["kind"], "name": meta["name"]},
        "opened": opened["opened"],
        "base": opened["base"],
        # A Secret's old values are not on the page, so they cannot be put back from it.
        "previous": context["base"] if undoable else "",
        "back": object_url(result["kind"], meta.get("namespace", ""), meta["name"]),
    }


def _refused(error: ApiError, context: Context, live: Object) -> Context:
    if error.code != 409:
        return {"trouble": errors.explained(error), "problems": of_error(error, context["yaml"])}
    base, mine = serializer.load_yaml(context["base"])[0], serializer.load_yaml(context["yaml"])[0]
    theirs = manifest.for_edit(live)
    return {
        "conflict": True,
        "lines": difference.lines(context["base"], serializer.dump_yaml(theirs)),
        "collisions": [_collision(found, live) for found in merge.collisions(base, mine, theirs)],
        "writers": _writers(base, theirs, live),
    }


def _collision(found: merge.Collision, live: Object) -> Context:
    values = (found.base, found.mine, found.theirs)
    base, mine, theirs = (
        "" if value is None else serializer.dump_yaml(value).removesuffix("...\n") for value in values
    )
    owners = ", ".join(dict.fromkeys(owner.manager for owner in ownership.owner_of(live, found.path)))
    return {"name": found.name, "base": base, "mine": mine, "theirs": theirs, "owners": owners}


def _writers(base: Object, theirs: Object, live: Object) -> list[str]:
    """Who wrote what is different now, by their field managers."""
    found = [owner.manager for path in merge.changed(base, theirs) for owner in ownership.owner_of(live, path)]
    return list(dict.fromkeys(found))


def _rebased(context: Context, live: Object, theirs_at: set[str]) -> Context:
    """My changes on top of what the server has now; where both changed a field, mine unless theirs was chosen."""
    try:
        base, mine = serializer.load_yaml(context["base"])[0], serializer.load_yaml(context["yaml"])[0]
    except (BadRequest, IndexError):
        return {}
    merged = merge.merged(base, mine, manifest.for_edit(live), theirs_at)
    opened = _opened(live)
    return {"yaml": serializer.dump_yaml(merged), "base": opened["base"], "opened": opened["opened"], "rebased": True}
