"""Structural schemas, those of custom resources: fill in their defaults, and say what does not fit.

The keywords are checked by jsonschema (OpenAPI v3 means those of draft 4); here are Kubernetes' extensions and words.
Source: k8s.io/apiextensions-apiserver/pkg/apiserver/{schema,validation}, k8s.io/kube-openapi/pkg/validation/errors.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minikweb.apimachinery import clock, errors
from minikweb.apimachinery.serializer import deep_copy

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

Raw = dict[str, Any]  # an openAPIV3Schema
Cause = dict[str, str]

INT_OR_STRING = "x-kubernetes-int-or-string"
_SCHEMAS_BELOW = ("items", "not", "additionalProperties")
_LISTS_BELOW = ("allOf", "anyOf", "oneOf")


class Structural:
    """One openAPIV3Schema, ready to be used on objects."""

    def __init__(self, raw: Raw):
        self.raw = raw

    def default(self, obj: Any) -> None:
        """Fills in what is missing and declared, in place."""
        _fill(obj, self.raw)

    def validate(self, obj: Any) -> list[Cause]:
        """All that is wrong, by path. `metadata` is not looked at: it is every object's."""
        own = {key: value for key, value in obj.items() if key != "metadata"} if isinstance(obj, dict) else obj
        causes = [cause for error in self._validator.iter_errors(own) for cause in _causes(error)]
        return _in_order([*causes, *_duplicates(own, self.raw, "")])

    def mistyped(self, obj: Any) -> list[Cause]:
        """Only what has the wrong type: nothing else can be judged before that is right."""
        return [cause for cause in self.validate(obj) if cause["reason"] == "FieldValueTypeInvalid"]

    @cached_property
    def _validator(self) -> Validator:
        from jsonschema import Draft4Validator, FormatChecker  # late: few servers have custom resources

        checker = FormatChecker(formats=())
        for name, check in _FORMATS.items():
            checker.checks(name, raises=ValueError)(_only_strings(check))
        raw = _for_jsonschema(self.raw)
        raw["properties"] = {key: value for key, value in (raw.get("properties") or {}).items() if key != "metadata"}
        required = [key for key in raw.pop("required", ()) if key != "metadata"]
        return Draft4Validator({**raw, "required": required} if required else raw, format_checker=checker)


# --- Defaults ----------------------------------------------------------------------------------------


def _fill(value: Any, schema: Raw) -> None:
    if isinstance(value, list):
        items = schema.get("items") or {}
        for item in value:
            _fill(item, items)
    if not isinstance(value, dict):
        return
    properties = schema.get("properties") or {}
    for key, below in properties.items():
        if "default" in below and (key not in value or (value[key] is None and not below.get("nullable"))):
            value[key] = deep_copy(below["default"])
        if key in value:
            _fill(value[key], below)
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        for key, item in value.items():
            if key not in properties:
                _fill(item, additional)


# --- For jsonschema -----------------------------------------------------------------------------------


def _for_jsonschema(schema: Any) -> Any:
    """The schema in the words of draft 4: nullable, int-or-string and patterns of Go are said otherwise there."""
    if not isinstance(schema, dict):
        return schema
    plain = {key: value for key, value in schema.items() if not key.startswith("x-") and key != "nullable"}
    if schema.get(INT_OR_STRING):
        plain["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in plain:
        types = plain["type"] if isinstance(plain["type"], list) else [plain["type"]]
        plain["type"] = [*types, "null"]
    if "pattern" in plain and (pattern := python_pattern(plain.pop("pattern"))) is not None:
        plain["pattern"] = pattern
    for key in _SCHEMAS_BELOW:
        if key in plain:
            plain[key] = _for_jsonschema(plain[key])
    for key in _LISTS_BELOW:
        if key in plain:
            plain[key] = [_for_jsonschema(each) for each in plain[key]]
    if "properties" in plain:
        plain["properties"] = {key: _for_jsonschema(value) for key, value in plain["properties"].items()}
    return plain


_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}


def python_pattern(pattern: str) -> str | None:
    """A pattern of Go as one of Python; None for one that has no counterpart, which then is not checked."""
    translated = pattern.replace(r"\z", r"\Z")
    for name, characters in _POSIX.items():
        translated = translated.replace(f"[:{name}:]", characters)
    if "(?i)" in translated[1:]:  # Go takes the flag anywhere, Python in front
        translated = "(?i)" + translated.replace("(?i)", "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # what Python reads otherwise, such as a set in a set
            re.compile(translated)
    except (re.error, FutureWarning):
        return None
    return translated


def _only_strings(check: Callable[[str], Any]) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, str) or check(value) is not False


