"""The search of the whole: objects, and what can be done to them. As JSON for the palette, as a page without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from minikweb.dashboard import cluster, finding, live
from minikweb.dashboard.templatetags.minikweb import GLYPHS, object_url
from minikweb.dashboard.tree import Entry, entry
from minikweb.dashboard.views import objects
from minikweb.dashboard.views.actions import VERBS

Item = dict[str, Any]

MOST_OBJECTS, MOST_ACTIONS = 20, 8
# What is always there to do; what depends on the object's state is offered on its panel.
USUAL_VERBS = ("scale", "image", "undo", "restart", "run", "cordon", "drain", "delete")
USUAL_TABS = ("logs", "terminal", "history", "events", "yaml")


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """?q=: {"items": [{group, title, detail, url, icon, opens}]}; `opens`: it may open beside what is shown."""
    query = request.GET.get("q", "")
    items = list(_items(query)) if query.strip() and cluster.ready() else []
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"items": items})
    return render(request, "dashboard/search.html", {"query": query, "items": items})


def _items(query: str) -> Iterator[Item]:
    words = finding.words_of(query)
    candidates = _candidates()
    for found in finding.best(candidates, words, _aliases, MOST_OBJECTS):
        yield _object(found)
    yield from _actions(words, candidates)


def _candidates() -> list[Entry]:
    health = cluster.cache().client.kind("Node").health
    known = [found for found in live.hub().tree().entries.values() if found.kind != "Group"]
    return [*known, *(entry(node, health) for node in cluster.cache().list("Node"))]


def _aliases(kind: str) -> Iterator[str]:
    """The plural and the short names, as kubectl takes them."""
    declared = cluster.whole_cache().client.registry.named(kind)
    if declared:
        yield declared.plural
        yield from declared.short_names


def _object(found: Entry) -> Item:
    return {
        "group": _("Objects"),
        "title": found.name,
        "detail": " · ".join(filter(None, (found.kind, found.namespace, found.word))),
        "url": object_url(found.kind, found.namespace, found.name),
        "icon": found.kind.lower() if found.kind in GLYPHS else "kind",
        "opens": True,
    }


def _actions(words: list[str], candidates: list[Entry]) -> Iterator[Item]:
    """`scale web`, `logs web`: the first or the last word says what to do, the others to what."""
    left = MOST_ACTIONS
    for verb, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        if len(words) < 2 or len(verb) < 2:
            return
        for title, kinds, path in _doable(verb):
            for found in finding.best(candidates, rest, _aliases, left):
                if (kinds and found.kind not in kinds) or not cluster.knows(found.kind):
                    continue
                left -= 1
                url = path(found)
                yield {
                    "group": _("Actions"),
                    "title": f"{title} · {found.name}",
                    "detail": f"{found.kind} · {found.namespace}" if found.namespace else found.kind,
                    "url": url,
                    "icon": "right",
                    "opens": "/do/" not in url,
                }
                if not left:
                    return


def _doable(word: str) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """(title, kinds, entry → URL) of each verb and tab that the word begins."""
    for name in USUAL_VERBS:
        verb = VERBS[name]
        if name.startswith(word) or str(verb.title).lower().startswith(word):
            yield str(verb.title), verb.kinds, lambda found, name=name: _do(found, name)
    for tab in USUAL_TABS:
        title = str(objects.TABS[tab])
        if tab.startswith(word) or title.lower().startswith(word):
            kinds = tuple(kind for kind in GLYPHS if tab in objects.tabs_of(kind))
            yield title, kinds, lambda found, tab=tab: object_url(found.kind, found.namespace, found.name, tab)


def _do(found: Entry, verb: str) -> str:
    return reverse("dashboard:act", args=[found.kind, found.namespace or "-", found.name, verb])
