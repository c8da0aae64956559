"""What a demonstration types, and its recording."""

import json

from django.conf import settings

from minikweb.tutorial import film, lesson
from minikweb.tutorial.film import Event

LESSONS = lesson.load_all(tuple(settings.LESSONS_DIRS))


def test_the_solution_is_typed_then_what_only_looks():
    step = LESSONS["deployment"].step("new-version")
    typed = film.commands(step, "learn")
    assert typed[0] == "kubectl set image deployment/web demo=minikweb/demo:2 -n learn"
    assert typed[-1].startswith("kubectl rollout history")
    assert len(typed) == len(set(typed))


def test_nothing_endless_and_nothing_to_fill_in_is_typed():
    for one in LESSONS.values():
        for step in one.steps:
            for command in film.commands(step, "learn")[len(film.shell.commands(step.solution)) :]:
                assert not command.endswith((" -w", " -f"))
                assert "HERE" not in command


def test_manifests_are_named_as_files_of_the_folder_it_is_typed_in():
    one = LESSONS["replicaset"]
    (command,) = [c for c in film.commands(one.step("create"), "learn") if " -f " in c]
    name = command.split(" -f ")[1].split()[0]
    assert (film.folder(one) / name).is_file()


def test_a_recording_types_letter_by_letter_and_prints_at_once():
    events = [Event("heading", "1. é"), Event("command", "ls"), Event("output", "a\nb\n"), Event("done", "only")]
    header, *shown = map(json.loads, film.asciicast("Titre", events))
    assert header == {"version": 2, "width": film.COLUMNS, "height": film.ROWS, "title": "Titre"}
    assert "".join(text for _, _, text in shown).endswith("ls\r\na\r\nb\r\n")
    assert [text for _, _, text in shown].count("l") == 1
    times = [time for time, _, _ in shown]
    assert times == sorted(times)
    assert times[-1] > film.READ
