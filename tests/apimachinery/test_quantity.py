from decimal import Decimal

import pytest

from minikweb.apimachinery import quantity


def test_it_works():
    assert quantity.parse("100m") == Decimal("0.1")
    assert quantity.cpu("250m") == 0.25
    assert quantity.memory("1.5Gi") == 1610612736


@pytest.mark.parametrize(
    ("text", "bytes_"), [("128Mi", 134217728), ("1k", 1000), ("2e3", 2000), ("1E", 10**18), ("100m", 1), (64, 64)]
)
def test_it_reads_memory(text, bytes_):
    assert quantity.memory(text) == bytes_


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0.5", "500m"), ("1000m", "1"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1500000", "1500k"), ("0", "0"),
        ("1e3", "1e3"), ("2000e0", "2e3"), ("100", "100"), ("-1", "-1"), ("0.0000000001", "1n"), ("1Ki", "1Ki"),
        ("0.5Ki", "512"), ("1000", "1k"), ("+1", "1"),
    ],
)  # fmt: skip
def test_it_writes_the_canonical_form(text, form):
    assert quantity.canonical(text) == form
    assert quantity.canonical(form) == form


@pytest.mark.parametrize("text", ["", "one", "1KiB", "1 Gi", "1ki", "--1", "1e", "1.2.3", "0x10", "1e99999999"])
def test_it_rejects_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="quantities must match"):
        quantity.parse(text)
