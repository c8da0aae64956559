"""Translations: found in the sources, merged into minikweb/<app>/locale/<language>/…/django.po, compiled by Babel.

English is the text in the sources. A page's texts belong to the app of its templates.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation.reloader import translation_file_changed

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
LANGUAGES = ("fr",)


def ensure(base: Path) -> int:
    """Compiles every catalogue that is newer than its compiled form; returns how many."""
    stale = [po for po in sorted((base / "minikweb").glob("*/locale/*/LC_MESSAGES/*.po")) if _is_stale(po)]
    for po in stale:
        _compile(po)
        # Django reads a language once; at a first start it has, before there was anything to read.
        translation_file_changed(None, po.with_suffix(".mo"))
    return len(stale)


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


def _compile(po: Path) -> None:
    from babel.messages.mofile import write_mo  # a tenth of a second, seldom needed
    from babel.messages.pofile import read_po

    output = io.BytesIO()
    write_mo(output, read_po(po.read_bytes().splitlines(keepends=True), locale=po.parts[-3]))
    po.with_suffix(".mo").write_bytes(output.getvalue())


def update(base: Path) -> Iterator[tuple[str, int]]:
    """Merges the texts of each app into its catalogues; yields (app/language, texts without a translation)."""
    for app in sorted(path.name for path in (base / "minikweb").iterdir() if (path / "__init__.py").exists()):
        found = texts(base, app)
        for language in LANGUAGES if len(found) else ():
            po = base / "minikweb" / app / "locale" / language / "LC_MESSAGES" / "django.po"
            yield f"{app}/{language}", _merge(found, po, language)


def texts(base: Path, app: str) -> Catalog:
    """Every text of an app that is marked for translation, in its Python files and its templates."""
    from babel.messages.catalog import Catalog
    from django.utils.translation.template import templatize

    catalog = Catalog(charset="utf-8", fuzzy=False)
    for path in sorted((base / "minikweb" / app).rglob("*.py")):
        _collect(catalog, path.relative_to(base), path.read_text())
    for path in sorted((base / "templates" / app).rglob("*.html")):
        _collect(catalog, path.relative_to(base), templatize(path.read_text(), origin=str(path)))
    return catalog


def _collect(catalog: Catalog, path: Path, source: str) -> None:
    from babel.messages.extract import extract

    for _line, message, _comments, context in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
        catalog.add(message, locations=[(str(path), None)], context=context)


def _merge(found: Catalog, po: Path, language: str) -> int:
    """Writes the catalogue again if a text came or went; returns how many texts wait for their translation."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    if po.exists():
        catalog = read_po(po.read_bytes().splitlines(keepends=True), locale=language)
    else:
        catalog = Catalog(locale=language, charset="utf-8", fuzzy=False, project="minikweb", header_comment="#")
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    output = io.BytesIO()
    write_po(output, catalog, sort_output=True, omit_header=False, include_lineno=False, width=110)
    _write_if_changed(po, output.getvalue())
    return sum(1 for message in catalog if message.id and not all(_forms(message.string)))


def _forms(string: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)


def _write_if_changed(po: Path, content: bytes) -> None:
    """The header's dates alone are no change."""
    po.parent.mkdir(parents=True, exist_ok=True)
    if po.exists() and _without_dates(po.read_bytes()) == _without_dates(content):
        return
    po.write_bytes(content)


def _without_dates(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if b"-Date:" not in line]
