"""The Pod Security Standards: which level a namespace asks for, and what of a pod breaks it. Pure.

Source: k8s.io/pod-security-admission/api/helpers.go, policy/registry.go.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from minikweb.apimachinery.errors import invalid_value
from minikweb.kinds.podsecuritychecks import BASELINE, CHECKS, RESTRICTED, Pod, Violation
from minikweb.kinds.registry import Cause, Object

PREFIX = "pod-security.kubernetes.io/"
PRIVILEGED = "privileged"
LEVELS = (PRIVILEGED, BASELINE, RESTRICTED)  # from lax to strict
LATEST = "latest"
_VERSION = re.compile(r"v1\.([0-9]|[1-9][0-9]*)")


class Level(NamedTuple):
    """A level as of a version of Kubernetes, `latest` or `v1.x`."""

    name: str = PRIVILEGED
    version: str = LATEST

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def minor(self) -> int:
        return 999 if self.version == LATEST else int(self.version.partition(".")[2])


class Policy(NamedTuple):
    """What a namespace's labels ask for."""

    enforce: Level = Level()
    audit: Level = Level()
    warn: Level = Level()


def policy_of(labels: dict[str, str] | None) -> Policy:
    """The policy of a namespace. Who warns of nothing in particular warns of what is enforced."""
    labels = labels or {}
    enforce = _level(labels, "enforce", otherwise=RESTRICTED)
    audit, warn = (_level(labels, mode, otherwise=PRIVILEGED) for mode in ("audit", "warn"))
    if f"{PREFIX}warn" not in labels and labels.get(f"{PREFIX}enforce") in LEVELS:
        version = warn.version if f"{PREFIX}warn-version" in labels else enforce.version
        warn = Level(enforce.name, version) if enforce.name != PRIVILEGED else warn
    return Policy(enforce, audit, warn)


def _level(labels: dict[str, str], mode: str, otherwise: str) -> Level:
    name, version = labels.get(f"{PREFIX}{mode}", PRIVILEGED), labels.get(f"{PREFIX}{mode}-version", LATEST)
    return Level(name if name in LEVELS else otherwise, version if _is_version(version) else LATEST)


def _is_version(text: str) -> bool:
    return text == LATEST or bool(_VERSION.fullmatch(text))


def validate_labels(labels: dict[str, str] | None) -> list[Cause]:
    """The causes for labels of a namespace that name no level or no version."""
    causes = []
    for mode in ("enforce", "audit", "warn"):
        for key, holds, detail in (
            (f"{PREFIX}{mode}", LEVELS.__contains__, f"must be one of {', '.join(LEVELS)}"),
            (f"{PREFIX}{mode}-version", _is_version, 'must be "latest" or "v1.x"'),
        ):
            value = (labels or {}).get(key)
            if value is not None and not holds(value):
                causes.append(invalid_value(f"metadata.labels[{key}]", value, detail))
    return causes


def stricter(one: Level, other: Level) -> bool:
    return LEVELS.index(one.name) > LEVELS.index(other.name)


def violations(level: Level, metadata: Object, spec: Object) -> list[Violation]:
    """What of a pod the level forbids: baseline first, then what restricted adds or says more sharply."""
    if level.name == PRIVILEGED:
        return []
    checks = [each for each in CHECKS if each.since <= level.minor and each.level in (BASELINE, level.name)]
    overridden = {name for each in checks for name in each.overrides} if level.name == RESTRICTED else set()
    pod = Pod(metadata, spec, level.minor)
    found = (each.find(pod) for each in checks if each.find.__name__ not in overridden)
    return [violation for violation in found if violation]
