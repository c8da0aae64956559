"""`manage.py reset`: what is removed, and when it refuses."""

import io

import pytest
from django.core.management import call_command

from minikweb import settings
from minikweb.management.commands import reset
from minikweb.management.datafolder import DataFolder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "data")
    monkeypatch.setattr(settings, "RUN_DIR", tmp_path / "run")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return DataFolder(tmp_path / "data", tmp_path / "run")


@pytest.fixture
def removed(monkeypatch):
    """The cluster ids whose containers were removed."""
    ids = []

    def remember(cluster):
        ids.append(cluster)
        return {"containers": 2, "volumes": 0, "networks": 1}

    monkeypatch.setattr(reset.installation, "reset", remember)
    return ids


def made(folder, **cluster):
    folder.open()
    folder.ensure_cluster()
    folder.update_cluster(**cluster)
    folder.close()


def refused(*arguments):
    with pytest.raises(SystemExit) as end:
        call_command("reset", *arguments)
    return end.value.code


def test_it_works(folder, removed, capsys):
    made(folder, id="abcd1234", docker=True)
    call_command("reset")
    assert removed == ["abcd1234"]
    assert not folder.path.exists() and not folder.run_path.exists()
    assert "2 containers" in capsys.readouterr().out


def test_a_cluster_that_never_used_docker_is_removed_without_it(folder, removed):
    made(folder, docker=False)
    call_command("reset")
    assert removed == []
    assert not folder.path.exists()


def test_it_refuses_while_the_cluster_runs(folder, removed, capsys):
    made(folder, docker=True)
    folder.open()
    assert refused() == 1
    assert "already runs" in capsys.readouterr().err
    assert removed == [] and folder.exists()


def test_a_folder_that_is_not_ours_is_left_alone(folder, capsys):
    folder.path.mkdir()
    (folder.path / "thesis.txt").write_text("years of work")
    assert refused() == 1
    assert "no data folder" in capsys.readouterr().err
    assert (folder.path / "thesis.txt").exists()


def test_nothing_there_is_no_error(folder, capsys):
    call_command("reset")
    assert "nothing" in capsys.readouterr().out


def test_without_docker_the_data_stay_as_long_as_there_may_be_containers(folder, monkeypatch, capsys):
    made(folder, docker=True)

    def away(cluster):
        raise reset.RuntimeFailure("Docker does not answer.")

    monkeypatch.setattr(reset.installation, "reset", away)
    assert refused() == 1
    assert "Docker does not answer." in capsys.readouterr().err
    assert folder.exists()


def test_a_damaged_folder_can_be_reset(folder, capsys):
    made(folder)
    (folder.path / "cluster.json").write_text("{")
    call_command("reset")
    assert "minikweb.cluster" in capsys.readouterr().out
    assert not folder.path.exists()


def test_on_a_terminal_it_asks_and_no_is_the_default(folder, monkeypatch):
    made(folder)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert refused() == 1
    assert folder.exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    call_command("reset")
    assert not folder.path.exists()
