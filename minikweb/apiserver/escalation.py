"""Nobody gives away more than he has: what a role or a binding may hold depends on who writes it.

Source: pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased/storage.go,
pkg/registry/rbac/validation/{rule,policy_comparator}.go, pkg/registry/rbac/escalation_check.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from minikweb.apimachinery.errors import Forbidden
from minikweb.apimachinery.errors import not_found as role_not_found
from minikweb.apiserver.authentication import User
from minikweb.apiserver.authorization import SUPERUSERS, Attributes
from minikweb.apiserver.objects import Call
from minikweb.apiserver.rbac import Policy, path_matches
from minikweb.apiserver.server import Server
from minikweb.kinds.rbac import GROUP
from minikweb.kinds.registry import Kind, Object

Rule = dict[str, Any]

_EVERYTHING = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]


def check(server: Server, call: Call, kind: Kind, new: Object, old: Object | None) -> None:
    """Raises Forbidden when `call`'s user grants, by a role or a binding, what he may not do himself."""
    user, policy = call.identity, server.authorizer
    if kind.group != GROUP or user is None or SUPERUSERS in user.groups or not isinstance(policy, Policy):
        return
    if old is not None and _says_the_same(new, old):
        return
    if kind.kind in ("Role", "ClusterRole"):
        _check_role(policy, user, kind, new, old)
    else:
        _check_binding(policy, user, kind, new)


def _says_the_same(new: Object, old: Object) -> bool:
    """Whether only metadata differs, as when the garbage collector writes."""
    return {**new, "metadata": None} == {**old, "metadata": None}


def _check_role(policy: Policy, user: User, kind: Kind, role: Object, old: Object | None) -> None:
    metadata = role["metadata"]
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    if policy.authorize(user, Attributes("escalate", GROUP, kind.plural, namespace, name)).allowed:
        return
    wanted = role.get("rules") or []
    if role.get("aggregationRule") not in (None, (old or {}).get("aggregationRule")):
        wanted = [*wanted, *_EVERYTHING]  # it gathers whatever is labelled for it, now and later
    _require(policy, user, kind, name, namespace, wanted)


def _check_binding(policy: Policy, user: User, kind: Kind, binding: Object) -> None:
    metadata, reference = binding["metadata"], binding.get("roleRef") or {}
    name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
    plural, target = f"{reference.get('kind', '').lower()}s", reference.get("name", "")
    if policy.authorize(user, Attributes("bind", GROUP, plural, namespace, target)).allowed:
        return
    rules = policy.rules_of_role(reference.get("kind", ""), namespace, target)
    if rules is None:
        raise role_not_found(GROUP, plural, target)
    _require(policy, user, kind, name, namespace, rules)


def _require(policy: Policy, user: User, kind: Kind, name: str, namespace: str, wanted: list[Rule]) -> None:
    missing = not_covered(policy.rules_of(user, namespace), wanted)
    if not missing:
        return
    groups = "[" + " ".join(f'"{group}"' for group in user.groups) + "]"
    listed = "\n".join(sorted(dict.fromkeys(map(shown, missing))))
    raise Forbidden(
        f'{kind.resource} "{name}" is forbidden: user "{user.name}" (groups={groups}) is attempting to grant RBAC '
        f"permissions not currently held:\n{listed}",
        details={"name": name, "group": kind.group, "kind": kind.plural},
    )


def not_covered(owned: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The parts of the wanted rules (one verb, group, resource and name each) that no owned rule covers."""
    owned = list(owned)
    return [part for rule in wanted for part in _parts(rule) if not any(covers(own, part) for own in owned)]


def _parts(rule: Rule) -> Iterator[Rule]:
    verbs = rule.get("verbs") or []
    for verb, path in product(verbs, rule.get("nonResourceURLs") or ()):
        yield {"verbs": [verb], "nonResourceURLs": [path]}
    names = rule.get("resourceNames") or [None]
    for verb, group, resource, name in product(verbs, rule.get("apiGroups") or (), rule.get("resources") or (), names):
        part = {"verbs": [verb], "apiGroups": [group], "resources": [resource]}
        yield part if name is None else {**part, "resourceNames": [name]}


def covers(own: Rule, part: Rule) -> bool:
    """Whether a rule allows all that a part of another does."""
    if not _has(own, "verbs", part["verbs"][0]):
        return False
    if paths := part.get("nonResourceURLs"):
        return any(path_matches(pattern, paths[0]) for pattern in own.get("nonResourceURLs") or ())
    if not _has(own, "apiGroups", part["apiGroups"][0]):
        return False
    resource, names = part["resources"][0], own.get("resourceNames") or []
    _, slash, subresource = resource.partition("/")
    if not _has(own, "resources", resource) and not (slash and f"*/{subresource}" in own["resources"]):
        return False
    return not names or part.get("resourceNames", [None])[0] in names


def _has(rule: Rule, key: str, value: str) -> bool:
    held = rule.get(key) or ()
    return value in held or "*" in held


def shown(rule: Rule) -> str:
    """A rule on one line, as Kubernetes' messages have it."""
    titles = {"apiGroups": "APIGroups", "resources": "Resources", "resourceNames": "ResourceNames"}
    titles |= {"nonResourceURLs": "NonResourceURLs", "verbs": "Verbs"}
    fields = [
        f"{title}:[" + " ".join(f'"{value}"' for value in rule[key]) + "]"
        for key, title in titles.items()
        if key in rule
    ]
    return "{" + ", ".join(fields) + "}"
