"""A lesson in pieces that fit on a screen of big letters."""

import pytest
from django.conf import settings

from minikweb.tutorial import lesson, slides

LESSONS = lesson.load_all(tuple(settings.LESSONS_DIRS))


def test_blank_lines_part_blocks_but_not_within_a_fence():
    text = "One.\n\n```sh run\na\n\nb\n```\n\n- x\n- y"
    assert slides.blocks(text) == ["One.", "```sh run\na\n\nb\n```", "- x\n- y"]


def test_what_does_not_fit_goes_on_the_next_slide():
    assert slides.pieces("a\n\nb\n\nc", lambda block: slides.ROOM / 2) == ["a\n\nb", "c"]


def test_what_announces_something_stays_with_it():
    assert slides.pieces("a\n\nb:\n\nc", lambda block: slides.ROOM / 2) == ["a", "b:\n\nc"]


@pytest.mark.parametrize("one", LESSONS.values(), ids=lambda one: one.slug)
@pytest.mark.parametrize("language", lesson.LANGUAGES)
def test_nothing_of_a_lesson_is_lost(one, language):
    found = slides.of(one, language)
    for number, step in enumerate(one.steps, start=1):
        shown = "\n\n".join(slide.markdown for slide in found if slide.kind == "text" and slide.step == number)
        assert shown.split() == step.text[language].split()
    assert found[0].kind == "title"
    assert found[-1].kind == "remember"


def test_each_step_ends_with_what_the_learner_is_to_reach():
    turns = [slide for slide in slides.of(LESSONS["deployment"], "en") if slide.kind == "turn"]
    assert len(turns) == len(LESSONS["deployment"].steps)
    assert turns[0].markdown.split("\n")[1] == "- 3 replicas, all ready"
