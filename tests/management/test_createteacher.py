"""manage.py createteacher: accounts and new passwords, said in one line."""

import io

import pytest
from django.contrib.auth import authenticate

from minikweb.management import datafolder, preparation
from minikweb.management.commands import createteacher
from minikweb.management.commands.createteacher import Command
from minikweb.management.datafolder import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def command(monkeypatch):
    """The command of an installation that there is; its standard input is a pipe."""
    monkeypatch.setattr(datafolder.DataFolder, "exists", lambda self: True)
    monkeypatch.setattr(preparation, "migrate", lambda: None)

    def command(name, typed="", **options):
        monkeypatch.setattr(createteacher.sys, "stdin", io.StringIO(typed))
        Command().act(name=name, **options)

    return command


def test_it_works(command, capsys):
    command("ada", generate=True)
    said = capsys.readouterr().out
    password = said.partition("Password: ")[2].split()[0]
    assert authenticate(username="ada", password=password) and "can sign in" in said
    command("ada", "another long sentence\n")
    assert "new password" in capsys.readouterr().out
    assert authenticate(username="ada", password="another long sentence")
    assert authenticate(username="ada", password=password) is None


@pytest.mark.parametrize("weak", ["short", "password123", "ada-ada-ada"])
def test_a_weak_password_is_refused(command, weak):
    with pytest.raises(Refusal):
        command("ada-ada-ada", f"{weak}\n")
    assert authenticate(username="ada-ada-ada", password=weak) is None


def test_without_a_name_and_a_terminal_it_says_what_to_type(command):
    with pytest.raises(Refusal, match="createteacher NAME"):
        command(None)


def test_without_a_cluster_there_is_nobody_to_teach(command, monkeypatch):
    monkeypatch.setattr(datafolder.DataFolder, "exists", lambda self: False)
    with pytest.raises(Refusal, match="make run"):
        command("ada", generate=True)
