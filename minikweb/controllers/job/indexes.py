"""The indexes of an Indexed Job as its status writes them: `1,3-5,7`. Pure.

Source: kubernetes/pkg/controller/job/indexed_job_utils.go (orderedIntervals).
"""

from __future__ import annotations


def parse(text: str | None, completions: int) -> set[int]:
    """The indexes below `completions`; what is no index is left out."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def render(indexes: set[int]) -> str:
    """In order, three or more neighbours as a range."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(_run(run) for run in runs)


def _run(run: list[int]) -> str:
    return f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run))
