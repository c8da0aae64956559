"""Translations: collected from Python and templates, merged without losing any, compiled."""

import gettext
import os

import pytest
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed

from minikweb.management import messages

SOURCE = 'from django.utils.translation import gettext as _, ngettext\n_("Stop")\nngettext("%d pod", "%d pods", 2)\n'
PAGE = '{% load i18n %}<h1>{% translate "History" %}</h1>{% blocktranslate %}Back to {{ one }}{% endblocktranslate %}'


@pytest.fixture
def base(tmp_path):
    (tmp_path / "minikweb" / "dashboard").mkdir(parents=True)
    (tmp_path / "templates" / "dashboard").mkdir(parents=True)
    (tmp_path / "minikweb" / "dashboard" / "__init__.py").write_text("")
    (tmp_path / "minikweb" / "dashboard" / "views.py").write_text(SOURCE)
    (tmp_path / "templates" / "dashboard" / "page.html").write_text(PAGE)
    return tmp_path


def po(base):
    return base / "minikweb" / "dashboard" / "locale" / "fr" / "LC_MESSAGES" / "django.po"


def translate(base, english, french):
    text = po(base).read_text()
    assert f'msgid "{english}"\nmsgstr ""' in text
    po(base).write_text(text.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{french}"'))


def test_it_works(base):
    assert dict(messages.update(base)) == {"dashboard/fr": 4}
    translate(base, "Stop", "Arrêter")
    translate(base, "Back to %(one)s", "Retour à %(one)s")
    assert dict(messages.update(base)) == {"dashboard/fr": 2}
    assert messages.ensure(base) == 1
    with open(po(base).with_suffix(".mo"), "rb") as compiled:
        french = gettext.GNUTranslations(compiled)
    assert french.gettext("Stop") == "Arrêter"
    assert french.gettext("Back to %(one)s") == "Retour à %(one)s"


def test_what_has_not_changed_is_neither_written_nor_compiled_again(base):
    dict(messages.update(base))
    messages.ensure(base)
    written = po(base).stat().st_mtime_ns
    dict(messages.update(base))
    assert po(base).stat().st_mtime_ns == written
    assert messages.ensure(base) == 0


def test_a_changed_catalogue_is_compiled_again(base):
    dict(messages.update(base))
    messages.ensure(base)
    later = po(base).stat().st_mtime + 10
    os.utime(po(base), (later, later))
    assert messages.ensure(base) == 1


def test_a_text_that_is_gone_leaves_the_catalogue(base):
    dict(messages.update(base))
    (base / "templates" / "dashboard" / "page.html").write_text("")
    dict(messages.update(base))
    assert "History" not in po(base).read_text()
    assert "Stop" in po(base).read_text()


def test_a_language_that_was_read_too_early_is_read_again(base, settings):
    """As at a first start: something asks for French before anything is compiled."""
    dict(messages.update(base))
    translate(base, "Stop", "Halte-là")
    settings.LOCALE_PATHS = [base / "minikweb" / "dashboard" / "locale"]
    translation_file_changed(None, po(base).with_suffix(".mo"))
    with translation.override("fr"):
        assert translation.gettext("Stop") == "Stop"
    messages.ensure(base)
    with translation.override("fr"):
        assert translation.gettext("Stop") == "Halte-là"
    settings.LOCALE_PATHS = []
    translation_file_changed(None, po(base).with_suffix(".mo"))
