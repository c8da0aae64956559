"""The board, from rows to cells."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minikweb.classroom.board import AWAY, STUCK, Sitting, ailment, board, troubles
from tests.kinds.testdata import load

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
STEPS = ("one", "two", "three")


def ago(**span):
    return NOW - timedelta(**span)


def sitting(account="learn-a", **facts):
    return Sitting(**{"account": account, "name": account, "joined_at": ago(hours=1), "seen_at": NOW} | facts)


def test_it_works():
    zoe = sitting(
        step="two",
        step_since=ago(minutes=5),
        seen={"one": ago(minutes=9), "two": ago(minutes=5)},
        done={"one": ago(minutes=6)},
    )
    found = board(STEPS, [zoe, sitting("learn-b")], {"learn-a": "ImagePullBackOff"}, NOW)
    row = found.rows[0]
    assert [(cell.state, cell.seconds) for cell in row.cells] == [("done", 180), ("here", 300), ("", None)]
    assert (row.stuck, row.trouble, row.done) == (300, "ImagePullBackOff", 1)
    assert [(column.done, column.median) for column in found.columns] == [(1, 180), (0, None), (0, None)]
    assert [row.account for row in found.waiting] == ["learn-a"]


def test_a_shown_solution_is_told_apart():
    found = board(STEPS, [sitting(done={"one": NOW}, shown=frozenset({"one"}))], {}, NOW)
    assert found.rows[0].cells[0].state == "shown"


def test_four_minutes_on_a_step_are_long():
    for span, stuck in ((STUCK - timedelta(seconds=1), False), (STUCK, True)):
        found = board(STEPS, [sitting(step="one", step_since=NOW - span)], {}, NOW)
        assert (found.rows[0].stuck is not None) is stuck


def test_a_done_step_is_no_place_to_be_stuck():
    found = board(STEPS, [sitting(step="one", step_since=ago(hours=1), done={"one": ago(minutes=50)})], {}, NOW)
    assert found.rows[0].stuck is None


def test_raised_hands_come_first():
    lost = sitting("learn-b", lost_at=ago(seconds=10))
    stuck = sitting("learn-a", step="one", step_since=ago(minutes=30))
    assert [row.account for row in board(STEPS, [stuck, lost], {}, NOW).waiting] == ["learn-b", "learn-a"]


def test_who_asks_for_no_page_is_away():
    rows = board(STEPS, [sitting(seen_at=NOW - AWAY - timedelta(seconds=1)), sitting("learn-b")], {}, NOW).rows
    assert [row.away for row in rows] == [True, False]


def test_the_median_is_of_those_who_did_it():
    def took(account, minutes):
        return sitting(account, seen={"one": ago(minutes=60)}, done={"one": ago(minutes=60 - minutes)})

    sittings = [took("learn-a", 2), took("learn-b", 4), took("learn-c", 40), sitting("learn-d")]
    assert board(STEPS, sittings, {}, NOW).columns[0].median == 240


def test_ailments_are_kubectls_words():
    assert ailment(load("pod-imagepullbackoff")) == "ImagePullBackOff"
    assert ailment(load("pod-crashloop")) == "CrashLoopBackOff"
    assert ailment(load("pod-initcrashloop")) == "Init:CrashLoopBackOff"
    assert ailment(load("pod-running")) == ""
    assert ailment(load("pod-containercreating")) == ""
    assert ailment(load("pod-initialising")) == ""


def test_a_pods_ailment_is_its_owners_trouble():
    pod = load("pod-imagepullbackoff")
    namespace = pod["metadata"]["namespace"]
    assert troubles([pod], {namespace: "learn-a"}) == {"learn-a": "ImagePullBackOff"}
    assert troubles([pod], {"another": "learn-b"}) == {}


moments = st.datetimes(datetime(2026, 11, 23), datetime(2026, 11, 24), timezones=st.just(UTC))
steps = st.dictionaries(st.sampled_from(STEPS), moments)


@given(st.lists(st.tuples(steps, steps, st.sampled_from(("", *STEPS)), st.none() | moments), max_size=5))
def test_whatever_the_rows_say_the_board_is_a_rectangle(found):
    sittings = [
        sitting(str(number), done=done, seen=seen, step=step, step_since=NOW, lost_at=lost)
        for number, (done, seen, step, lost) in enumerate(found)
    ]
    made = board(STEPS, sittings, {}, NOW)
    assert all(len(row.cells) == len(STEPS) == len(made.columns) for row in made.rows)
    assert all(cell.seconds is None or cell.seconds >= 0 for row in made.rows for cell in row.cells)
    assert [column.done for column in made.columns] == [sum(s in done for done, *_ in found) for s in STEPS]
