"""The questions are data; a file that cannot be read says where and why."""

import pytest
from django.conf import settings

from minikweb.quiz import bank

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


def test_the_ten_first_questions_are_ready():
    questions = bank.load_all(tuple(settings.LESSONS_DIRS))
    assert len(questions) >= 10
    assert {question.several for question in questions.values()} == {True, False}
