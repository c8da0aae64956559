"""The supervisor, with small processes instead of the product's."""

import os
import signal
import subprocess
import sys
import time

import pytest

from minikweb.management import child
from minikweb.management.supervisor import Program, StopAsked, Supervisor, describe_end

SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
)


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    made = Supervisor(tmp_path, said.append)
    yield made
    made.stop()


def is_alive(pid):
    """Zombies are dead: where process 1 reaps nobody they stay in the table for ever."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(found) and not found.startswith("Z")


def says(tmp_path, name, text):
    log = tmp_path / f"{name}.log"
    return lambda: log.exists() and text in log.read_text()


def test_it_works(supervisor, tmp_path):
    supervisor.add(Program("sleeper", argv=SLEEPER))
    assert supervisor.run_until(says(tmp_path, "sleeper", "up"), 10)
    pid = supervisor.processes["sleeper"].pid
    supervisor.stop()
    assert not is_alive(pid)
    assert supervisor.processes == {}


def test_a_killed_process_comes_back_and_the_user_is_told(supervisor, said):
    supervisor.add(Program("sleeper", argv=SLEEPER))
    first = supervisor.processes["sleeper"].pid
    os.kill(first, signal.SIGKILL)
    assert supervisor.run_until(lambda: supervisor.processes["sleeper"].pid not in (first, None), 10)
    assert len(said) == 1 and "sleeper" in said[0] and "SIGKILL" in said[0]


def test_a_process_that_ends_at_once_is_started_less_and_less_often(supervisor):
    supervisor.add(Program("broken", argv=(sys.executable, "-c", "raise SystemExit(3)")))
    broken = supervisor.processes["broken"]
    assert supervisor.run_until(lambda: broken.failures == 1, 10)
    first_delay = broken.due - time.monotonic()
    assert supervisor.run_until(lambda: broken.failures == 3, 10)
    assert broken.due - time.monotonic() > 2 * first_delay


def test_a_program_that_is_not_there_is_said_and_tried_again(supervisor, said):
    supervisor.add(Program("absent", argv=("/no/such/program",)))
    assert "absent" in said[0]
    assert supervisor.processes["absent"].due > time.monotonic()


def test_a_removed_program_is_not_started_again(supervisor, said):
    supervisor.add(Program("sleeper", argv=SLEEPER))
    supervisor.remove("sleeper")
    assert supervisor.run_until(lambda: "sleeper" not in supervisor.processes, 10)
    assert said == []


def test_a_program_added_again_while_it_ends_runs_in_the_end(supervisor):
    supervisor.add(Program("sleeper", argv=SLEEPER))
    first = supervisor.processes["sleeper"].pid
    supervisor.remove("sleeper")
    supervisor.add(Program("sleeper", argv=SLEEPER))
    assert supervisor.run_until(lambda: supervisor.processes["sleeper"].pid not in (first, None), 10)


def test_a_task_is_done_when_it_ends_well_and_tried_again_when_it_does_not(supervisor, tmp_path, said):
    tries = f"import pathlib; p = pathlib.Path({str(tmp_path / 'tries')!r}); n = p.exists(); p.touch(); exit(not n)"
    supervisor.add(Program("task", argv=(sys.executable, "-c", tries), once=True))
    assert supervisor.run_until(lambda: "task" not in supervisor.processes, 10)
    assert len(said) == 1 and "exit code 1" in said[0]


def test_a_process_deaf_to_sigterm_is_killed_after_its_grace(supervisor, tmp_path):
    supervisor.add(Program("deaf", argv=STUBBORN, grace=0.3))
    assert supervisor.run_until(says(tmp_path, "deaf", "deaf"), 10)
    pid = supervisor.processes["deaf"].pid
    supervisor.stop()
    assert not is_alive(pid)


def test_only_the_chosen_programs_are_stopped(supervisor):
    for name in ("one", "two"):
        supervisor.add(Program(name, argv=SLEEPER))
    supervisor.stop(["one"])
    assert not supervisor.is_running("one") and supervisor.is_running("two")


def test_a_stop_asked_during_a_wait_ends_the_wait(supervisor):
    supervisor.stop_asked = True
    with pytest.raises(StopAsked):
        supervisor.run_until(lambda: False, 10)


def test_a_command_is_forked_with_its_own_log_group_and_exit_code(tmp_path, monkeypatch):
    def command(name, argv):
        print(name, *argv, os.getsid(0) == os.getpid())
        return 7

    monkeypatch.setattr(child, "run", command)
    pid = child.fork("node-1", ("kubelet", "--node", "node-1"), tmp_path / "node-1.log")
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert (tmp_path / "node-1.log").read_text() == "node-1 kubelet --node node-1 True\n"


def test_an_exception_of_a_forked_command_is_in_its_log_and_ends_it_with_1(tmp_path, monkeypatch):
    def command(name, argv):
        raise ValueError("what went wrong")

    monkeypatch.setattr(child, "run", command)
    pid = child.fork("web", ("web",), tmp_path / "web.log")
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert "ValueError: what went wrong" in (tmp_path / "web.log").read_text()


def test_children_die_with_a_killed_parent(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "run", lambda name, argv: time.sleep(60))
    read, write = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.write(write, str(child.fork("web", ("web",), tmp_path / "web.log")).encode())
        signal.pause()
        os._exit(0)
    grandchild = int(os.read(read, 20))
    assert is_alive(grandchild)
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    deadline = time.monotonic() + 10
    while is_alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(grandchild)


def test_a_long_log_is_kept_once_and_begun_again(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr("minikweb.management.supervisor.LOG_BYTES", 10)
    (tmp_path / "sleeper.log").write_text("a long story of yesterday\n")
    supervisor.add(Program("sleeper", argv=SLEEPER))
    assert (tmp_path / "sleeper.log.1").read_text() == "a long story of yesterday\n"
    assert "yesterday" not in (tmp_path / "sleeper.log").read_text()


@pytest.mark.parametrize(("status", "words"), [(0, "exit code 0"), (1 << 8, "exit code 1"), (9, "SIGKILL")])
def test_an_end_is_described_in_words(status, words):
    assert describe_end(status) == words


def test_where_forking_is_forbidden_a_command_starts_afresh_under_its_name(tmp_path):
    supervisor = Supervisor(tmp_path, print, forks=False)
    supervisor.add(Program("settings", ("diffsettings",), once=True))
    assert supervisor.run_until(lambda: "settings" not in supervisor.processes, 30)
    assert "ROOT_URLCONF = 'minikweb.urls'" in (tmp_path / "settings.log").read_text()
