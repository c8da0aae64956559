"""Texts filled with unsealed values."""

import pytest

from minikweb.sealing.hybrid import CannotUnseal
from minikweb.sealing.template import filled

VALUES = {"user": b"anna", "pass-word": b'a"b', "bytes": b"\xff\x00"}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("no action", b"no action"),
        ("{{ .user }}", b"anna"),
        ('{{ index . "pass-word" | quote }}', b'"a\\"b"'),
        ("{{ .user | upper | b64enc }}", b"QU5OQQ=="),
        ('{{ printf "%s:%s" .user "x" }}', b"anna:x"),
        ("a {{- .user -}} b", b"aannab"),
        ("a{{/* nobody reads this */}}b", b"ab"),
        ("{{ .bytes }}", b"\xff\x00"),
        ("{{ .nobody }}", b"<no value>"),
        ('{{ .nobody | default "none" }}', b"none"),
        ('{{ .user | replace "n" "m" }}', b"amma"),
        ("x: |{{ .user | nindent 2 }}", b"x: |\n  anna"),
    ],
)
def test_it_works(text, expected):
    assert filled(text, VALUES) == expected


@pytest.mark.parametrize(
    "text, why",
    [
        ("{{ if .user }}", 'function "if" not defined'),
        ("{{ (.user) }}", "only fields, index and pipes"),
        ("{{ .user | trim 5 }}", "cannot be filled"),
        ("{{ | upper }}", "missing value"),
        ("{{ .user .user }}", "no function"),
    ],
)
def test_what_is_not_known_is_refused(text, why):
    with pytest.raises(CannotUnseal, match=why):
        filled(text, VALUES)
