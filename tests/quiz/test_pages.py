"""Walking through a series of questions, as a browser without JavaScript does."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from minikweb.quiz import attempts, library
from minikweb.quiz.models import Answer, Attempt
from tests.quiz.test_bank import QUESTION

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def attempt(client):
    return begun(client)


def begun(client, **choices):
    data = {"chapter": "deployment", "rule": "all-or-nothing", "mode": "training"} | choices
    answer = client.post("/quiz/start", data)
    assert answer.status_code == 302
    return Attempt.objects.latest("id")


def page(client, attempt, number=1):
    return client.get(f"/quiz/{attempt.id}/{number}/").content.decode()


def answered(client, attempt, number=1, *, right=True):
    question = attempts.in_order(attempt, library.questions())[number - 1]
    ticked = question.right if right else {sorted(question.wrong)[0]}
    return client.post(f"/quiz/{attempt.id}/{number}/", {"option": sorted(ticked)}, follow=True)


def test_it_works(client, attempt):
    assert "10" in page(client, attempt)
    assert "Tout juste." in answered(client, attempt).content.decode()


def test_the_rules_are_told_before_starting(client):
    text = client.get("/quiz/").content.decode()
    assert all(name in text for name in ("Tout ou rien", "Discordance", "Proportionnel"))


def test_every_option_is_explained_after_an_answer_and_none_before(client, attempt):
    assert 'class="because"' not in page(client, attempt)
    answered(client, attempt, right=False)
    text = page(client, attempt)
    assert text.count('class="because"') == text.count('name="option"') > 1


def test_an_exam_explains_nothing_until_it_is_over(client):
    attempt = begun(client, mode="exam")
    for number in range(1, 11):
        assert 'class="because"' not in answered(client, attempt, number).content.decode()
    assert "10 / 10" in client.get(f"/quiz/{attempt.id}/result/").content.decode()
    assert 'class="because"' in page(client, attempt)


def test_a_series_over_all_chapters_has_as_many_questions_as_asked_for(client):
    attempt = begun(client, chapter="", size="10")
    series = attempts.in_order(attempt, library.questions())
    assert len(series) == 10
    assert len({question.chapter for question in series}) > 1
    askable = [question for question in library.questions().values() if not question.reads]
    assert len(attempts.in_order(begun(client, chapter="", size="0"), library.questions())) == len(askable)


def test_a_question_without_a_lesson_leads_nowhere(client, monkeypatch):
    monkeypatch.setattr(library, "has_lesson", lambda chapter: False)
    attempt = begun(client, chapter="gitops", size="0")
    series = attempts.in_order(attempt, library.questions())
    number = next(number for number, question in enumerate(series, start=1) if not question.step)
    assert "/lessons/gitops/" not in answered(client, attempt, number).content.decode()


def test_an_answer_is_given_once(client, attempt):
    answered(client, attempt, right=False)
    answered(client, attempt, right=True)
    assert Answer.objects.filter(attempt=attempt).count() == 1
    assert "Tout juste." not in page(client, attempt)


def test_an_empty_answer_is_refused_and_nothing_is_lost(client, attempt):
    answer = client.post(f"/quiz/{attempt.id}/1/", {})
    assert (answer.status_code, Answer.objects.count()) == (422, 0)
    assert "Cochez d&#x27;abord une réponse." in answer.content.decode()


def test_options_of_another_question_are_refused(client, attempt):
    assert client.post(f"/quiz/{attempt.id}/1/", {"option": ["no-such-option"]}).status_code == 422


def test_a_reload_shows_the_same_question_with_the_same_options(client, attempt):
    options = re.findall(r'value="([a-z0-9-]+)"', page(client, attempt).split('id="stem"')[1])
    assert options == re.findall(r'value="([a-z0-9-]+)"', page(client, attempt).split('id="stem"')[1])


def test_coming_back_goes_to_the_first_question_without_an_answer(client, attempt):
    answered(client, attempt, 1)
    assert client.get(f"/quiz/{attempt.id}/").url == f"/quiz/{attempt.id}/2/"


def test_the_result_waits_for_the_last_answer(client, attempt):
    assert client.get(f"/quiz/{attempt.id}/result/").status_code == 302


def test_the_mark_follows_the_chosen_rule(client, attempt):
    answered(client, attempt, 1, right=False)
    for number in range(2, 11):
        answered(client, attempt, number)
    assert "9 / 10" in client.get(f"/quiz/{attempt.id}/result/").content.decode()


def test_it_speaks_english(client):
    client.cookies["django_language"] = "en"
    assert "How it is marked" in client.get("/quiz/").content.decode()


@pytest.mark.parametrize("path", ["/quiz/99999/", "/quiz/99999/1/", "/quiz/99999/result/"])
def test_what_does_not_exist_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_a_chapter_that_does_not_exist_is_refused(client):
    assert client.post("/quiz/start", {"chapter": "x", "rule": "discordance", "mode": "exam"}).status_code == 400


def test_starting_takes_a_post(client):
    assert client.get("/quiz/start").status_code == 405


def test_an_exam_has_a_time_limit_and_what_was_not_answered_is_worth_nothing(client):
    attempt = begun(client, mode="exam", minutes="10")
    answered(client, attempt, 1)
    assert "jusqu'à <time" in page(client, attempt, 2)
    Attempt.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert client.get(f"/quiz/{attempt.id}/").url == f"/quiz/{attempt.id}/result/"
    answered(client, attempt, 2)
    assert Answer.objects.filter(attempt=attempt).count() == 1
    text = client.get(f"/quiz/{attempt.id}/result/").content.decode()
    assert "1 / 10" in text and text.count("sans réponse") == 9
    assert "Vous n'avez pas répondu." in page(client, attempt, 2)


def test_training_has_no_time_limit(client):
    begun(client, mode="training", minutes="10")
    assert Attempt.objects.latest("id").minutes == 0


def test_a_time_limit_of_ones_own_making_is_refused(client):
    data = {"chapter": "pod", "rule": "discordance", "mode": "exam", "minutes": "-5"}
    assert client.post("/quiz/start", data).status_code == 400


def test_a_question_added_to_the_bank_changes_no_series_under_way(client, tmp_path, settings):
    attempt = begun(client, chapter="", size="10")
    before = [one.id for one in attempts.in_order(attempt, library.questions())]
    (tmp_path / "qcm").mkdir()
    (tmp_path / "qcm" / "99-more.yaml").write_text(QUESTION.format(answers="one", b_right="false", b_english="no way"))
    settings.LESSONS_DIRS = [*settings.LESSONS_DIRS, tmp_path]
    assert "q1" in library.questions()
    assert [one.id for one in attempts.in_order(attempt, library.questions())] == before


def test_the_result_tells_how_each_chapter_went_and_where_its_lesson_is(client):
    attempt = begun(client, chapter="", size="20")
    for number in range(1, 21):
        answered(client, attempt, number)
    text = client.get(f"/quiz/{attempt.id}/result/").content.decode()
    assert "Par notion" in text and "100 %" in text
    assert re.search('<td><a href="/lessons/[a-z]+/">', text)


def test_an_exam_that_is_over_has_an_attestation_with_a_line_for_the_name(client):
    attempt = begun(client, mode="exam")
    assert client.get(f"/quiz/{attempt.id}/attestation/").status_code == 404
    for number in range(1, 11):
        answered(client, attempt, number)
    text = client.get(f"/quiz/{attempt.id}/attestation/").content.decode()
    assert "10 / 10" in text and "Nom :" in text


def test_training_is_attested_to_nobody(client, attempt):
    for number in range(1, 11):
        answered(client, attempt, number)
    client.get(f"/quiz/{attempt.id}/result/")
    assert client.get(f"/quiz/{attempt.id}/attestation/").status_code == 404
