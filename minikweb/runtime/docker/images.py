"""Images: which are here, pulling, and building our own from `images/`."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import docker

from minikweb import settings
from minikweb.runtime import imagename
from minikweb.runtime.docker import wheels
from minikweb.runtime.docker.connection import translated, words
from minikweb.runtime.protocol import ContainerNotFound, Credential, ImageNotFound, RuntimeFailure

log = logging.getLogger(__name__)

FOLDER = settings.BASE_DIR / "images"
BASE = "debian:12-slim"
LOCAL_BASE = "minikweb/base:12"  # made by images/base.sh where BASE cannot be pulled
SOURCE = "minikweb.source"  # label of an image of ours: the digest of what it was built from
BUILD_TIMEOUT = 600  # seconds without a word from the daemon

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """One image of ours: a folder under images/ and the arguments of its Dockerfile.

    program: what its Dockerfile copies from the wheel that its requirements.txt pins
    on_base: whether its Dockerfile begins with BASE
    """

    tag: str
    folder: str
    arguments: dict[str, str] = field(default_factory=dict)
    program: str = ""
    on_base: bool = True


PAUSE = "minikweb/pause:5"
NODE = "minikweb/node:1"
TRAEFIK = "minikweb/traefik:3.7.15"
OURS = (
    Image(PAUSE, "pause"),
    Image(NODE, "node"),
    Image("minikweb/demo:1", "demo", {"VERSION": "1"}),
    Image("minikweb/demo:2", "demo", {"VERSION": "2"}),
    Image("minikweb/demo:3", "demo", {"VERSION": "3"}),
)
LATER = (Image(TRAEFIK, "traefik", program="traefik", on_base=False),)  # built while the cluster runs already
TOOLBOX = (Image("minikweb/toolbox:1.37", "toolbox", program="kubectl"),)  # for classes, built later, too


def image_id(api: docker.APIClient, image: str) -> str | None:
    """The id of an image that is here, or None. Raises InvalidImageName."""
    name = imagename.qualified(image)
    try:
        with translated("ImageInspectError"):
            return api.inspect_image(name)["Id"]
    except ContainerNotFound:
        return None


def user(api: docker.APIClient, image: str) -> str:
    """The user of its configuration."""
    with translated("ImageInspectError"):
        return api.inspect_image(imagename.qualified(image))["Config"].get("User") or ""


def pull(api: docker.APIClient, image: str, credential: Credential | None = None) -> str:
    """Fetches an image and returns its id. Raises ImageNotFound(ErrImagePull) with the daemon's words."""
    repository, version = imagename.split(image)
    who = {"username": credential.user, "password": credential.password} if credential else None
    try:
        for line in api.pull(repository, tag=version, stream=True, decode=True, auth_config=who):
            if "error" in line:
                raise ImageNotFound(line["error"], "ErrImagePull")
    except docker.errors.APIError as error:
        raise ImageNotFound(words(error), "ErrImagePull") from error
    found = image_id(api, image)
    if found is None:
        raise ImageNotFound(f"{image} was pulled and is not here", "ErrImagePull")
    return found


def digest(image: Image) -> str:
    """What an image is built from, in a word: changed sources make another."""
    seen = hashlib.sha256(repr(sorted(image.arguments.items())).encode())
    for path in sorted((FOLDER / image.folder).iterdir()):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


def missing(api: docker.APIClient, wanted: Iterable[Image] = OURS) -> list[Image]:
    """The images of ours that are not here, or were built from other sources."""

    def is_current(image: Image) -> bool:
        try:
            with translated():
                return (api.inspect_image(image.tag)["Config"].get("Labels") or {}).get(SOURCE) == digest(image)
        except ContainerNotFound:
            return False

    return [image for image in wanted if not is_current(image)]


def build_missing(api: docker.APIClient, say: Progress, wanted: Iterable[Image] = OURS) -> list[str]:
    """Builds what is missing and returns its tags; `say` gets one line per step. Raises RuntimeFailure."""
    absent = missing(api, wanted)
    base = ensure_base(api, say) if any(image.on_base for image in absent) else ""
    for image in absent:
        say(f"Building {image.tag}")
        build(api, image, base)
    return [image.tag for image in absent]


def ensure(api: docker.APIClient, tag: str) -> None:
    """An image of ours that nodes cannot do without; normally `up` has built it."""
    if image_id(api, tag) is None:
        build(api, next(image for image in OURS if image.tag == tag), ensure_base(api, log.info))


def ensure_base(api: docker.APIClient, say: Progress) -> str:
    """The image that ours are compiled on: what is here, else pulled, else made. Raises RuntimeFailure."""
    for name in (BASE, LOCAL_BASE):
        if image_id(api, name):
            return name
    say(f"Pulling {BASE}")
    try:
        pull(api, BASE)
        return BASE
    except ImageNotFound as error:
        if shutil.which("mmdebstrap") is None:
            raise RuntimeFailure(
                f"{BASE} cannot be pulled ({error.message}), and mmdebstrap, which would make it here, is not installed"
            ) from error
    say(f"It cannot be pulled: making {LOCAL_BASE} with mmdebstrap (about half a minute)")
    made = subprocess.run([FOLDER / "base.sh", LOCAL_BASE], capture_output=True, text=True, timeout=BUILD_TIMEOUT)
    if made.returncode:
        raise RuntimeFailure(f"images/base.sh failed: {made.stderr.strip()[-500:]}")
    return LOCAL_BASE


def build(api: docker.APIClient, image: Image, base: str) -> None:
    """Builds one image with the daemon's classic builder. Raises RuntimeFailure with the last lines of its output."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as work:
        paths = sorted((FOLDER / image.folder).iterdir())
        if image.program:
            with translated():
                architecture = api.version()["Arch"]
            pinned = FOLDER / image.folder / "requirements.txt"
            paths.append(wheels.fetch(pinned, image.program, architecture, Path(work)))
        for line in _built(api, image, base, paths):
            said.append(line.get("stream", ""))
            if "error" in line:
                raise RuntimeFailure(f"cannot build {image.tag}: {line['error']}\n{''.join(said[-15:])}")


def _built(api: docker.APIClient, image: Image, base: str, paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryFile() as packed, translated():
        pack(paths, packed)
        yield from api.build(
            fileobj=packed,
            custom_context=True,
            tag=image.tag,
            buildargs={"BASE": base, **image.arguments} if base else image.arguments,
            labels={SOURCE: digest(image)},
            rm=True,
            forcerm=True,
            timeout=BUILD_TIMEOUT,
            decode=True,
        )


def pack(paths: Iterable[Path], out: IO[bytes]) -> None:
    """Files as a tar file with fixed times and owners, so that the builder's cache holds."""
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in paths:
            entry = tarfile.TarInfo(path.name)
            entry.size, entry.mode = path.stat().st_size, 0o755 if os.access(path, os.X_OK) else 0o644
            with open(path, "rb") as content:
                tar.addfile(entry, content)
    out.seek(0)
