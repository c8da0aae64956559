"""What an AppProject allows: repositories, destinations, kinds.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from minikweb.gitops import tracking
from minikweb.gitops.application import IN_CLUSTER, SERVER, Source

Object = dict[str, Any]


def problems(project: Object, name: str, sources: Iterable[Source], namespace: str) -> list[str]:
    """Why the project does not allow these sources and this namespace, in Argo CD's words; [] if it does."""
    spec = project.get("spec") or {}
    found = [
        f"application repo {source.repo_url} is not permitted in project '{name}'"
        for source in sources
        if not _fits(source.repo_url, spec.get("sourceRepos") or ())
    ]
    if not any(_is_destination(one, namespace) for one in spec.get("destinations") or ()):
        found.append(
            f"application destination server '{SERVER}' and namespace '{namespace}' do not match any of the allowed "
            f"destinations in project '{name}'"
        )
    return found


def forbids(project: Object, obj: Object, namespaced: bool) -> bool:
    """Whether an object's kind or namespace is not permitted."""
    spec = project.get("spec") or {}
    group, kind, namespace, _ = tracking.key_of(obj)
    if not namespaced:
        allowed = _listed(spec.get("clusterResourceWhitelist") or (), group, kind)
        return not allowed or _listed(spec.get("clusterResourceBlacklist") or (), group, kind)
    white = spec.get("namespaceResourceWhitelist")
    if white is not None and not _listed(white, group, kind):
        return True
    if _listed(spec.get("namespaceResourceBlacklist") or (), group, kind):
        return True
    return not any(_is_destination(one, namespace) for one in spec.get("destinations") or ())


def _is_destination(one: Object, namespace: str) -> bool:
    server, name = one.get("server") or "", one.get("name") or ""
    here = fnmatchcase(SERVER, server) or fnmatchcase(IN_CLUSTER, name)
    return here and _fits(namespace, [one.get("namespace") or ""])


def _listed(kinds: Iterable[Object], group: str, kind: str) -> bool:
    return any(fnmatchcase(group, one.get("group") or "") and fnmatchcase(kind, one.get("kind") or "") for one in kinds)


def _fits(text: str, patterns: Iterable[str]) -> bool:
    """One of the patterns, and none of those with `!` in front."""
    allowed = [one for one in patterns if not one.startswith("!")]
    denied = [one[1:] for one in patterns if one.startswith("!")]
    return any(fnmatchcase(text, one) for one in allowed) and not any(fnmatchcase(text, one) for one in denied)
