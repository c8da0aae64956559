"""Resource quantities: `100m`, `1.5Gi`, `2e3`.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go and suffix.go.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

_BINARY = {suffix: Decimal(1024) ** (power + 1) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL = {
    suffix: Decimal(10) ** (3 * power)
    for power, suffix in ((-3, "n"), (-2, "u"), (-1, "m"), (0, ""), (1, "k"), (2, "M"), (3, "G"), (4, "T"), (5, "P"))
} | {"E": Decimal(10) ** 18}
_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]{1,3})?")

INVALID = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

BINARY_SI, DECIMAL_SI, DECIMAL_EXPONENT = "BinarySI", "DecimalSI", "DecimalExponent"


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Decimal, str]:
    found = _FORM.fullmatch(text)
    if not found or len(text) > 64:
        raise ValueError(INVALID)
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return number * _BINARY[suffix], BINARY_SI
    if suffix in _DECIMAL:
        return number * _DECIMAL[suffix], DECIMAL_SI
    return number.scaleb(int(suffix[1:])), DECIMAL_EXPONENT


def parse(quantity: str | int | float) -> Decimal:
    """The number a quantity stands for (numbers of JSON allowed); ValueError with Kubernetes' words if it is none."""
    return _parse(str(quantity))[0]


def cpu(quantity: str | int | float) -> float:
    """Cores: `250m` → 0.25."""
    return float(parse(quantity))


def memory(quantity: str | int | float) -> int:
    """Bytes, rounded up: `1.5Gi` → 1610612736."""
    return int(parse(quantity).to_integral_value(ROUND_CEILING))


def canonical(quantity: str | int | float) -> str:
    """The form Kubernetes stores: no fraction, the largest suffix that keeps it exact (`0.5` → `500m`)."""
    return format(*_parse(str(quantity)))


def format(number: Decimal, form: str = DECIMAL_SI) -> str:
    """A number as a quantity in one of the three forms; what is below a nano is rounded up."""
    if form == BINARY_SI and abs(number) >= 1024 and number == number.to_integral_value():
        return _with_largest(number, reversed(_BINARY.items())) or f"{number:f}"
    number = number.quantize(_DECIMAL["n"], ROUND_CEILING if number > 0 else "ROUND_FLOOR")
    if form == DECIMAL_EXPONENT:
        return _with_exponent(number)
    return _with_largest(number, reversed(_DECIMAL.items())) or "0"


def _with_largest(number: Decimal, suffixes) -> str:
    for suffix, size in suffixes:
        count = number / size
        if count and count == count.to_integral_value():
            return f"{count.to_integral_value():f}{suffix}"
    return ""


def _with_exponent(number: Decimal) -> str:
    for power in range(18, -12, -3):
        count = number.scaleb(-power)
        if count and count == count.to_integral_value():
            return f"{count.to_integral_value():f}" + (f"e{power}" if power else "")
    return "0"
