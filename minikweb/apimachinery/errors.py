"""The errors of the Kubernetes API, each rendered in one place as a `Status`.

Source: k8s.io/apimachinery/pkg/api/errors/errors.go and pkg/apis/meta/v1/types.go (StatusReason).
Every message says what is wrong in Kubernetes' words, and what to do next where Kubernetes is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """An answer of the API that is not a success. Subclasses fix `code` (HTTP) and `reason`.

    `details` is the Status' details without empty entries: name, group, kind, uid, causes, retryAfterSeconds.
    """

    code = 500
    reason = "InternalError"

    def __init__(self, message: str, *, details: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self.list_meta: dict[str, Any] = {}  # of a list that failed half way: the token to go on with

    def to_status(self) -> dict[str, Any]:
        """The `Status` object sent to the client."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.list_meta,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            status["details"] = self.details
        return status


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class Conflict(ApiError):
    code, reason = 409, "Conflict"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"


class Gone(ApiError):
    """A continue token or revision that is no longer kept (reason Expired)."""

    code, reason = 410, "Expired"


class RequestEntityTooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    code, reason = 422, "Invalid"


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class NotImplemented_(ApiError):
    """Something Kubernetes has and this server has not: said in one sentence."""

    code, reason = 501, "NotImplemented"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(ApiError):
    code, reason = 504, "Timeout"


_BY_REASON = {
    cls.reason: cls
    for cls in (
        BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, Conflict, AlreadyExists, Gone,
        RequestEntityTooLarge, UnsupportedMediaType, Invalid, TooManyRequests, InternalError, NotImplemented_,
        ServiceUnavailable, Timeout,
    )
}  # fmt: skip
_BY_CODE = {cls.code: cls for reason, cls in _BY_REASON.items() if reason not in ("AlreadyExists",)}


def from_status(status: dict[str, Any]) -> ApiError:
    """The exception for a `Status` received from a server; the inverse of `ApiError.to_status`."""
    code = status.get("code") or 500
    cls = _BY_REASON.get(status.get("reason", "")) or _BY_CODE.get(code, ApiError)
    error = cls(status.get("message") or f"the server answered {code}", details=status.get("details"))
    error.code, error.reason = code, status.get("reason") or cls.reason
    return error


def cause(reason: str, field: str, message: str) -> dict[str, str]:
    """One entry of details.causes; reason is a CauseType such as FieldValueRequired."""
    return {"reason": reason, "message": message, "field": field}


def required(field: str, detail: str = "") -> dict[str, str]:
    """field.Required of Kubernetes' validation."""
    return cause("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def invalid_value(field: str, value: Any, detail: str) -> dict[str, str]:
    """field.Invalid of Kubernetes' validation."""
    return cause("FieldValueInvalid", field, f"Invalid value: {quote(value)}: {detail}")


def forbidden_value(field: str, detail: str) -> dict[str, str]:
    """field.Forbidden of Kubernetes' validation."""
    return cause("FieldValueForbidden", field, f"Forbidden: {detail}")


def not_supported(field: str, value: Any, valid: Sequence[str]) -> dict[str, str]:
    """field.NotSupported of Kubernetes' validation."""
    listed = ", ".join(f'"{v}"' for v in valid)
    return cause("FieldValueNotSupported", field, f"Unsupported value: {quote(value)}: supported values: {listed}")


def duplicate(field: str, value: Any) -> dict[str, str]:
    """field.Duplicate of Kubernetes' validation."""
    return cause("FieldValueDuplicate", field, f"Duplicate value: {quote(value)}")


def quote(value: Any) -> str:
    """A value as Go's %#v-like validation messages show it: strings quoted, the rest as JSON."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def invalid(group: str, kind: str, name: str, causes: Sequence[dict[str, str]]) -> Invalid:
    """The Invalid answer for an object, in Kubernetes' wording."""
    listed = [f"{c['field']}: {c['message']}" for c in causes]
    tail = listed[0] if len(listed) == 1 else "[" + ", ".join(listed) + "]"
    qualified = f"{kind}.{group}" if group else kind
    details = {"name": name, "group": group, "kind": kind, "causes": list(causes)}
    return Invalid(f'{qualified} "{name}" is invalid: {tail}', details={k: v for k, v in details.items() if v})


def not_found(group: str, plural: str, name: str) -> NotFound:
    """The NotFound answer for an object."""
    qualified = f"{plural}.{group}" if group else plural
    details = {"name": name, "group": group, "kind": plural}
    return NotFound(f'{qualified} "{name}" not found', details={k: v for k, v in details.items() if v})


def forbidden(group: str, plural: str, name: str, why: str) -> Forbidden:
    """The Forbidden answer of an admission plug-in."""
    qualified = f"{plural}.{group}" if group else plural
    details = {"name": name, "group": group, "kind": plural}
    return Forbidden(f'{qualified} "{name}" is forbidden: {why}', details={k: v for k, v in details.items() if v})


def already_exists(group: str, plural: str, name: str) -> AlreadyExists:
    """The AlreadyExists answer for an object."""
    qualified = f"{plural}.{group}" if group else plural
    details = {"name": name, "group": group, "kind": plural}
    return AlreadyExists(f'{qualified} "{name}" already exists', details={k: v for k, v in details.items() if v})


def conflict(group: str, plural: str, name: str, why: str = "") -> Conflict:
    """The Conflict answer for an object; by default the one of optimistic locking."""
    qualified = f"{plural}.{group}" if group else plural
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    details = {"name": name, "group": group, "kind": plural}
    return Conflict(
        f'Operation cannot be fulfilled on {qualified} "{name}": {why}',
        details={k: v for k, v in details.items() if v},
    )
