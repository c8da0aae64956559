"""Results, CSV and attestation of a live quiz."""

import csv
import io

import pytest

from tests.quiz.room import Student, Teacher, opened, question

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def teacher():
    return Teacher()


@pytest.fixture
def session(teacher):
    """Two questions of two notions. Ada: 1 + ½; Bob: 0, the second not answered."""
    second = question("second", right="ab", wrong="cd", chapter="probes")
    session = opened(question("first"), second, rule="discordance")
    ada, bob = Student(), Student()
    ada.join(session, "Ada", "Ada Lovelace")
    bob.join(session, "Bob")
    teacher.press(session, "next")
    ada.answers(session, "ab")
    bob.answers(session, "cd")
    teacher.press(session, "votes")
    teacher.press(session, "next")
    ada.answers(session, "a")
    teacher.press(session, "votes")
    teacher.press(session, "next")
    session.ada = ada
    return session


def page(teacher, session, path="results/"):
    return teacher.get(f"/quiz/live/{session.id}/{path}").content.decode()


def table(teacher, session, delimiter=";"):
    text = teacher.get(f"/quiz/live/{session.id}/results.csv").content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def test_it_works(teacher, session):
    text = page(teacher, session)
    assert text.index("Ada") < text.index("Bob"), "the best first"
    assert "<strong>1,5</strong> / 2" in text
    assert "50 %" in text and "25 %" in text


def test_the_csv_is_what_a_french_excel_opens(teacher, session):
    raw = teacher.get(f"/quiz/live/{session.id}/results.csv")
    assert raw.content.startswith(b"\xef\xbb\xbf")
    assert raw["Content-Disposition"].startswith('attachment; filename="qcm-')
    assert table(teacher, session) == [
        ["Pseudonyme", "Nom", "Note", "Sur", "Tout juste", "1. first", "2. second"],
        ["Ada", "Ada Lovelace", "1,5", "2", "1", "1", "0,5"],
        ["Bob", "", "0", "2", "0", "0", ""],
    ]


def test_the_csv_in_english_has_points_and_commas(teacher, session):
    teacher.cookies["django_language"] = "en"
    assert table(teacher, session, ",")[1][2] == "1.5"


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+33 1", "-2+3", "@SUM(A1)"])
def test_a_name_is_never_a_formula(teacher, name):
    session = opened()
    Student().join(session, name)
    assert table(teacher, session)[1][0] == "'" + name


def test_the_attestation_has_the_real_name_and_the_notions(teacher, session):
    ada = session.participants.get(pseudonym="Ada")
    text = page(teacher, session, f"attestation/{ada.id}/")
    assert "Ada Lovelace" in text and "1,5 / 2" in text
    assert session.ada.get(f"/quiz/play/{session.code}/attestation/").content.decode().count("Ada Lovelace") == 1


def test_an_attestation_waits_for_the_end(teacher):
    session, ada = opened(), Student()
    ada.join(session)
    assert ada.get(f"/quiz/play/{session.code}/attestation/").status_code == 404


def test_results_of_a_session_without_anybody(teacher):
    session = opened()
    assert "Personne" in page(teacher, session)
    assert len(table(teacher, session)) == 1
