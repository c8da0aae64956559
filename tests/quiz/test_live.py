"""How a live quiz moves on, who joins, what counts; marks of any class. The last two with hypothesis."""

import random
from datetime import timedelta
from fractions import Fraction

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from minikweb.quiz import live, results, scoring
from minikweb.quiz.models import LiveSession, Vote
from tests.quiz.room import opened, question

database = pytest.mark.django_db(databases=["default"])
NOW = timezone.now()


def press(session, action, seen=None):
    done = live.advance(session.id, action, seen or (session.stage, session.number), NOW)
    session.refresh_from_db()
    return done


def asked(session):
    """The session with its first question open."""
    press(session, "next")
    return session


@database
def test_it_works():
    session = asked(opened())
    ada = live.join(session, "Ada")
    live.vote(ada, 1, ["a", "b"])
    for action, state in [
        ("votes", ("votes", 1)),
        ("solution", ("solution", 1)),
        ("next", ("question", 2)),
        ("votes", ("votes", 2)),
        ("next", ("over", 2)),
    ]:
        assert press(session, action)
        assert (session.stage, session.number) == state
    assert session.ended_at == NOW


@database
def test_a_press_that_saw_another_state_changes_nothing():
    """The second press of a double click, and a phone that lags behind the laptop."""
    session = asked(opened())
    assert not press(session, "next", ("lobby", 0))
    assert not press(session, "solution")
    assert not press(session, "no such thing")
    assert (session.stage, session.number) == ("question", 1)


@database
def test_an_answer_may_be_changed_until_the_question_is_closed():
    session = asked(opened())
    ada = live.join(session, "Ada")
    live.vote(ada, 1, ["c"])
    live.vote(ada, 1, ["b", "a"])
    press(session, "votes")
    with pytest.raises(live.Refused, match="late"):
        live.vote(ada, 1, ["c"])
    assert [vote.ticked for vote in Vote.objects.all()] == [["a", "b"]]


@database
def test_a_class_may_vote_again_after_it_has_seen_the_votes_but_not_after_the_solution():
    session = asked(opened())
    ada = live.join(session, "Ada")
    press(session, "votes")
    assert press(session, "reopen")
    live.vote(ada, 1, ["a"])
    press(session, "votes")
    press(session, "solution")
    assert not press(session, "reopen")


@database
@pytest.mark.parametrize(
    ("number", "ticked", "why"),
    [
        (1, [], "unknown"),
        (1, ["z"], "unknown"),
        (1, ["a", "z"], "unknown"),
        (2, ["a"], "late"),
        (0, ["a"], "late"),
        (-1, ["a"], "late"),
    ],
)
def test_what_is_no_answer_to_the_open_question_is_refused(number, ticked, why):
    session = asked(opened())
    with pytest.raises(live.Refused, match=why):
        live.vote(live.join(session, "Ada"), number, ticked)


@database
def test_one_answer_means_one():
    session = asked(opened(question("radio", right="a", wrong="bc", several=False)))
    with pytest.raises(live.Refused, match="unknown"):
        live.vote(live.join(session, "Ada"), 1, ["a", "b"])


@database
def test_a_question_ended_while_open_is_not_counted():
    session = asked(opened())
    assert live.closed(session) == 0
    press(session, "end")
    assert (session.stage, session.number, live.questions(session)) == ("over", 0, [])


@database
@pytest.mark.parametrize("name", ["", "   ", "\u200b\u202e", "!!!"])
def test_a_pseudonym_must_be_readable(name):
    with pytest.raises(live.Refused, match="nameless"):
        live.join(opened(), name)


@database
def test_a_pseudonym_is_taken_once_whatever_its_case_and_blanks():
    session = opened()
    live.join(session, "Ada  L.")
    with pytest.raises(live.Refused, match="taken"):
        live.join(session, " ada l.")
    assert live.join(opened(), "Ada L.").pseudonym == "Ada L."


@database
def test_a_session_that_is_over_lets_nobody_in():
    session = asked(opened())
    press(session, "end")
    with pytest.raises(live.Refused, match="over"):
        live.join(session, "Ada")


@database
def test_a_session_has_a_last_seat(monkeypatch):
    monkeypatch.setattr(live, "LARGEST", 2)
    session = opened()
    live.join(session, "Ada")
    live.join(session, "Bob")
    with pytest.raises(live.Refused, match="full"):
        live.join(session, "Eve")


