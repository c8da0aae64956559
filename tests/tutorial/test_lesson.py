"""Lessons are data; what cannot be read is named, with its place."""

import shutil

import pytest
from django.conf import settings

from minikweb.quiz import bank
from minikweb.tutorial import lesson

DEPLOYMENT = settings.BASE_DIR / "lessons" / "18-deployment"


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "18-deployment"
    shutil.copytree(DEPLOYMENT, folder)
    return folder


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_it_works():
    found = lesson.load_all(tuple(settings.LESSONS_DIRS))["deployment"]
    assert [step.id for step in found.steps][:3] == ["roll-out", "new-version", "undo"]


def test_commands_are_the_same_in_both_languages(copied):
    replace(copied / "en.md", "kubectl rollout undo deployment/web", "kubectl rollout undo deployment/site")
    with pytest.raises(lesson.LessonError, match="step undo: the commands of fr.md and en.md differ"):
        lesson.load(copied)


def test_a_missing_translation_is_named(copied):
    replace(copied / "lesson.yaml", ', en: "Go back to version 1"', "")
    with pytest.raises(lesson.LessonError, match="step undo: title must be given in fr and en"):
        lesson.load(copied)


def test_a_step_without_its_text_is_named(copied):
    replace(copied / "en.md", "{#undo}", "{#redo}")
    with pytest.raises(lesson.LessonError, match=r"step undo: no section .* in en.md"):
        lesson.load(copied)


def test_a_step_without_solution_is_refused(copied):
    (copied / "solution" / "undo.sh").unlink()
    for language in lesson.LANGUAGES:
        replace(copied / f"{language}.md", "```sh run\nkubectl rollout", "```sh copy\nkubectl rollout")
    with pytest.raises(lesson.LessonError, match="no command to run, and solution/undo.sh is missing"):
        lesson.load(copied)


def test_an_unknown_file_is_refused(copied):
    (copied / "notes.txt").write_text("")
    with pytest.raises(lesson.LessonError, match="unexpected .*notes.txt"):
        lesson.load(copied)


def test_a_misspelt_check_is_refused(copied):
    replace(copied / "lesson.yaml", "count: {at-least: 2}", "count: {more-than: 2}")
    with pytest.raises(lesson.LessonError, match="step new-version: count is"):
        lesson.load(copied)


def test_broken_yaml_is_named_with_its_line(copied):
    (copied / "lesson.yaml").write_text("title: {fr: a, en: b\nsteps: [")
    with pytest.raises(lesson.LessonError, match="18-deployment/lesson.yaml: .*line"):
        lesson.load(copied)


def test_without_a_script_the_commands_to_run_are_the_solution(copied):
    (copied / "solution" / "undo.sh").unlink()
    assert lesson.load(copied).step("undo").solution.startswith("kubectl rollout undo deployment/web")


def test_a_script_of_no_step_is_refused(copied):
    (copied / "solution" / "redo.sh").write_text("true")
    with pytest.raises(lesson.LessonError, match="redo.sh.* belong to no step"):
        lesson.load(copied)


def test_a_lesson_without_its_summary_is_refused(copied):
    replace(copied / "en.md", "{#remember}", "")
    with pytest.raises(lesson.LessonError, match=r"no section .*\{#remember\}.* in en.md"):
        lesson.load(copied)


def test_a_misspelt_key_is_refused(copied):
    replace(copied / "lesson.yaml", "minutes:", "minuts:")
    with pytest.raises(lesson.LessonError, match="unexpected .*minuts"):
        lesson.load(copied)


def test_a_manifest_that_does_not_exist_is_named(copied):
    for language in lesson.LANGUAGES:
        replace(copied / f"{language}.md", "{#undo}\n", "{#undo}\n\n```manifest\nnone.yaml\n```\n")
    with pytest.raises(lesson.LessonError, match="manifests/ has no .*none.yaml"):
        lesson.load(copied)


def test_no_link_leads_out_of_the_folder(copied):
    (copied / "manifests" / "link.yaml").symlink_to(settings.BASE_DIR / "manage.py")
    with pytest.raises(lesson.LessonError, match="link.yaml is a link"):
        lesson.load(copied)


def test_a_manifest_is_a_name_and_no_path(copied):
    found = lesson.load(copied)
    assert found.manifest("web.yaml")
    assert found.manifest("../lesson.yaml") is None


@pytest.mark.parametrize("path", ["../secret.py", "/etc/passwd", ".minikweb/secret-key", "minikweb/../manage.py"])
def test_no_other_file_of_the_machine_is_shown_as_source(copied, path):
    replace(copied / "lesson.yaml", "minikweb/controllers/deployment/rolling.py", path)
    with pytest.raises(lesson.LessonError, match="source names files such as"):
        lesson.load(copied)


def test_a_lesson_that_cannot_be_read_leaves_the_others_alone(copied):
    shutil.copytree(copied, copied.with_name("19-other"))
    (copied / "lesson.yaml").write_text("title: [")
    problems = []
    assert list(lesson.load_all((copied.parent,), problems)) == ["other"]
    assert problems[0].startswith("18-deployment/lesson.yaml: ")


def test_two_lessons_of_one_name_and_a_missing_folder_are_told(copied, tmp_path):
    shutil.copytree(copied, tmp_path / "19-deployment")
    problems = []
    assert list(lesson.load_all((tmp_path, tmp_path / "nowhere"), problems)) == ["deployment"]
    assert "19-deployment: 18-deployment has the same name" in problems[0]
    assert "nowhere: the folder of lessons cannot be read" in problems[1]


@pytest.mark.parametrize("one", lesson.load_all(tuple(settings.LESSONS_DIRS)).values(), ids=lambda one: one.slug)
def test_the_source_files_of_a_lesson_exist(one):
    assert one.read, "a lesson leads to Kubernetes' own page"
    assert all((settings.BASE_DIR / path).is_file() for path in one.source)


def test_every_question_leads_to_a_step_that_exists():
    lessons = lesson.load_all(tuple(settings.LESSONS_DIRS))
    for question in bank.load_all(tuple(settings.LESSONS_DIRS)).values():
        if question.step:
            assert lessons[question.chapter].step(question.step), question.id
