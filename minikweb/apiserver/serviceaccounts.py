"""Tokens of ServiceAccounts: TokenRequest.

Source: pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go.
"""

from __future__ import annotations

from datetime import timedelta

from minikweb.apimachinery import clock, errors, meta
from minikweb.apiserver import body, objects
from minikweb.apiserver.authentication import ISSUER
from minikweb.apiserver.request import Request, Response, answer
from minikweb.apiserver.server import Server

DEFAULT_SECONDS, MIN_SECONDS, MAX_SECONDS = 3600, 600, 2**32


def issue(server: Server, request: Request) -> Response:
    """A token of the account, bound to its uid."""
    route = request.route
    account = objects.read(server, route.kind, route.namespace, route.name)
    kind = server.registry.of("authentication.k8s.io/v1", "TokenRequest")
    assert kind
    review = body.decode_object(server, request, kind)
    spec = review.setdefault("spec", {})
    seconds = spec.setdefault("expirationSeconds", DEFAULT_SECONDS)
    _check(route.name, seconds)
    audiences = spec.get("audiences") or [ISSUER]
    spec["audiences"] = audiences
    bound = {"namespace": route.namespace, "serviceaccount": {"name": route.name, "uid": account.uid}}
    user = f"system:serviceaccount:{route.namespace}:{route.name}"
    claims = {"aud": audiences, "jti": meta.new_uid(), "kubernetes.io": bound}
    token = server.authenticator.issuer.issue(user, (), seconds, **claims)
    expires = clock.format(request.now + timedelta(seconds=seconds))
    review["status"] = {"token": token, "expirationTimestamp": expires}
    review["metadata"] = {
        "name": route.name,
        "namespace": route.namespace,
        "creationTimestamp": clock.format(request.now),
    }
    return answer(review, 201)


def _check(name: str, seconds: int) -> None:
    why = ""
    if seconds < MIN_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > MAX_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        fault = errors.invalid_value("spec.expirationSeconds", seconds, why)
        raise errors.invalid("authentication.k8s.io", "TokenRequest", name, [fault])
