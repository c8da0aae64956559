"""A class as a table that a French Excel opens: UTF-8 with its mark, semicolons, the comma of decimals. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

MARK = "\ufeff"
FORMULAS = "=+-@\t\r"  # a cell that begins so would be calculated


def table(header: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]) -> str:
    """The whole file."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return MARK + output.getvalue()


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}".replace(".", ",")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in FORMULAS and text else text
