"""`manage.py lessons check` reads the questions, too."""

import pytest
from django.core.management import call_command

from tests.quiz.test_bank import QUESTION


def checked(tmp_path, settings, capsys, text):
    (tmp_path / "qcm").mkdir()
    (tmp_path / "qcm" / "99-mine.yaml").write_text(text)
    settings.LESSONS_DIRS = [*settings.LESSONS_DIRS, tmp_path]
    settings.TERMINAL_LANGUAGE = "en"
    with pytest.raises(SystemExit):
        call_command("lessons", "check", "--form")
    return capsys.readouterr().err


def test_every_faulty_question_is_named_at_once(tmp_path, settings, capsys):
    good = QUESTION.format(answers="one", b_right="false", b_english="no way")
    entry = good.split("questions:\n")[1]
    text = (
        good
        + entry.replace("q1", "q2").replace("one", "two")
        + entry.replace("q1", "q3").replace("a, right", "b, right")
    )
    said = checked(tmp_path, settings, capsys, text)
    assert "qcm/99-mine.yaml: q2: answers is" in said
    assert "qcm/99-mine.yaml: q3: two or more options with different ids" in said
    assert "q1" not in said


def test_a_step_that_no_lesson_has_is_told(tmp_path, settings, capsys):
    text = QUESTION.format(answers="one", b_right="false", b_english="no way").replace("step: undo", "step: nowhere")
    said = checked(tmp_path, settings, capsys, text)
    assert "q1 names a step that the lesson deployment does not have: nowhere" in said
