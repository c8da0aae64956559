"""What is wrong with a YAML text, each problem at its line: as our reader and the API server say it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import manifest

Object = dict[str, Any]

MOST_DOCUMENTS = 50


@dataclass(frozen=True)
class Problem:
    """Something to change, or ("warning") to know: where (1-based line, if known) and what."""

    message: str | Promise
    line: int | None = None
    field: str = ""
    severity: str = "error"


class Unreadable(Exception):
    """The text cannot be sent; carries its problems."""

    def __init__(self, *problems: Problem):
        super().__init__(*(str(problem.message) for problem in problems))
        self.problems = list(problems)


def documents(text: str) -> list[Object]:
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


def of_error(error: ApiError, text: str, document: int = 0) -> list[Problem]:
    """What the API server named, each where it stands in the text."""
    causes = error.details.get("causes") or ()
    named = [Problem(cause["message"], None, cause.get("field", "")) for cause in causes]
    named = named or [Problem(error.message, None, field) for field in manifest.fields_in(error.message)]
    named = named or [Problem(error.message)]
    return [Problem(p.message, manifest.line_of(text, p.field, document) if p.field else None, p.field) for p in named]


_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


def of_warnings(header: str, text: str, document: int = 0) -> list[Problem]:
    """The warnings of an answer (its Warning header), each where it stands in the text if it names a field."""
    found = []
    for quoted in _WARNING.findall(header):
        message = re.sub(r"\\(.)", r"\1", quoted)
        field = next(iter(manifest.fields_in(message)), "") or _leading_field(message)
        line = manifest.line_of(text, field, document) if field else None
        found.append(Problem(message, line, field, "warning"))
    return found


def _leading_field(message: str) -> str:
    """The field before the colon, as in `spec.template.spec.nodeSelector[x]: deprecated since v1.14`."""
    head = message.partition(":")[0]
    return head if re.fullmatch(r"[a-z]\w*(?:[.\[][\w./\-=\"\]\[]+)+", head) else ""
