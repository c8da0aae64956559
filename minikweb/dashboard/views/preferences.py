"""How a reader wants the pages: theme and size, kept in cookies."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

CHOICES = {"theme": ("", "light", "dark"), "size": ("", "large")}
YEAR = 31_536_000  # seconds


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Remembers what was posted and goes back to where it was asked."""
    back = request.POST.get("next", "/")
    response = redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}) else "/")
    for name, allowed in CHOICES.items():
        if request.POST.get(name) in allowed:
            response.set_cookie(f"minikweb-{name}", request.POST[name], max_age=YEAR, samesite="Lax")
    return response
