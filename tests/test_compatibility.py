"""docs/compatibility.md says what is served, and this holds it to it."""

from pathlib import Path

from minikweb.kinds import registry
from minikweb.kinds.registry import Kind

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"
KINDS = registry.builtin().all()


def rows() -> dict[tuple[str, str], tuple[str, str]]:
    """(group/version, kind) → (state, what is below it), as the document's table says."""
    lines = DOCUMENT.read_text().splitlines()
    start = lines.index("| group | kind | state | below it |") + 2
    found = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        group, kind, state, below = (cell.strip() for cell in line.strip("|").split("|"))
        assert (group, kind) not in found, f"{kind} of {group} stands there twice"
        found[group, kind] = (state, below)
    return found


def state_of(kind: Kind) -> str:
    if kind.virtual:
        return "answered" if kind.verbs else "body"
    return "inert" if kind.inert else "works"


def test_every_kind_that_is_served_is_listed_as_it_is():
    listed = {key: row for key, row in rows().items() if row[0] != "not served"}

    assert listed == {
        (kind.api_version, kind.kind): (state_of(kind), ", ".join(sorted(kind.subresources))) for kind in KINDS
    }


def test_what_is_listed_as_not_served_is_not():
    absent = {key for key, row in rows().items() if row[0] == "not served"}

    assert absent
    assert absent.isdisjoint((kind.api_version, kind.kind) for kind in KINDS)


def test_what_is_inert_says_so_in_a_clause():
    said = {kind.kind: kind.inert for kind in KINDS if kind.inert}

    assert said
    assert {name: text for name, text in said.items() if len(text.split()) < 5 or text.endswith(".")} == {}
