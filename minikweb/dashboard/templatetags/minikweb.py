"""Icons, status, ages, the shell's facts: what every page of Minikweb writes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from minikweb.apimachinery import clock, errors
from minikweb.dashboard import cluster, customkinds, permissions, reasons, rows, tree
from minikweb.people import actor

register = template.Library()

GLYPHS = {
    "Namespace", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod",
    "Container", "ConfigMap", "Secret", "Service", "Ingress", "Node", "Event",
    "ServiceAccount", "Lease", "Group", "SealedSecret",
}  # fmt: skip


WORKLOADS = [(kind.lower() + "s", kind) for kind in (*tree.WORKLOADS, "Pod")]
ELSEWHERE = ("SealedSecret",)  # custom kinds whose own page is in the menu
CONFIG = [("services", "Service"), ("ingresses", "Ingress"), ("configmaps", "ConfigMap"), ("secrets", "Secret")]


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """An icon of static/icons.json; decorative: the text beside it says the same."""
    href = static("dist/icons.svg") + "#" + name
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def glyph(kind: str) -> SafeString:
    """The icon of a kind."""
    return icon(kind.lower() if kind in GLYPHS else "kind")


@register.simple_tag
def status(health: str, word: str = "") -> SafeString:
    """Health as icon, word and colour."""
    return format_html('<span class="status {}">{}{}</span>', health.lower(), icon(health.lower()), word or health)


@register.simple_tag
def age(created: str) -> SafeString:
    """The age of a moment (RFC 3339); the browser makes it tick."""
    if not created:
        return mark_safe("")
    span = datetime.now(UTC) - clock.parse(created)
    return format_html('<time datetime="{}" data-age>{}</time>', created, clock.human_duration(span))


@register.simple_tag
def moment(created: str) -> SafeString:
    """A moment in the reader's own time, written by the browser."""
    return format_html('<time datetime="{}" data-moment>{}</time>', created, created) if created else mark_safe("")


@register.simple_tag
def command(text: str) -> SafeString:
    """A kubectl command with its copy button; lines break between words only, never inside `--to-revision`."""
    lines = [[(" " if index else "", word) for index, word in enumerate(line.split(" "))] for line in text.split("\n")]
    shown = [
        format_html('<span class="line">{}</span>', format_html_join("", "{}<span class=w>{}</span>", line))
        for line in lines
    ]
    return format_html(
        '<div class="command"><pre>{}</pre>'
        '<button type="button" class="quiet icon-only" data-copy title="{}" aria-label="{}">{}</button></div>',
        mark_safe("\n".join(shown)),
        _("Copy"),
        _("Copy the command"),
        icon("clipboard"),
    )


@register.simple_tag
def object_url(kind: str, namespace: str, name: str, tab: str = "") -> str:
    """The page of an object; "-" stands for no namespace."""
    arguments = [kind, namespace or "-", name] + ([tab] if tab else [])
    return reverse("dashboard:object", args=arguments)


@register.simple_tag
def why_not(verb: str, found: tree.Entry) -> str:
    """Why the person at the page may not do this to an object; "" when nothing speaks against it."""
    kind = cluster.cache().client.kind(found.kind)
    known = permissions.rules(cluster.client(), actor.current().user, found.namespace)
    does, group, resource = permissions.needed(verb, kind)
    if known is None or permissions.allows(known, does, group, resource, found.name):
        return ""
    return _("Your role does not allow “%(verb)s” on %(resource)s.") % {"verb": does, "resource": resource}


@register.filter
def has_page(kind: str) -> bool:
    """Whether objects of a kind can be opened."""
    return cluster.knows(kind)


@register.filter
def plural(kind: str) -> str:
    """Several objects of a kind: Pods, Ingresses, NetworkPolicies."""
    if kind.endswith("s"):
        return kind if kind == "Endpoints" else f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


@register.filter
def keys(pairs: Any) -> list[str]:
    """The first of each pair."""
    return [pair[0] for pair in pairs]


@register.filter
def url_if_any(name: str) -> str:
    """The URL of a named view, "" where that app is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.filter
def event_meaning(reason: str) -> Any:
    """What an event's reason means, "" when it says it all."""
    return reasons.EVENTS.get(reason, "")


@register.filter
def old_replica_sets(count: int) -> str:
    return ngettext("%(count)d old ReplicaSet", "%(count)d old ReplicaSets", count) % {"count": count}


@register.simple_tag(takes_context=True)
def shell(context: Any) -> dict[str, Any]:
    """What the frame of every page shows: the cluster, its runtime, the namespaces, the reader's wishes."""
    request = context.get("request")
    cookies = request.COOKIES if request else {}
    query = request.GET if request else {}
    facts: dict[str, Any] = {
        "cluster": cluster.name(),
        "remote": bool(settings.KUBECONFIG),
        "theme": cookies.get("minikweb-theme", ""),
        "size": cookies.get("minikweb-size", ""),
        "namespace": query.get("ns", cookies.get(rows.NAMESPACE, "")),
        "workloads": WORKLOADS,
        "config": CONFIG,
        "namespaces": [],
        "runtime": "",
        "version": "",
        "away": True,
    }
    try:
        if cluster.ready():
            facts["namespaces"] = sorted(found["metadata"]["name"] for found in cluster.cache().list("Namespace"))
            facts["runtime"] = cluster.runtime()
            facts["away"] = not cluster.connected()
            facts["version"] = cluster.version()
            custom = customkinds.of(cluster.whole_cache()).all()
            facts["definitions"] = bool(custom)
            facts["custom"] = [(kind.resource, kind.kind) for kind in custom if kind.kind not in ELSEWHERE]
    except errors.ApiError:
        pass
    return facts
