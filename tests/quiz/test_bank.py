"""The questions are data; a file that cannot be read says where and why."""

import re

import pytest
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
    with pytest.raises(bank.BankError, match=f"qcm/q.yaml: q1.*{message}"):
        bank.load(written(tmp_path, **values))


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