def _base64(text: str) -> None:
    base64.b64decode(text, validate=True)


_UUID = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DURATION = re.compile(r"-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w)\s*)+|0")

_FORMATS: dict[str, Callable[[str], Any]] = {
    "date-time": clock.parse,
    "datetime": clock.parse,
    "date": lambda text: clock.parse(f"{text}T00:00:00Z"),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": lambda text: ipaddress.ip_network(text, strict=False),
    "byte": _base64,
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "duration": lambda text: bool(_DURATION.fullmatch(text)),
}


# --- In Kubernetes' words -----------------------------------------------------------------------------


def path_of(parts: Any) -> str:
    """`spec.ports[0].name`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _causes(error: ValidationError) -> Iterator[Cause]:
    path = path_of(error.absolute_path)
    keyword, limit, value = error.validator, error.validator_value, error.instance
    if keyword == "required":
        for key in limit:
            if key not in value:
                yield errors.required(f"{path}.{key}" if path else key)
    elif keyword == "type":
        yield _mistyped(path, value, limit)
    elif keyword == "enum":
        yield errors.not_supported(path, value, [str(each) for each in limit])
    elif keyword == "maxLength":
        yield errors.cause("FieldValueTooLong", path, f"Too long: may not be more than {limit} bytes")
    elif keyword in ("maxItems", "maxProperties"):
        yield errors.cause("FieldValueTooMany", path, f"Too many: {len(value)}: must have at most {limit} items")
    else:
        yield errors.invalid_value(path, value, _sentence(error, path or "<nil>"))
        for below in error.context or () if keyword == "allOf" else ():
            yield from _causes(below)


_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}


def _mistyped(path: str, value: Any, wanted: Any) -> Cause:
    found = _NAMES.get(type(value), "null")
    wanted = [each for each in wanted if each != "null"] if isinstance(wanted, list) else [wanted]
    message = f'Invalid value: "{found}": {path} in body must be of type {",".join(wanted)}: "{found}"'
    return errors.cause("FieldValueTypeInvalid", path, message)


def _sentence(error: ValidationError, path: str) -> str:
    limit, schema = error.validator_value, error.schema
    match error.validator:
        case "maximum":
            return (
                f"{path} in body should be less than {'' if schema.get('exclusiveMaximum') else 'or equal to '}{limit}"
            )
        case "minimum":
            than = "" if schema.get("exclusiveMinimum") else "or equal to "
            return f"{path} in body should be greater than {than}{limit}"
        case "minLength":
            return f"{path} in body should be at least {limit} chars long"
        case "minItems":
            return f"{path} in body should have at least {limit} items"
        case "minProperties":
            return f"{path} in body should have at least {limit} properties"
        case "pattern":
            return f"{path} in body should match '{limit}'"
        case "multipleOf":
            return f"{path} in body should be a multiple of {limit}"
        case "format":
            return f'{path} in body must be of type {limit}: "{error.instance}"'
        case "oneOf":
            found = "none" if error.context else "more than one"
            return f'"{path}" must validate one and only one schema (oneOf). Found {found} valid'
        case "anyOf":
            return f'"{path}" must validate at least one schema (anyOf)'
        case "not":
            return f'"{path}" must not validate the schema (not)'
    return f"{path} in body {error.message}"


def _duplicates(value: Any, schema: Raw, path: str) -> Iterator[Cause]:
    """The items that stand twice in lists of type set or map."""
    if isinstance(value, dict):
        additional = schema.get("additionalProperties")
        for key, item in value.items():
            below = (schema.get("properties") or {}).get(key) or additional
            if isinstance(below, dict):
                yield from _duplicates(item, below, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        seen: list[Any] = []
        for index, item in enumerate(value):
            identity = _identity(item, schema)
            if identity is not None and identity in seen:
                yield errors.duplicate(f"{path}[{index}]", identity)
            seen.append(identity)
            yield from _duplicates(item, schema.get("items") or {}, f"{path}[{index}]")


def _identity(item: Any, schema: Raw) -> Any:
    """What may be in the list once; None when anything may."""
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        return item
    if kind != "map" or not isinstance(item, dict):
        return None
    properties = (schema.get("items") or {}).get("properties") or {}
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    return {key: item.get(key, properties.get(key, {}).get("default")) for key in keys}


def _in_order(causes: list[Cause]) -> list[Cause]:
    """Each cause once, by path."""
    unique = {(cause["field"], cause["message"]): cause for cause in causes}
    return [unique[key] for key in sorted(unique)]
