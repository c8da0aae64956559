"""The SealedSecrets: their state, a secret sealed in the page, the keys.

What is typed into the form is sealed in this process and forgotten: it is written to no log, no session and no answer.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import AlreadyExists, ApiError, Conflict, Forbidden, NotFound
from minikweb.dashboard import cluster, errors, kubectl, rows, sealed
from minikweb.kinds.registry import Kind
from minikweb.sealing import keys, scope, sealedsecret

Object = dict[str, Any]
Context = dict[str, Any]

CONTROLLER = "sealed-secrets-controller"
CERTIFICATE = f"/api/v1/namespaces/{keys.NAMESPACE}/services/http:{CONTROLLER}:/proxy/v1/cert.pem"
ROWS = 3  # entries the form offers at first
MOST_ROWS = 20


def _kind() -> Kind | None:
    """The kind as this cluster serves it; None where there are no SealedSecrets."""
    try:
        return cluster.client().kind_of({"apiVersion": sealedsecret.API_VERSION, "kind": sealedsecret.KIND})
    except ApiError as error:
        if error.code == 400:
            return None
        raise


def _certificate() -> bytes:
    """PEM of the key that seals. Raises ApiError."""
    return cluster.client().request("GET", CERTIFICATE).body


def _objects(kind: Kind, namespace: str) -> list[Object]:
    """Those the reader may see: of all namespaces, or of each that allows it."""
    client = cluster.client()
    try:
        return client.list(kind, namespace or None)["items"]
    except Forbidden:
        if namespace:
            raise
    found: list[Object] = []
    for each in cluster.cache().list("Namespace"):
        try:
            found += client.list(kind, each["metadata"]["name"])["items"]
        except Forbidden:
            continue
    return found


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The page; the list alone when it refreshes itself."""
    kind, namespace = _kind(), rows.namespace_of(request)
    context: Context = {
        "served": kind is not None,
        "namespace": namespace,
        "lines": sealed.lines(_objects(kind, namespace)) if kind else [],
        "command": kubectl.get(namespace, "sealedsecrets", "", *([] if namespace else ["-A"])),
    }
    if request.headers.get("HX-Target") == "sealed-list":
        return render(request, "dashboard/sealed_list.html", context)
    return render(request, "dashboard/sealed.html", context | _form(request) | _keys())


def _form(request: HttpRequest) -> Context:
    count = request.GET.get("rows", "")
    return {
        "scopes": scope.SCOPES,
        "types": sealed.TYPES,
        "rows": range(min(int(count), MOST_ROWS) if count.isdigit() else ROWS),
        "into": rows.namespace_of(request) or "default",
    }


def _keys() -> Context:
    """The keys, as far as the reader may see them: all of them, or the certificate of the one that seals."""
    try:
        secrets = cluster.client().list("Secret", keys.NAMESPACE, label_selector=keys.SELECTOR)["items"]
        return {"keys": sealed.key_list(secrets)}
    except Forbidden:
        pass
    try:
        return {"keys": [sealed.key_of(_certificate())], "hidden_keys": True}
    except (ApiError, keys.NotAKey):
        return {"keys": []}


@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """The public certificate, to seal elsewhere with `kubeseal --cert`."""
    answer = HttpResponse(_certificate(), content_type="application/x-pem-file")
    answer["Content-Disposition"] = 'attachment; filename="sealed-secrets.pem"'
    return answer


@sensitive_post_parameters()
@never_cache
@require_POST
def seal(request: HttpRequest) -> HttpResponse:
    """The SealedSecret of what was typed. Nothing is written to the cluster, and no value is in the answer."""
    secret = sealed.secret_of(request.POST.dict(), request.POST.getlist("key"), request.POST.getlist("value"))
    wanted = request.POST.get("scope", "strict")
    wanted = wanted if wanted in scope.SCOPES else "strict"
    context: Context = {"problems": sealed.problems(secret)}
    if not context["problems"]:
        try:
            text = sealed.sealed_text(secret, _certificate(), wanted)
            context = {"yaml": text, "command": sealed.command(secret, wanted), "scope": wanted, **secret["metadata"]}
        except ApiError as error:
            context = {"trouble": errors.explained(error)}
        except (sealedsecret.CannotSeal, keys.NotAKey) as error:
            context = {"problems": [str(error)]}
    return render(request, "dashboard/sealed_result.html", context)


@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Creates the SealedSecret, or puts its entries into the one there is (kubeseal --merge-into)."""
    context: Context = {}
    try:
        obj = serializer.load_yaml(request.POST.get("yaml", ""))[0]
        context["done"] = _applied(obj)
    except IndexError:
        context["problems"] = [_("There is nothing here yet.")]
    except ApiError as error:
        context["trouble"] = errors.explained(error)
    response = render(request, "dashboard/sealed_result.html", context)
    if "done" in context:
        response["HX-Trigger"] = "sealed-changed"
    return response


def _applied(obj: Object) -> str:
    client, metadata = cluster.client(), obj.get("metadata") or {}
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    kind = client.kind_of({"apiVersion": sealedsecret.API_VERSION, "kind": sealedsecret.KIND})
    try:
        client.create({**obj, "apiVersion": kind.api_version, "kind": kind.kind})
        return _("SealedSecret %(name)s is created: its Secret follows in a moment.") % {"name": name}
    except AlreadyExists:
        existing = client.get(kind, name, namespace)
    if scope.scope_of(existing) != scope.scope_of(obj):
        raise Conflict(_("The SealedSecret that is there has another scope: its entries would not open."))
    patch = {"spec": {"encryptedData": obj["spec"]["encryptedData"]}}
    try:
        client.patch(kind, name, patch, namespace)
    except NotFound:
        return _applied(obj)
    return _("The entries are put into the SealedSecret %(name)s that was there.") % {"name": name}
