"""From the lessons' Markdown to HTML: no raw HTML passes, commands become blocks that can be copied."""

from __future__ import annotations

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

HOW = ("run", "copy", "edit")  # to run as it is, to copy, to copy and change


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    plain_fence = parser.renderer.rules["fence"]

    def fence(tokens, index, options, env):
        info = tokens[index].info.split()
        if len(info) == 2 and info[0] == "sh" and info[1] in HOW:
            return render_to_string("tutorial/command.html", {"how": info[1], "command": tokens[index].content.strip()})
        return plain_fence(tokens, index, options, env)

    parser.renderer.rules["fence"] = fence
    return parser


def render(markdown: str, namespace: str) -> SafeString:
    """The HTML of a lesson's or a question's text; `{namespace}` becomes the learner's."""
    return mark_safe(_markdown().render(markdown.replace("{namespace}", namespace)))  # noqa: S308 (html is off)


def render_inline(markdown: str, namespace: str) -> SafeString:
    """The same for one line, without a paragraph around it: hints."""
    return mark_safe(_markdown().renderInline(markdown.replace("{namespace}", namespace)))  # noqa: S308
