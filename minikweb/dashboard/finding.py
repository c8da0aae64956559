"""Finding objects by what one types: name, kind (also kubectl's short ones), namespace. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar


class Named(Protocol):
    """What can be found: an entry of the tree."""

    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


Aliases = Callable[[str], Iterable[str]]  # the other names of a kind: pods, po
N = TypeVar("N", bound=Named)


def words_of(query: str) -> list[str]:
    """`deploy/web demo` → deploy, web, demo."""
    return query.lower().replace("/", " ").split()


def score(found: Named, words: Sequence[str], aliases: Aliases) -> int:
    """How well every word fits; 0 when one does not fit at all."""
    total = 0
    for word in words:
        best = max(_of_name(found.name.lower(), word), _of_kind(found.kind, word, aliases), _of_place(found, word))
        if not best:
            return 0
        total += best
    return total


def _of_name(name: str, word: str) -> int:
    if name == word:
        return 100
    if name.startswith(word):
        return 60
    return 30 if f"-{word}" in name else 20 if word in name else 0


def _of_kind(kind: str, word: str, aliases: Aliases) -> int:
    known = {kind.lower(), *aliases(kind)}
    if word in known:
        return 50
    return 15 if len(word) > 1 and any(one.startswith(word) for one in known) else 0


def _of_place(found: Named, word: str) -> int:
    return 25 if found.namespace == word else 5 if len(word) > 2 and word in found.namespace else 0


def best(candidates: Iterable[N], words: Sequence[str], aliases: Aliases, most: int) -> list[N]:
    """The best `most`, those that fit better first, then by name."""
    scored = [(score(found, words, aliases), found) for found in candidates]
    kept = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], len(pair[1].name), pair[1].name))
    return [found for _, found in kept[:most]]
