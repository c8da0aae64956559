"""The pages speak French, completely."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings

from minikweb.management import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture(params=["dashboard", "people", "classroom"])
def app(request):
    return request.param


@pytest.fixture
def catalogue(app):
    return polib.pofile(str(Path(settings.BASE_DIR) / f"minikweb/{app}/locale/fr/LC_MESSAGES/django.po"))


def forms(entry):
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_it_works(app, catalogue):
    found = {m.id if isinstance(m.id, str) else m.id[0] for m in messages.texts(settings.BASE_DIR, app) if m.id}
    assert found <= {entry.msgid for entry in catalogue}, "run `make messages`"


def test_every_text_is_translated(catalogue):
    assert [entry.msgid for entry in catalogue if not all(forms(entry)) or entry.fuzzy] == []


def test_no_text_is_kept_that_nobody_uses(catalogue):
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_placeholders_are_the_same(catalogue):
    for entry in catalogue:
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for form in forms(entry):
            assert set(PLACEHOLDER.findall(form)) == wanted, entry.msgid


def test_french_puts_a_space_before_its_double_punctuation(catalogue):
    wrong = re.compile(r"[A-Za-zÀ-ÿ)»]([;?!]|:(?=\s|$))")
    assert [form for entry in catalogue for form in forms(entry) if wrong.search(form)] == []


def test_kinds_stay_in_english(catalogue):
    for kind in ("Deployment", "ReplicaSet", "ConfigMap", "Secret"):
        for entry in catalogue:
            if re.search(rf"\b{kind}\b", entry.msgid):
                assert any(kind in form for form in forms(entry)), entry.msgid
