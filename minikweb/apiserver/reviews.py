"""Questions that are answered and not stored: who am I, and may I?

Source: pkg/registry/{authentication,authorization}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import BadRequest, Unauthorized
from minikweb.apiserver import body
from minikweb.apiserver.authentication import User
from minikweb.apiserver.authorization import Attributes
from minikweb.apiserver.request import Request, Response
from minikweb.apiserver.request import answer as json_answer
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Object


def answer(server: Server, request: Request) -> Response:
    """The review with its status filled in."""
    kind = request.route.kind
    review = body.decode_object(server, request, kind)
    review["status"] = _ANSWERS[kind.kind](server, request, review)
    review.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    return json_answer(review, 201)


def _self_subject(server: Server, request: Request, review: Object) -> Object:
    return {"userInfo": user_info(request.user)}


def user_info(user: User) -> Object:
    info = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {key: value for key, value in info.items() if value}


def _token(server: Server, request: Request, review: Object) -> Object:
    token = (review.get("spec") or {}).get("token")
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    try:
        user = server.authenticator.of_token(token)
    except Unauthorized:
        return {"authenticated": False, "error": "the token is not valid"}
    return {"authenticated": True, "user": user_info(user)}


def _self_access(server: Server, request: Request, review: Object) -> Object:
    return _decide(server, request.user, review.get("spec") or {}, review["kind"])


def _access(server: Server, request: Request, review: Object) -> Object:
    spec = review.get("spec") or {}
    if not spec.get("user") and not spec.get("groups"):
        fault = errors.required("spec.user", "at least one of user or group must be specified")
        raise errors.invalid("authorization.k8s.io", review["kind"], "", [fault])
    return _decide(server, _user_of(spec), spec, review["kind"])


def _local_access(server: Server, request: Request, review: Object) -> Object:
    asked = ((review.get("spec") or {}).get("resourceAttributes") or {}).get("namespace")
    if asked != request.route.namespace:
        raise BadRequest(f"spec.resourceAttributes.namespace must match namespace: {request.route.namespace}")
    return _access(server, request, review)


def _user_of(spec: Mapping[str, object]) -> User:
    groups: Sequence[str] = spec.get("groups") or ()  # type: ignore[assignment]
    return User(str(spec.get("user", "")), tuple(groups), str(spec.get("uid", "")), spec.get("extra") or {})  # type: ignore[arg-type]


def _decide(server: Server, user: User, spec: Object, kind: str) -> Object:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if bool(resource) == bool(path):
        fault = errors.required(
            "spec.resourceAttributes", "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        )
        raise errors.invalid("authorization.k8s.io", kind, "", [fault])
    decision = server.authorizer.authorize(user, _attributes(resource) if resource else _path_attributes(path))
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return status


def _attributes(asked: Object) -> Attributes:
    resource = asked.get("resource", "")
    if asked.get("subresource"):
        resource += f"/{asked['subresource']}"
    return Attributes(
        asked.get("verb", ""), asked.get("group", ""), resource, asked.get("namespace", ""), asked.get("name", "")
    )


def _path_attributes(asked: Object) -> Attributes:
    return Attributes(asked.get("verb", ""), path=asked.get("path", ""))


def _self_rules(server: Server, request: Request, review: Object) -> Object:
    namespace = (review.get("spec") or {}).get("namespace")
    if not namespace:
        raise BadRequest("no namespace on request")
    return {**server.authorizer.rules(request.user, namespace), "incomplete": False}


_ANSWERS: dict[str, Callable[[Server, Request, Object], Object]] = {
    "SelfSubjectReview": _self_subject,
    "TokenReview": _token,
    "SelfSubjectAccessReview": _self_access,
    "SubjectAccessReview": _access,
    "LocalSubjectAccessReview": _local_access,
    "SelfSubjectRulesReview": _self_rules,
}
