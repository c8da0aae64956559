"""A live quiz in browsers without JavaScript: the teacher drives, students answer, nobody sees too much."""

import logging
import re

import pytest
from django.conf import settings as settings_module
from django.contrib.auth import get_user_model
from django.utils import timezone

from minikweb.people import session as people_session
from minikweb.people import throttle
from minikweb.people.models import SchoolClass
from minikweb.people.models import Student as PeopleStudent
from minikweb.quiz import live
from minikweb.quiz.models import LiveSession, Participant, Vote
from tests.quiz.room import STUDENTS_ADDRESS, Student, Teacher, opened, signed_in_only

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def teacher():
    return Teacher()


@pytest.fixture
def session():
    return opened()


@pytest.fixture
def ada(session):
    student = Student()
    student.join(session, "Ada", "Ada Lovelace")
    return student


@pytest.fixture(autouse=True)
def fresh_throttles(monkeypatch):
    for name in ("GUESSES", "ALL_GUESSES", "SEATS"):
        monkeypatch.setattr(throttle, name, throttle.Throttle(burst=10, every=6.0))


def screen(teacher, session):
    return teacher.get(f"/quiz/live/{session.id}/screen/").content.decode()


def test_it_works(teacher, session, ada):
    assert "Vous y êtes." in ada.sees(session)
    teacher.press(session, "next")
    assert "stem of first" in ada.sees(session)
    assert ada.answers(session, "ab").status_code == 302
    assert "1/1" in screen(teacher, session)
    teacher.press(session, "votes")
    assert "Votre réponse est gardée" in ada.sees(session)
    teacher.press(session, "solution")
    assert "Tout juste." in ada.sees(session)
    teacher.press(session, "next")
    teacher.press(session, "votes")
    teacher.press(session, "next")
    assert "1 / 2" in ada.sees(session)
    assert "Ada" in screen(teacher, session)


def test_a_session_is_opened_from_chapters_and_questions(teacher):
    data = {"title": "Vendredi", "chapter": ["probes"], "question": ["replicaset-orphans"], "rule": "discordance"}
    answer = teacher.post("/quiz/live/open", data | {"size": "0", "podium": "on"})
    session = LiveSession.objects.get()
    assert answer.url == f"/quiz/live/{session.id}/"
    assert "replicaset-orphans" in [one["id"] for one in session.questions]
    assert {one["chapter"] for one in session.questions} == {"probes", "replicaset"}
    assert (session.title, session.rule, session.podium, session.shows_names) == (
        "Vendredi",
        "discordance",
        True,
        False,
    )


@pytest.mark.parametrize("wrong", [{"chapter": []}, {"rule": "luck"}, {"size": "7"}, {"chapter": ["no-such-chapter"]}])
def test_a_form_that_makes_no_session_says_so(teacher, wrong):
    answer = teacher.post("/quiz/live/open", {"chapter": ["pod"], "rule": "discordance", "size": "0"} | wrong)
    assert (answer.status_code, LiveSession.objects.count()) == (422, 0)
    assert "Choisissez au moins un chapitre" in answer.content.decode()


def test_nothing_of_what_is_right_leaves_the_server_before_the_solution(teacher, session, ada):
    seen = []
    teacher.press(session, "next")
    ada.answers(session, "c")
    seen += [ada.sees(session), screen(teacher, session)]
    teacher.press(session, "votes")
    seen += [ada.sees(session), screen(teacher, session)]
    for text in seen:
        assert "stem of first" in text
        assert not re.search('because|right answer|bonne réponse|class="right', text, re.IGNORECASE)
    teacher.press(session, "solution")
    assert all("because a" in text for text in (ada.sees(session), screen(teacher, session)))


def test_the_votes_are_counted_on_the_projector_only_once_they_are_shown(teacher, session, ada):
    teacher.press(session, "next")
    ada.answers(session, "c")
    assert 'class="bar"' not in screen(teacher, session)
    teacher.press(session, "votes")
    shown = screen(teacher, session)
    assert shown.count('class="bar"') == 4
    assert [int(count) for count in re.findall(r'<rect width="(\d+)"', shown)].count(100) == 1


def test_names_are_on_the_projector_only_where_the_teacher_chose_it(teacher):
    for shows_names in (True, False):
        session = opened(shows_names=shows_names)
        Student().join(session, "Zoé", "Zoé Zola")
        text = screen(teacher, session)
        assert ("Zoé" in text) == shows_names
        assert "Zola" not in text


