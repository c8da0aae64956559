"""A table for a French Excel."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from minikweb.classroom import export


def test_it_works():
    text = export.table(["Élève", "Minutes"], [["Zoé", 1.5], ["Lou; dit « le grand »", None], ["x", 3]])
    assert text.startswith("\ufeffÉlève;Minutes\r\nZoé;1,5\r\n")
    assert '"Lou; dit « le grand »";\r\n' in text
    assert text.encode()[:3] == b"\xef\xbb\xbf"


def test_nothing_is_calculated():
    for formula in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1"):
        assert export.table(["x"], [[formula]]).splitlines()[1].strip('"').startswith("'")


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0"), max_size=20), min_size=2, max_size=4))
def test_whatever_is_written_is_read_again(cells):
    text = export.table(["a"], [cells])
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert [cell.removeprefix("'") for cell in rows[1]] == [cell.removeprefix("'") for cell in cells]
