"""`{{ stem|lesson_text }}`: the Markdown of lessons and questions as HTML."""

from django import template
from django.utils.safestring import SafeString

from minikweb.tutorial import text

register = template.Library()


@register.filter
def lesson_text(markdown: str) -> SafeString:
    """Block text: paragraphs, lists, commands that can be copied."""
    return text.render(markdown)


@register.filter
def lesson_line(markdown: str) -> SafeString:
    """One line: no paragraph around it."""
    return text.render_inline(markdown)
