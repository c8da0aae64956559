"""From the lessons' Markdown to HTML: no raw HTML passes, commands become blocks that can be copied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from minikweb.tutorial import cluster
from minikweb.tutorial.lesson import Lesson

_SPACED = re.compile(r"(?<=«) | (?=[:;?!»])")
_TO_FILL = re.compile(r"([A-Z]+-HERE)")
HOW = ("run", "copy", "edit")  # to run as it is, to copy, to copy and change


@dataclass(frozen=True)
class Place:
    """Where a text is read: the lesson whose manifests it shows, and the request that knows this server's address."""

    lesson: Lesson | None = None
    request: HttpRequest | None = None

    def filled(self, text: str) -> str:
        """The text with the learner's namespace and the address of the manifests."""
        if "{namespace}" in text:  # asked for only then: a phone in a live quiz has none
            text = text.replace("{namespace}", cluster.namespace())
        if self.request and "{server}" in text:
            here = self.request.build_absolute_uri("/").removesuffix("/")
            text = text.replace("{server}", here.replace("//localhost", "//127.0.0.1"))  # as the cluster itself says it
        if self.lesson and self.request and "{manifests}" in text:
            below = reverse("tutorial:manifest", args=[self.lesson.slug, "x"]).removesuffix("/x")
            text = text.replace("{manifests}", self.request.build_absolute_uri(below))
        return text


NOWHERE = Place()


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    plain_fence = parser.renderer.rules["fence"]

    def fence(tokens: Any, index: int, options: Any, env: Any) -> str:
        info, content = tokens[index].info.split(), tokens[index].content.strip()
        if len(info) == 2 and info[0] == "sh" and info[1] in HOW:
            return render_to_string("tutorial/command.html", {"how": info[1], "lines": _words(content)})
        if info == ["manifest"]:
            return _manifest(env["place"], content)
        return plain_fence(tokens, index, options, env)

    parser.renderer.rules["fence"] = fence
    parser.core.ruler.push("french_spaces", _keep_together)
    return parser


def _keep_together(state: Any) -> None:
    """The spaces that French puts before : ; ? ! and inside « » never end a line. Code stays as it is."""
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text":
                child.content = _SPACED.sub("\u00a0", child.content)


def _around(word: str) -> tuple[str, ...]:
    parts = _TO_FILL.split(word, maxsplit=1)
    return tuple(parts) if len(parts) == 3 else ()


def _words(command: str) -> list[list[tuple[str, str, tuple[str, ...]]]]:
    """Lines of (space before, word, its parts around a place to fill in): a line breaks between words only."""
    return [
        [(" " if index else "", word, _around(word)) for index, word in enumerate(words)]
        for words in (line.split(" ") for line in command.split("\n"))
    ]


def _manifest(place: Place, name: str) -> str:
    """A file of the lesson's manifests/, with the way to the editor."""
    content = place.lesson.manifest(name) if place.lesson else None
    context = {
        "name": name,
        "content": content,
        "namespace": cluster.namespace(),
        "slug": place.lesson and place.lesson.slug,
    }
    return render_to_string("tutorial/manifest.html", context, request=place.request)


def render(markdown: str, place: Place = NOWHERE) -> SafeString:
    """The HTML of a lesson's or a question's text."""
    return mark_safe(_markdown().render(place.filled(markdown), {"place": place}))  # noqa: S308 (html is off)


def render_inline(markdown: str, place: Place = NOWHERE) -> SafeString:
    """The same for one line, without a paragraph around it: hints."""
    return mark_safe(_markdown().renderInline(place.filled(markdown), {"place": place}))  # noqa: S308