def test_a_student_can_neither_drive_nor_look_behind(session, ada, settings):
    for name, value in signed_in_only().items():
        setattr(settings, name, value)
    below = f"/quiz/live/{session.id}/"
    for path in ("", "screen/", "results/", "results.csv", "attestation/1/"):
        assert ada.get(below + path).status_code in (302, 403, 404), path
    for path in ("do", "remove", "delete"):
        answer = ada.post(below + path, {"action": "next", "stage": "lobby", "number": 0, "participant": 1})
        assert answer.status_code in (302, 403, 404), path
    assert ada.post("/quiz/live/open", {"chapter": "pod", "rule": "discordance", "size": "0"}).status_code in (302, 403)
    session.refresh_from_db()
    assert (session.stage, LiveSession.objects.count(), session.participants.count()) == ("lobby", 1, 1)
    assert "Vous y êtes." in ada.sees(session)


def test_a_phone_needs_no_sign_in_at_any_stage(session, settings):
    for name, value in signed_in_only().items():
        setattr(settings, name, value)
    ada, phone = Student(), Teacher(REMOTE_ADDR=STUDENTS_ADDRESS)
    phone.post(f"/quiz/live/{session.id}/remote/{session.control}/")
    ada.join(session)
    for action in ("next", "votes", "solution", "next", "votes", "next"):
        phone.press(session, action)
        assert f'data-stage="{session.stage}"' in ada.sees(session)
        assert f'data-stage="{session.stage}"' in phone.get(f"/quiz/live/{session.id}/").content.decode()
        assert f'data-stage="{session.stage}"' in screen(phone, session)
    assert ada.get(f"/quiz/play/{session.code}/attestation/").status_code == 200


def test_a_phone_becomes_the_remote_control_once_and_by_a_press(session, settings):
    for name, value in signed_in_only().items():
        setattr(settings, name, value)
    phone, thief = Teacher(REMOTE_ADDR=STUDENTS_ADDRESS), Teacher(REMOTE_ADDR=STUDENTS_ADDRESS)
    link = f"/quiz/live/{session.id}/remote/{session.control}/"
    assert phone.get(link).status_code == 200
    assert phone.get(f"/quiz/live/{session.id}/").status_code == 404, "a look at the link takes nothing"
    assert phone.post(link).status_code == 302
    assert phone.press(session, "next").stage == "question"
    assert thief.post(link).status_code == 403, "the link has served"
    assert phone.get(f"/quiz/live/{session.id}/results/").status_code in (302, 403, 404), "results are the teacher's"


def test_the_controller_shows_a_new_link_once_the_old_one_has_served(teacher, session):
    path = f"/quiz/live/{session.id}/"
    token = re.search(r"seen=([^\"]+)", teacher.get(path).content.decode())[1]
    assert teacher.get(path, {"seen": token}, HTTP_X_LIVE="1").status_code == 204
    assert Teacher().post(f"{path}remote/{session.control}/").status_code == 302
    assert teacher.get(path, {"seen": token}, HTTP_X_LIVE="1").status_code == 200


def test_a_phone_that_is_not_heard_of_is_shown_as_away(teacher, session, ada):
    path = f"/quiz/live/{session.id}/"
    assert "en veille" not in teacher.get(path).content.decode()
    session.participants.update(seen_at=timezone.now() - 2 * live.PRESENT)
    assert "en veille" in teacher.get(path).content.decode()


def test_a_real_name_is_on_the_results_alone(teacher, session, ada):
    """The controller may be on a laptop whose screen is projected."""
    for path in ("", "screen/"):
        text = teacher.get(f"/quiz/live/{session.id}/{path}").content.decode()
        assert "Ada" in text
        assert "Lovelace" not in text
    assert "Lovelace" in teacher.get(f"/quiz/live/{session.id}/results/").content.decode()


def test_a_reload_or_another_network_comes_back_with_the_answer_kept(teacher, session, ada):
    teacher.press(session, "next")
    ada.answers(session, "ac")
    ada.defaults["REMOTE_ADDR"] = "198.51.100.7"
    text = ada.sees(session)
    assert sorted(re.findall(r'value="(\w)" id="option-\w" checked', text)) == ["a", "c"]
    assert "gardée" in text


def test_joining_twice_in_one_browser_is_coming_back(session, ada):
    assert ada.get(f"/quiz/join/{session.code}/").url == f"/quiz/play/{session.code}/"
    assert session.participants.count() == 1


