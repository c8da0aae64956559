"""One line per figure, and the table at the end."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured: ours and the peer's in `unit`; the ratio says how often the peer fits into ours."""

    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    more_is_better: bool = False

    @property
    def ratio(self) -> str:
        if not self.peer:
            return "peer absent"
        return f"{self.ours / self.peer:.2f} ×"

    def row(self) -> str:
        peer = f"{_short(self.peer)} {self.unit} ({self.peer_name})" if self.peer else "–"
        return f"| {self.what} | {_short(self.ours)} {self.unit} | {peer} | {self.ratio} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table, as README shows it."""
    head = "| what | here | peer, same run | ratio |\n|---|---|---|---|\n"
    return head + "\n".join(figure.row() for figure in figures)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: list[float]) -> float:
    return statistics.median(values)
