"""Which form and which encoding the client takes: JSON, YAML, Table, PartialObjectMetadata; gzip of what is large."""

from __future__ import annotations

import gzip

import orjson

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import NotAcceptable
from minikweb.apiserver import table
from minikweb.apiserver.request import JSON, Request, Response

YAML = "application/yaml"
GZIP_FROM = 128 * 1024  # bytes; k8s.io/apiserver/pkg/endpoints/handlers/responsewriters
GZIP_LEVEL = 1
_ANY = ("application/json", "application/*", "*/*", "")


def form_of(request: Request) -> str:
    """Table, PartialObjectMetadata, PartialObjectMetadataList or "". Raises NotAcceptable."""
    if encoding_of(request.accept):
        return table.requested_form(request.accept)
    raise NotAcceptable(f"only the following media types are accepted: {JSON}, {YAML}")


def encoding_of(accept: str) -> str:
    """The first media type of an Accept header that we can write, "" if there is none."""
    for media in accept.split(","):
        name, *parameters = (part.strip() for part in media.split(";"))
        if name in _ANY and (name != JSON or _is_known_form(parameters)):
            return JSON
        if name in (YAML, "application/x-yaml", "text/yaml"):
            return YAML
    return ""


def _is_known_form(parameters: list[str]) -> bool:
    wanted = dict(parameter.partition("=")[::2] for parameter in parameters)
    return not wanted.get("as") or bool(table.requested_form(f"{JSON};" + ";".join(parameters)))


def finish(request: Request, response: Response) -> Response:
    """Adds the warnings, turns JSON into YAML where only that is taken, and compresses."""
    for warning in request.warnings:
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        header = f'299 - "{quoted}"'
        response.headers.append(("warning", header.encode("ascii", "backslashreplace").decode()))
    if response.content_type == JSON and encoding_of(request.accept) == YAML:
        response.body = serializer.dump_yaml(orjson.loads(response.body)).encode()
        response.content_type = YAML
    compress(request.headers.get("accept-encoding", ""), response)
    return response


def compress(accepted: str, response: Response) -> None:
    if len(response.body) >= GZIP_FROM and "gzip" in accepted:
        response.body = gzip.compress(response.body, GZIP_LEVEL)
        response.headers += [("content-encoding", "gzip"), ("vary", "Accept-Encoding")]
