"""Role-based access control: may this user do that? Answered from memory, on every request.

`Policy` holds all roles and bindings, indexed by subject.

Source: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from minikweb.apiserver.authentication import SERVICE_ACCOUNT, User
from minikweb.apiserver.authorization import SUPERUSERS, Attributes, Decision
from minikweb.apiserver.following import Following
from minikweb.kinds.rbac import GROUP
from minikweb.store.storage import Key, Storage

Object = dict[str, Any]

ROLES, CLUSTER_ROLES = f"roles.{GROUP}", f"clusterroles.{GROUP}"
ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS = f"rolebindings.{GROUP}", f"clusterrolebindings.{GROUP}"
RESOURCES = (ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)

Subject = tuple[str, str]  # ("User" | "Group", name); a ServiceAccount is the user it authenticates as


class Rule(NamedTuple):
    """A PolicyRule, ready to be asked."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    paths: tuple[str, ...]

    @staticmethod
    def of(rule: Object) -> Rule:
        sets = (frozenset(rule.get(key) or ()) for key in ("verbs", "apiGroups", "resources", "resourceNames"))
        return Rule(*sets, tuple(rule.get("nonResourceURLs") or ()))

    def allows(self, asked: Attributes) -> bool:
        if asked.verb not in self.verbs and "*" not in self.verbs:
            return False
        if not asked.resource:
            return any(path_matches(path, asked.path) for path in self.paths)
        if asked.group not in self.groups and "*" not in self.groups:
            return False
        return self._matches_resource(asked.resource) and (not self.names or asked.name in self.names)

    def _matches_resource(self, resource: str) -> bool:
        if resource in self.resources or "*" in self.resources:
            return True
        _, slash, subresource = resource.partition("/")
        return bool(slash) and f"*/{subresource}" in self.resources


def path_matches(pattern: str, path: str) -> bool:
    """Whether a nonResourceURL (`/healthz`, `/apis/*`, `*`) covers a path."""
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


class Grant(NamedTuple):
    """A role bound to one subject. `namespace` is "" for what holds in the whole cluster."""

    namespace: str
    role: Key
    reason: str


class Policy:
    """The Authorizer that enforces RBAC. Thread-safe."""

    def __init__(self, storage: Storage):
        self._following = Following(storage, RESOURCES, self._put)
        self._raw: dict[Key, list[Object]] = {}  # role → its rules as written
        self._rules: dict[Key, tuple[Rule, ...]] = {}
        self._bindings: dict[Key, list[tuple[Subject, Grant]]] = {}
        self._grants: dict[tuple[str, Subject], dict[Grant, None]] = {}

    def authorize(self, user: User, asked: Attributes) -> Decision:
        """system:masters may do everything; all others what a role bound to them says."""
        if SUPERUSERS in user.groups:
            return Decision(True)
        self._following.refresh()
        missing = []
        for grant in self._grants_of(user, asked.namespace):
            rules = self._rules.get(grant.role)
            if rules is None:
                missing.append(_role_not_found(grant))
            elif any(rule.allows(asked) for rule in rules):
                return Decision(True, f"RBAC: allowed by {grant.reason}")
        return Decision(False, _missing_roles(missing))

    def rules(self, user: User, namespace: str) -> dict[str, list[Object]]:
        """The status of a SelfSubjectRulesReview."""
        resource_rules, path_rules = [], []
        for rule in self.rules_of(user, namespace):
            if rule.get("nonResourceURLs"):
                path_rules.append({key: rule[key] for key in ("verbs", "nonResourceURLs")})
            else:
                keys = ("verbs", "apiGroups", "resources", "resourceNames")
                resource_rules.append({key: rule[key] for key in keys if rule.get(key)})
        return {"resourceRules": resource_rules, "nonResourceRules": path_rules}

    def rules_of(self, user: User, namespace: str) -> list[Object]:
        """All rules that hold for a user in a namespace ("" for the cluster alone)."""
        self._following.refresh()
        grants = self._grants_of(user, namespace)
        return [rule for grant in grants for rule in self._raw.get(grant.role, ())]

    def rules_of_role(self, kind: str, namespace: str, name: str) -> list[Object] | None:
        """The rules of a Role or ClusterRole, None if there is none."""
        self._following.refresh()
        return self._raw.get(Key(CLUSTER_ROLES, "", name) if kind == "ClusterRole" else Key(ROLES, namespace, name))

    def _grants_of(self, user: User, namespace: str) -> Iterator[Grant]:
        for place in ("", namespace) if namespace else ("",):
            for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
                yield from tuple(self._grants.get((place, subject), ()))

    # --- following the store ----------------------------------------------------------------------

    def _put(self, key: Key, obj: Object | None) -> None:
        if key.resource in (ROLES, CLUSTER_ROLES):
            self._put_role(key, obj)
        else:
            self._put_binding(key, obj)

    def _put_role(self, key: Key, role: Object | None) -> None:
        if role is None:
            self._raw.pop(key, None)
            self._rules.pop(key, None)
            return
        self._raw[key] = role.get("rules") or []
        self._rules[key] = tuple(Rule.of(rule) for rule in self._raw[key])

    def _put_binding(self, key: Key, binding: Object | None) -> None:
        """The new grants come before the old ones go: nobody is refused in between."""
        new = list(grants_of(binding)) if binding else []
        for subject, grant in new:
            self._grants.setdefault((grant.namespace, subject), {})[grant] = None
        for subject, grant in self._bindings.pop(key, ()):
            if (subject, grant) not in new:
                self._grants[grant.namespace, subject].pop(grant, None)
        if new:
            self._bindings[key] = new


def grants_of(binding: Object) -> Iterator[tuple[Subject, Grant]]:
    """What a RoleBinding or ClusterRoleBinding gives, and to whom."""
    name, namespace = binding["metadata"]["name"], binding["metadata"].get("namespace", "")
    reference = binding["roleRef"]
    in_cluster = reference["kind"] == "ClusterRole"
    role = Key(CLUSTER_ROLES, "", reference["name"]) if in_cluster else Key(ROLES, namespace, reference["name"])
    title = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    for subject in binding.get("subjects") or ():
        who = _subject_of(subject, namespace)
        if who is None:
            continue
        shown = subject["name"]
        if subject["kind"] == "ServiceAccount":
            shown += f"/{subject.get('namespace') or namespace}"
        reason = f'{title} of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{shown}"'
        yield who, Grant(namespace, role, reason)


def _subject_of(subject: Object, namespace: str) -> Subject | None:
    if subject["kind"] != "ServiceAccount":
        return subject["kind"], subject["name"]
    place = subject.get("namespace") or namespace
    return ("User", f"{SERVICE_ACCOUNT}{place}:{subject['name']}") if place else None


def _role_not_found(grant: Grant) -> str:
    resource, _, name = grant.role
    plural, _, group = resource.partition(".")
    return f'{plural.removesuffix("s")}.{group} "{name}" not found'


def _missing_roles(missing: list[str]) -> str:
    """Why a binding did not help, in the words of Kubernetes' aggregated errors."""
    found = list(dict.fromkeys(missing))
    if not found:
        return ""
    return f"RBAC: {found[0]}" if len(found) == 1 else f"RBAC: [{', '.join(found)}]"