@database
def test_a_locked_phone_is_not_waited_for_and_counts_again_when_it_is_back():
    session = asked(opened())
    ada, bob, eve = (live.join(session, name) for name in ("Ada", "Bob", "Eve"))
    session.participants.filter(pk__in=[bob.pk, eve.pk]).update(seen_at=NOW - 2 * live.PRESENT)
    live.vote(eve, 1, ["a"])
    assert live.count(session, NOW) == live.Count(answered=1, present=2, joined=3)
    bob.refresh_from_db()
    live.seen(bob, NOW)
    assert live.count(session, NOW + timedelta(seconds=1)).present == 3
    assert ada.pk


@database
def test_codes_are_long_random_and_forgiving():
    codes = {opened().code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 6 and not set(code) & set("01OIL") for code in codes)
    code = codes.pop()
    assert live.find(f" {code[:3].lower()}-{code[3:]} ").code == code


@database
def test_what_was_asked_outlives_its_file():
    session = LiveSession.objects.get(pk=opened(question("gone")).pk)
    assert live.question(session, 1) == question("gone")
    assert sorted(one.option.id for one in live.options(session, live.question(session, 1))) == list("abcd")


def test_everyone_reads_the_same_letters():
    session = LiveSession(seed=5)
    shown = [[one.option.id for one in live.options(session, question("q"))] for _ in range(2)]
    assert shown[0] == shown[1]


# --- Marks -------------------------------------------------------------------------------------------------

states = st.sampled_from([(stage, number) for stage in ("question", "votes", "solution") for number in (1, 2, 3)])


@given(st.lists(st.sampled_from((*live.ACTIONS, "x")), max_size=30), st.integers(1, 4))
def test_no_way_through_the_states_leaves_them_or_goes_back(actions, total):
    state, highest = ("lobby", 0), 0
    for action in actions:
        following = live.moved(state, action, total)
        if following is None:
            continue
        assert state[0] != "over", "nothing moves a quiz that is over"
        assert following[0] in ("question", "votes", "solution", "over")
        assert 0 <= following[1] <= total
        if action != "end":
            assert following[1] >= highest
            highest = following[1]
        assert not (following[0] == "question" and state[0] == "solution" and following[1] == state[1])
        state = following


def ballots_of(data, questions, people):
    return {
        person: {
            number: frozenset(data.draw(st.sets(st.sampled_from(sorted(one.right | one.wrong)), min_size=1)))
            for number, one in enumerate(questions, start=1)
            if data.draw(st.booleans())
        }
        for person in range(people)
    }


questions_of_a_class = st.lists(
    st.tuples(st.sampled_from(["a", "ab", "abc"]), st.sampled_from(["x", "xyz"])), min_size=1, max_size=4
).map(lambda shapes: [question(f"q{n}", right=r, wrong=w) for n, (r, w) in enumerate(shapes)])


@given(questions_of_a_class, st.integers(0, 5), st.sampled_from(scoring.RULES), st.data())
def test_the_marks_of_a_class_add_up_in_every_direction(questions, people, rule, data):
    ballots = ballots_of(data, questions, people)
    persons = results.per_person(rule, questions, ballots)
    each = results.per_question(rule, questions, ballots)
    assert all(0 <= one.total <= len(questions) for one in persons)
    assert all(sum(one.verdicts.values()) == people for one in each)
    assert sum((one.mean * people for one in each), Fraction(0)) == sum((one.total for one in persons), Fraction(0))
    assert sum(one.exact for one in persons) == sum(one.verdicts["right"] for one in each)
    notions = results.per_notion(each)
    assert sum(one.questions for one in notions) == len(questions)
    for step in results.podium(persons):
        better = sum(one.total > step.total for one in persons)
        assert step.place == better + 1 <= 3


@given(questions_of_a_class, st.sampled_from(scoring.RULES), st.integers(0, 1000))
def test_neither_order_nor_speed_gains_anything(questions, rule, seed):
    """Only what is ticked counts: the ballots carry no time, and shuffling people changes no mark."""
    shuffle = random.Random(seed)
    ballots = {n: {1: frozenset(shuffle.sample(sorted(questions[0].right), 1))} for n in range(4)}
    order = list(ballots)
    shuffle.shuffle(order)
    before = {one.id: one.total for one in results.per_person(rule, questions, ballots)}
    after = {one.id: one.total for one in results.per_person(rule, questions, {id: ballots[id] for id in order})}
    assert before == after
