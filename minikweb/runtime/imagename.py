"""The grammar of image names (github.com/distribution/reference/regexp.go). Pure."""

from __future__ import annotations

import re

from minikweb.runtime.protocol import RuntimeFailure

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<repository>(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)


class InvalidImageName(RuntimeFailure):
    """Not the name of any image."""

    def __init__(self, image: str):
        why = f'couldn\'t parse image name "{image}": invalid reference format'
        super().__init__(f'Failed to apply default image tag "{image}": {why}', "InvalidImageName")


def split(image: str) -> tuple[str, str]:
    """(repository, tag or digest) of an image's name; the tag is `latest` where none is given."""
    found = _NAME.fullmatch(image)
    if found is None or len(found["repository"]) > 255:
        raise InvalidImageName(image)
    return found["repository"], found["digest"] or found["tag"] or "latest"


def qualified(image: str) -> str:
    """The name with its tag: `nginx` is `nginx:latest`."""
    repository, version = split(image)
    return f"{repository}@{version}" if ":" in version else f"{repository}:{version}"
