"""What one browser sees of the tree: which rows, in which order, and how to get from the last picture to this one.

Pure. Folded branches cost nothing: they are neither walked nor sent. A parent of many shows its first children and
says how many more there are, so that 5,000 pods stay a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from minikweb.apimachinery import errors, labels
from minikweb.dashboard.tree import LEVELS, Entry, Tree
from minikweb.kinds.registry import HealthStatus

CHILDREN = 60  # shown of one parent before "… and 940 more"
ROWS = 400  # above this, what is not asked for starts folded
DEEPEST = max(LEVELS.values())
PROBLEMS = ("Degraded", "Missing", "Unknown")


@dataclass(frozen=True)
class Sight:
    """What a browser asked to see. `toggled`: ids that are not in their usual state (see `_usually_open`)."""

    namespace: str = ""  # "" for all
    query: str = ""
    problems: bool = False
    arrangement: str = ""  # "" by owner, "network" or "node" (arrangements.py)
    depth: int = DEEPEST  # open down to this level (tree.LEVELS)
    toggled: frozenset[str] = frozenset()

    def toggle(self, id: str, is_open: bool, usually: bool) -> Sight:
        """This sight with one entry opened or closed."""
        changed = self.toggled | {id} if is_open != usually else self.toggled - {id}
        return replace(self, toggled=changed)

    @property
    def filters(self) -> bool:
        return bool(self.query.strip() or self.problems)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry where it stands. `expanded` is None for a leaf; `more` counts the siblings that are not shown."""

    entry: Entry
    level: int
    expanded: bool | None = None
    tally: tuple[tuple[HealthStatus, int], ...] = ()
    more: int = 0
    count: int = 0  # children
    id: str = field(default="")


def visible(tree: Tree, sight: Sight) -> list[Row]:
    """The rows of a sight, top to bottom."""
    kept = matching(tree, sight) if sight.filters else None
    rows: list[Row] = []
    for root in tree.namespaces:
        found = tree.entries[root]
        if found.kind != "Namespace" or sight.namespace in ("", found.name):
            rows.extend(_walk(tree, sight, found, 1, kept))
    return rows


def fitting_depth(tree: Tree, sight: Sight) -> int:
    """The deepest level at which the sight has at most ROWS rows (2, the Deployments, at the least)."""
    for depth in range(DEEPEST, 2, -1):
        if len(visible(tree, replace(sight, depth=depth))) <= ROWS:
            return depth
    return 2


def usually_open(found: Entry, depth: int) -> bool:
    """Whether an entry is open before anyone touches it: groups and system namespaces are not."""
    if found.kind == "Group" or (found.kind == "Namespace" and found.name.startswith("kube-")):
        return False
    return LEVELS.get(found.kind, LEVELS["Deployment"]) < depth


@dataclass(frozen=True)
class Kept:
    """What a filter leaves, and which of it has to be open to be found."""

    ids: frozenset[str]
    opened: frozenset[str]


def _walk(tree: Tree, sight: Sight, found: Entry, level: int, kept: Kept | None) -> Iterator[Row]:
    if kept is not None and found.id not in kept.ids:
        return
    children = len(tree.children.get(found.id, ())) or len(found.containers)
    is_open = usually_open(found, sight.depth) != (found.id in sight.toggled)
    if kept is not None:
        is_open = is_open or found.id in kept.opened
    tally = tuple(tree.tally(found.id).items()) if level == 1 else ()
    yield Row(found, level, is_open if children else None, tally, 0, children, found.id)
    if is_open and children:
        yield from _open(tree, sight, found, level + 1, kept)


def _open(tree: Tree, sight: Sight, found: Entry, level: int, kept: Kept | None) -> Iterator[Row]:
    for container in found.containers:
        yield Row(container, level, id=container.id)
    ids = [id for id in tree.children.get(found.id, ()) if kept is None or id in kept.ids]
    groups = [id for id in ids if tree.entries[id].kind == "Group"]
    members = [id for id in ids if tree.entries[id].kind != "Group"]
    shown = members if f"{found.id}-more" in sight.toggled else members[:CHILDREN]
    for id in shown:
        yield from _walk(tree, sight, tree.entries[id], level, kept)
    if len(shown) < len(members):
        yield _more(tree, found, level, members[CHILDREN:])
    for id in groups:
        yield from _walk(tree, sight, tree.entries[id], level, kept)


def _more(tree: Tree, parent: Entry, level: int, hidden: list[str]) -> Row:
    counts: dict[HealthStatus, int] = {}
    for id in hidden:
        health = tree.entries[id].health
        counts[health] = counts.get(health, 0) + 1
    id = f"{parent.id}-more"
    rest = Entry(id, "More", parent.namespace, "", owner=parent.id)
    return Row(rest, level, False, tuple(counts.items()), len(hidden), len(hidden), id)


def matching(tree: Tree, sight: Sight) -> Kept:
    """What matches, all above it (open, up to the next match), and all below it."""
    test = Filter(sight.query, sight.problems)
    matches = {found.id for found in tree.entries.values() if found.kind != "Group" and test(found)}
    kept, opened = set(matches), set()
    for id in matches:
        covered = False
        for parent in tree.above(id):
            covered = covered or parent.id in matches
            kept.add(parent.id)
            if not covered:
                opened.add(parent.id)
        kept.update(found.id for found in tree.below(id))
    return Kept(frozenset(kept), frozenset(opened))


class Filter:
    """A filter box: every word must be found in some column; `app=web` words are label selectors."""

    def __init__(self, query: str, problems: bool = False):
        words = query.lower().split()
        self.words = [word for word in words if "=" not in word]
        self.problems = problems
        try:
            self.selector = labels.parse_selector(",".join(word for word in query.split() if "=" in word))
        except errors.ApiError:  # half typed
            self.selector = labels.parse_selector("")

    def __call__(self, found: Entry) -> bool:
        if self.problems and found.health not in PROBLEMS:
            return False
        if self.selector.requirements and not self.selector.matches(dict(found.labels)):
            return False
        columns = (found.name, found.kind, found.word, found.node, *found.images)
        text = " ".join(columns).lower()
        return all(word in text for word in self.words)


def folded(rows: list[Row], id: str) -> list[Row]:
    """The rows without those below one."""
    start = next((index for index, row in enumerate(rows) if row.id == id), len(rows)) + 1
    end = start
    while end < len(rows) and rows[end].level > rows[start - 1].level:
        end += 1
    return rows[:start] + rows[end:]


Operation = tuple[str, str, str]  # ("-", id, ""), ("=", id, "") or ("+", id, id before or "")


def operations(old: Iterable[Row], new: list[Row]) -> list[Operation]:
    """How to turn the rows shown into the new ones: removals first, then insertions and replacements in order."""
    before = {row.id: row for row in old}
    wanted = {row.id for row in new}
    ops: list[Operation] = [("-", id, "") for id in before if id not in wanted]
    remaining = [id for id in before if id in wanted]
    cursor, moved, previous = 0, set(), ""
    for row in new:
        while cursor < len(remaining) and remaining[cursor] in moved:
            cursor += 1
        if cursor < len(remaining) and remaining[cursor] == row.id:
            cursor += 1
            if before[row.id] != row:
                ops.append(("=", row.id, ""))
        else:
            if row.id in before:
                moved.add(row.id)
                ops.append(("-", row.id, ""))
            ops.append(("+", row.id, previous))
        previous = row.id
    return ops
