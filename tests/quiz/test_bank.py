"""The questions are data; a file that cannot be read says where and why."""

import json
import re

import pytest
import yaml
from django.conf import settings

from minikweb.quiz import bank
from minikweb.tutorial import outline

QUESTION = """
chapter: deployment
title: {{fr: "Un chapitre", en: "A chapter"}}
questions:
  - id: q1
    step: undo
    answers: {answers}
    stem: {{fr: "Quoi ?", en: "What?"}}
    options:
      - {{id: a, right: true, text: {{fr: oui, en: yes it is}}, why: {{fr: car, en: because}}}}
      - {{id: b, right: {b_right}, text: {{fr: non, en: {b_english}}}, why: {{fr: car, en: because}}}}
"""


def written(tmp_path, **values):
    path = tmp_path / "q.yaml"
    path.write_text(QUESTION.format(**({"answers": "one", "b_right": "false", "b_english": "no way"} | values)))
    return path


def test_it_works(tmp_path):
    (question,) = bank.load(written(tmp_path)).questions
    assert (question.right, question.wrong, question.several) == ({"a"}, {"b"}, False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"b_english": "''"}, "option b: the text must be given in fr and en"),
        ({"b_right": "true"}, "at least one right and one wrong option"),
        ({"answers": "many"}, "answers is `one` or `several`"),
    ],
)
def test_a_faulty_question_is_named_with_its_file(tmp_path, values, message):
    chapter = bank.load(written(tmp_path, **values))
    assert chapter.questions == ()
    assert re.match(f"qcm/q.yaml: q1.*{message}", chapter.faults[0])


def teachers_folder(tmp_path, text):
    (tmp_path / "qcm").mkdir()
    (tmp_path / "qcm" / "99-mine.yaml").write_text(text)
    return (*settings.LESSONS_DIRS, tmp_path)


def test_a_faulty_question_of_a_teacher_leaves_all_others_in_place(tmp_path):
    good = QUESTION.format(answers="one", b_right="false", b_english="no way")
    faulty = good.split("questions:\n")[1].replace("q1", "q2").replace("answers: one", "answers: maybe")
    folders = teachers_folder(tmp_path, good + faulty)
    problems = []
    found = bank.load_all(folders, problems)
    assert set(bank.load_all(tuple(settings.LESSONS_DIRS))) | {"q1"} == set(found)
    assert problems == ["qcm/99-mine.yaml: q2: answers is `one` or `several`"]
    assert [question.id for question in bank.chapters(folders, [])["deployment"].questions].count("q1") == 1
    with pytest.raises(bank.BankError, match="99-mine.yaml: q2"):
        bank.load_all(folders)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "qcm/99-mine.yaml: "),
        ("a: list", "one mapping with chapter, title"),
        ("chapter: ../x\ntitle: {fr: a, en: b}\nquestions: []", "chapter is the slug"),
        ("chapter: mine\ntitle: {fr: Les miennes, en: Mine}\nquestions: [1]", "99-mine.yaml: 1: a question has id"),
    ],
)
def test_a_file_that_is_no_bank_is_left_out_and_named(tmp_path, text, message):
    problems = []
    assert len(bank.load_all(teachers_folder(tmp_path, text), problems)) >= 80
    assert [message in problem for problem in problems] == [True]


@pytest.mark.parametrize(
    ("key", "value"), [("id", [1, 2]), ("id", "Not A Slug"), ("step", "../.."), ("options", 3), ("stem", 3)]
)
def test_odd_values_are_faults_and_not_crashes(tmp_path, key, value):
    path = written(tmp_path)
    data = yaml.safe_load(path.read_text())
    data["questions"][0][key] = value
    path.write_text(yaml.safe_dump(data))
    assert len(bank.load(path).faults) == 1


def test_a_changed_file_is_read_again(tmp_path):
    path = written(tmp_path)
    assert bank.load(path).faults == ()
    path.write_text(path.read_text().replace("answers: one", "answers: none of them"))
    assert len(bank.load(path).faults) == 1


def test_an_id_is_used_once_over_all_files(tmp_path):
    again = QUESTION.format(answers="one", b_right="false", b_english="no way").replace("q1", "replicaset-orphans")
    problems = []
    bank.load_all(teachers_folder(tmp_path, again), problems)
    assert problems == ["qcm/99-mine.yaml: two questions have the id replicaset-orphans"]


def test_a_question_survives_its_way_through_json():
    asked_live = [one for one in bank.load_all(tuple(settings.LESSONS_DIRS)).values() if not one.reads]
    for question in asked_live:
        assert bank.from_data(json.loads(json.dumps(bank.as_data(question)))) == question


def test_the_step_and_the_ids_of_options_may_be_left_out(tmp_path):
    path = written(tmp_path)
    path.write_text(path.read_text().replace("    step: undo\n", "").replace("id: a, ", "").replace("id: b, ", ""))
    (question,) = bank.load(path).questions
    assert (question.step, question.right, question.wrong) == ("", {"a"}, {"b"})


def test_every_chapter_of_the_talk_is_asked():
    chapters = bank.chapters(tuple(settings.LESSONS_DIRS))
    told = {chapter.slug for chapter in outline.load(settings.BASE_DIR / "lessons" / "outline.yaml")}
    assert told - set(chapters) == {"shop"}, "the final exercise asks by itself"
    assert set(chapters) <= told


def test_the_bank_is_large_and_varied():
    questions = bank.load_all(tuple(settings.LESSONS_DIRS)).values()
    assert len(questions) >= 80
    assert sum(question.several for question in questions) >= 20
    assert sum("```" in question.stem["fr"] for question in questions) >= 10


def test_both_languages_show_the_same_code():
    for question in bank.load_all(tuple(settings.LESSONS_DIRS)).values():
        fences = {language: re.findall(r"```.*?```", text, re.DOTALL) for language, text in question.stem.items()}
        assert fences["fr"] == fences["en"], question.id