def test_a_latecomer_answers_the_question_of_the_moment(teacher, session, ada):
    teacher.press(session, "next")
    bob = Student()
    bob.join(session, "Bob")
    assert bob.answers(session, "ab").status_code == 302
    assert Vote.objects.filter(participant__pseudonym="Bob", number=1).exists()


def test_a_late_answer_is_told_and_not_kept(teacher, session, ada):
    teacher.press(session, "next")
    teacher.press(session, "votes")
    answer = ada.answers(session, "ab")
    assert (answer.status_code, Vote.objects.count()) == (422, 0)
    assert "a été fermée avant" in answer.content.decode()


def test_a_pseudonym_that_is_taken_is_told_and_nothing_typed_is_lost(session, ada):
    answer = Student().post(f"/quiz/join/{session.code}/", {"pseudonym": "ADA", "real_name": "Ada Byron"})
    assert answer.status_code == 422
    assert 'value="Ada Byron"' in answer.content.decode()


def test_a_room_is_not_filled_by_a_script(session):
    answers = [Student().post(f"/quiz/join/{session.code}/", {"pseudonym": f"robot {n}"}) for n in range(12)]
    assert [answer.status_code for answer in answers] == [302] * 10 + [422] * 2
    assert "quelques secondes" in answers[-1].content.decode()
    assert session.participants.count() == 10


def test_who_did_not_join_is_asked_to(session):
    assert Student().get(f"/quiz/play/{session.code}/").url == f"/quiz/join/{session.code}/"
    assert Student().post(f"/quiz/play/{session.code}/answer", {"number": 1, "option": "a"}).status_code == 404


def test_codes_cannot_be_tried_one_after_another(session):
    thief = Student()
    statuses = [thief.post("/quiz/join/", {"code": f"AAAA{n:02}"}).status_code for n in range(12)]
    assert set(statuses) == {422}
    answer = thief.post("/quiz/join/", {"code": session.code})
    assert answer.status_code == 422, "not even the right one, for a while"
    assert "attendez une minute" in answer.content.decode()


def test_who_has_joined_is_not_locked_out_by_others_of_the_same_address(teacher, session, ada):
    for n in range(12):
        Student().get(f"/quiz/join/BBBB{n:02}/")
    teacher.press(session, "next")
    assert "stem of first" in ada.sees(session)


def test_an_unknown_code_and_a_foreign_one_look_alike_where_one_has_not_joined(session):
    for path in ("answer",):
        answers = [Student().post(f"/quiz/play/{code}/{path}", {"option": "a"}) for code in (session.code, "XXXXXX")]
        assert {answer.status_code for answer in answers} == {404}
    assert Student().get("/quiz/play/XXXXXX/").url == "/quiz/join/XXXXXX/"


def test_a_script_is_sent_the_moving_part_alone_and_nothing_when_it_has_it(teacher, session, ada):
    path = f"/quiz/play/{session.code}/"
    assert ada.get(path, {"seen": "lobby-0"}, HTTP_X_LIVE="1").status_code == 204
    teacher.press(session, "next")
    part = ada.get(path, {"seen": "lobby-0"}, HTTP_X_LIVE="1").content.decode()
    assert part.lstrip().startswith('<div id="stage"')
    assert "<html" not in part


def test_removing_somebody_takes_their_answers_and_their_phone_says_so(teacher, session, ada):
    teacher.press(session, "next")
    ada.answers(session, "a")
    teacher.post(f"/quiz/live/{session.id}/remove", {"participant": Participant.objects.get().id})
    assert (Participant.objects.count(), Vote.objects.count()) == (0, 0)
    assert ada.get(f"/quiz/play/{session.code}/").url == f"/quiz/join/{session.code}/"


def test_deleting_a_session_deletes_its_data_and_says_what(teacher, session, ada):
    teacher.press(session, "next")
    ada.answers(session, "a")
    text = teacher.post(f"/quiz/live/{session.id}/delete", follow=True).content.decode()
    assert (LiveSession.objects.count(), Participant.objects.count(), Vote.objects.count()) == (0, 0, 0)
    assert "1 participant" in text and "1 réponse" in text


def test_no_name_is_ever_logged(teacher, session, ada, caplog):
    caplog.set_level(logging.DEBUG)
    Student().post(f"/quiz/join/{session.code}/", {"pseudonym": "ada", "real_name": "Lovelace"})
    Student().post("/quiz/join/NOPE22/", {"pseudonym": "Grace", "real_name": "Hopper"})
    teacher.press(session, "next")
    ada.answers(session, "z")
    assert not re.search("lovelace|ada|hopper|grace", caplog.text, re.IGNORECASE)
    assert "Ada" not in f"{Participant.objects.get()!r}"


