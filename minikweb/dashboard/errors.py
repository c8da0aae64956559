"""What a reader sees when the API says no, or nothing: a page or a fragment in plain words, never a stack trace."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from minikweb.apimachinery.errors import ApiError

Text = str | Promise


@dataclass(frozen=True)
class Trouble:
    """What happened and what to do, beside the API's own words."""

    title: Text
    advice: Text
    raw: str
    code: int


_KNOWN: dict[int, tuple[Text, Text]] = {
    400: (_("The API server did not understand the request."), _("Its message says what it could not read.")),
    401: (_("The API server does not know who is asking."), _("The cluster may have been reset: restart the pages.")),
    403: (
        _("You are not allowed to do that."),
        _("The message names the verb and the resource that a Role must allow."),
    ),
    404: (_("This object does not exist, or no longer."), _("It was deleted, or its name is spelt differently.")),
    409: (_("The object has changed meanwhile, or already exists."), _("Look at its present state, then try again.")),
    410: (_("This state is too old to be continued from."), _("Reload the page.")),
    413: (_("This is too large."), _("An object may weigh about 1.5 MB.")),
    422: (_("The API server refuses this object."), _("The message names each field and what is wrong with it.")),
    429: (_("Too many requests at once."), _("Wait a moment, then try again.")),
    500: (_("The API server failed."), _("Its log (logs/apiserver.log in the data folder) says more.")),
    501: (_("This cluster does not do that."), _("The message says what is missing.")),
    503: (_("The API server does not answer."), _("It may be starting: these pages come back by themselves.")),
    504: (
        _("The API server took too long to answer."),
        _("It may have been carried out all the same: look first."),
    ),
}


def explained(error: ApiError) -> Trouble:
    """An API error in the reader's words."""
    title, advice = _KNOWN.get(error.code, _KNOWN[500 if error.code >= 500 else 400])
    return Trouble(title, advice, error.message, error.code)


def answer(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The page, or for htmx the fragment, of an API error."""
    context = {"trouble": explained(error)}
    fragment = request.headers.get("HX-Request") == "true"
    template = "dashboard/trouble.html" if fragment else "dashboard/error.html"
    return render(request, template, context, status=error.code)


class ApiErrorMiddleware(MiddlewareMixin):
    """Turns an ApiError that a view lets through into that page."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, ApiError) else None
