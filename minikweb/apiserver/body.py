"""From bytes to an object that fits its kind: JSON, YAML or protobuf in; a dict without unknown fields out.

Source: k8s.io/apiserver/pkg/endpoints/handlers/create.go, pkg/runtime/serializer/json (strict decoding).
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import errors, meta, serializer
from minikweb.apimachinery import schema as schemas
from minikweb.apimachinery.errors import BadRequest, UnsupportedMediaType
from minikweb.apiserver import protobuf
from minikweb.apiserver.request import JSON, Request
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
VALIDATIONS = ("", "Ignore", "Warn", "Strict")


def decode(request: Request) -> Any:
    """The value of the body. Raises UnsupportedMediaType, BadRequest."""
    if request.media_type == JSON:
        return serializer.load_json(request.body)
    if request.media_type == PROTOBUF:
        return protobuf.decode(request.body)
    if request.media_type == YAML:
        return yaml_value(request.body)
    raise UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {JSON}, {YAML}, {PROTOBUF}"
    )


def yaml_value(body: bytes) -> Any:
    """The value of a body that is one YAML (or JSON) document."""
    values = serializer.load_yaml_values(body)
    if len(values) != 1:
        raise BadRequest(f"the body must hold exactly one YAML document, not {len(values)}")
    return values[0]


def decode_object(server: Server, request: Request, kind: Kind) -> Object:
    """The body as an object of a kind, its fields checked as `fieldValidation` asks."""
    if not request.body:
        raise BadRequest("the body is empty: an object was expected")
    obj = decode(request)
    repeated = serializer.duplicate_fields(request.body) if _checks_repeated(request) else []
    return fit(server, request, kind, obj, repeated)


def fit(server: Server, request: Request, kind: Kind, obj: Any, repeated: list[str] | None = None) -> Object:
    """Checks types and fields of a value and drops what the kind does not know; returns the object."""
    typed = of_kind(kind, obj)
    schema = server.schema(kind)
    if wrong := schemas.validate(typed, schema):
        _refuse_mistyped(kind, typed)
        raise _unreadable(kind, wrong[0])
    problems = [f'duplicate field "{path}"' for path in repeated or ()]
    level = _level(request)
    if level != "Ignore":
        problems += [f'unknown field "{path}"' for path in schemas.unknown_fields(typed, schema)]
    if problems and level == "Strict":
        raise _unreadable(kind, "strict decoding error: " + ", ".join(problems))
    if level != "Ignore":
        request.warnings += problems
    if kind.custom and kind.custom.warning:
        request.warnings.append(kind.custom.warning)
    schemas.prune(typed, schema, is_typed=kind.custom is None)
    if not isinstance(typed.get("metadata"), dict):
        typed["metadata"] = {}
    meta.drop_empty(typed["metadata"])
    return typed


def _refuse_mistyped(kind: Kind, obj: Object) -> None:
    """Raises Invalid for a custom resource: what its own schema does not allow is no matter of decoding."""
    if kind.custom and (causes := kind.custom.mistyped(obj)):
        metadata = obj.get("metadata")
        name = metadata.get("name", "") if isinstance(metadata, dict) else ""
        raise errors.invalid(kind.group, kind.kind, str(name), causes)


def of_kind(kind: Kind, obj: Any) -> Object:
    """The object with its apiVersion and kind filled in. Raises BadRequest if it is of another kind."""
    if not isinstance(obj, dict):
        raise BadRequest(f"the body must be an object of kind {kind.kind}")
    api_version, name = obj.get("apiVersion") or kind.api_version, obj.get("kind") or kind.kind
    if name != kind.kind:
        raise BadRequest(
            f'{name} in version "{_bare(api_version)}" cannot be handled as a {kind.kind}: '
            f"the object provided is unrecognized (must be of type {kind.kind})"
        )
    if api_version != kind.api_version:
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match the expected API version ({kind.api_version})"
        )
    return {
        "apiVersion": api_version,
        "kind": name,
        **{k: v for k, v in obj.items() if k not in ("apiVersion", "kind")},
    }


def _level(request: Request) -> str:
    level = request.query.text("fieldValidation")
    if level not in VALIDATIONS:
        raise BadRequest(f'fieldValidation: Unsupported value: "{level}": supported values: "Ignore", "Warn", "Strict"')
    return level or "Warn"


def _checks_repeated(request: Request) -> bool:
    return request.media_type == JSON and request.query.text("fieldValidation") in ("Warn", "Strict")


def _unreadable(kind: Kind, why: str) -> BadRequest:
    return BadRequest(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}')


def _bare(api_version: Any) -> str:
    return str(api_version).rpartition("/")[2]