def test_numbers_that_are_none_are_no_crash(teacher, session, ada):
    teacher.press(session, "next")
    for number in ("", "x", "²", "9" * 5000, "-1"):
        assert ada.answers(session, "a", number=number).status_code == 422
        data = {"action": "votes", "stage": "question", "number": number}
        assert teacher.post(f"/quiz/live/{session.id}/do", data).status_code == 302
        assert teacher.post(f"/quiz/live/{session.id}/remove", {"participant": number}).status_code == 302
    session.refresh_from_db()
    assert (session.stage, session.participants.count()) == ("question", 1)


def test_everything_is_read_in_english_too(teacher, session, ada):
    for client in (teacher, ada):
        client.cookies["django_language"] = "en"
    assert "You are in." in ada.sees(session)
    assert "Ask the first question" in teacher.get(f"/quiz/live/{session.id}/").content.decode()


def test_looking_needs_no_post_and_acting_does(teacher, session):
    for path in ("do", "remove", "delete"):
        assert teacher.get(f"/quiz/live/{session.id}/{path}").status_code == 405


def test_a_faulty_question_of_a_teacher_is_named_to_teachers_alone(teacher, tmp_path, settings):
    (tmp_path / "qcm").mkdir()
    (tmp_path / "qcm" / "99-mine.yaml").write_text("chapter: mine\ntitle: {fr: a, en: b}\nquestions: [{id: broken}]\n")
    settings.LESSONS_DIRS = [*settings.LESSONS_DIRS, tmp_path]
    for path in ("/quiz/", "/quiz/live/"):
        text = teacher.get(path).content.decode()
        assert "qcm/99-mine.yaml: broken: " in text
    assert teacher.post("/quiz/start", {"chapter": "pod", "rule": "discordance", "mode": "exam"}).status_code == 302


@pytest.fixture
def several_teachers(settings):
    """Two teachers where a sign-in is required; the first has opened a session."""
    for name, value in signed_in_only().items():
        setattr(settings, name, value)
    one, other = Teacher(), Teacher()
    for number, teacher in enumerate((one, other)):
        teacher.force_login(get_user_model().objects.create_user(f"teacher{number}"))
    one.post("/quiz/live/open", {"chapter": ["pod"], "rule": "discordance", "size": "0", "title": "Mine alone"})
    return one, other, LiveSession.objects.get()


def test_a_teacher_sees_the_sessions_that_are_theirs(several_teachers):
    one, other, session = several_teachers
    assert "Mine alone" in one.get("/quiz/live/").content.decode()
    assert "Mine alone" not in other.get("/quiz/live/").content.decode()
    for path in ("", "screen/", "results/", "results.csv"):
        assert one.get(f"/quiz/live/{session.id}/{path}").status_code == 200
        assert other.get(f"/quiz/live/{session.id}/{path}").status_code == 404
    assert other.post(f"/quiz/live/{session.id}/delete").status_code == 404


def devices_of_a_student():
    """Two browsers of Zoé, who is in a class."""
    student = PeopleStudent.objects.create(
        school_class=SchoolClass.open_new("Friday"), pseudonym="Zoé", account="class-x-zoe"
    )
    devices = Student(), Student()
    for device in devices:
        people_session.enter(held := device.session, student)
        held.save()
        device.cookies[settings_module.SESSION_COOKIE_NAME] = held.session_key
    return devices


def test_a_student_of_a_class_is_invited_while_the_quiz_goes_on(several_teachers):
    teacher, _, session = several_teachers
    device, _ = devices_of_a_student()
    assert f"/quiz/join/{session.code}/" in device.get("/quiz/").content.decode()
    assert f"/quiz/join/{session.code}/" not in teacher.get("/quiz/").content.decode()
    teacher.press(session, "end")
    assert f"/quiz/join/{session.code}/" not in device.get("/quiz/").content.decode()


def test_a_student_of_a_class_has_a_pseudonym_already_and_is_known_on_every_device(several_teachers):
    _, _, session = several_teachers
    devices = devices_of_a_student()
    assert 'value="Zoé"' in devices[0].get(f"/quiz/join/{session.code}/").content.decode()
    devices[0].join(session, "Zoé")
    assert "Vous y êtes." in devices[1].sees(session)
    assert session.participants.count() == 1
