"""A shell that types what the lessons say."""

import pytest

from minikweb.tutorial import shell
from tests.running import is_alive, until


def test_a_script_is_typed_command_by_command():
    assert shell.commands("one\n\ntwo  # why\n") == ["one", "two  # why"]


@pytest.mark.parametrize(
    "whole",
    [
        "until test -e x; do\n  sleep 1\ndone",
        "kubectl apply -f - <<'YAML'\nkind: Pod\nYAML",
        "kubectl get pods \\\n  -o wide",
        "echo 'two\nlines'",
        "(\n  true\n)",
    ],
)
def test_what_a_shell_would_wait_for_is_one_command(whole):
    assert shell.commands(f"before\n{whole}\nafter") == ["before", whole, "after"]


@pytest.fixture
def running(tmp_path):
    running = shell.Shell(tmp_path / "kubeconfig", tmp_path)
    yield running
    running.close()


def said(running, command):
    told = "".join(running.run(command))
    return running.code, told


def test_what_a_command_sets_the_next_one_knows(running, tmp_path):
    assert said(running, "name=web") == (0, "")
    assert said(running, "echo $name; pwd") == (0, f"web\n{tmp_path}\n")


def test_it_tells_what_went_wrong_and_goes_on(running):
    assert said(running, "echo no >&2; false") == (1, "no\n")
    assert said(running, "echo -n yes") == (0, "yes")


def test_a_command_that_reads_its_input_does_not_eat_the_next(running):
    assert said(running, "cat") == (0, "")
    assert said(running, "cat <<'E'\nthis\nE") == (0, "this\n")


def test_output_comes_as_it_is_printed(running):
    chunks = list(running.run("echo first; sleep 0.3; echo second"))
    assert len(chunks) > 1
    assert "".join(chunks) == "first\nsecond\n"


def test_closing_it_ends_what_it_runs(tmp_path):
    running = shell.Shell(tmp_path, tmp_path)
    list(running.run("sleep 600 & echo $! > pid"))
    running.close()
    child = int((tmp_path / "pid").read_text())
    with pytest.raises(BrokenPipeError):
        list(running.run("true"))
    until(lambda: not is_alive(child), "the end of what it runs")


def test_a_script_stops_at_its_first_failure(tmp_path):
    assert shell.typed("true", tmp_path) == ""
    assert "no-such-command" in shell.typed("no-such-command\ntouch x", tmp_path)


def test_a_script_that_does_not_end_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(shell, "TYPING_SECONDS", 1.0)
    assert "does not end within 1 s" in shell.typed("sh -c 'echo $$ > pid; sleep 600; true'", tmp_path, tmp_path)
    child = int((tmp_path / "pid").read_text())
    until(lambda: not is_alive(child), "the end of what it ran")


def test_bytes_that_are_no_text_are_no_error_of_ours(tmp_path):
    assert "its solution fails" in shell.typed("printf '\\377' >&2; false", tmp_path)
