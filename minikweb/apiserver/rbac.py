"""Role-based access control: may this user do that? Answered from memory, on every request.

`Policy` holds all roles and bindings, indexed by subject. It is fed by the store's own events: the writer only rings,
the next question reads what was written before it, so a binding counts from the request after its creation on.

Source: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from minikweb.apiserver.authentication import SERVICE_ACCOUNT, User
from minikweb.apiserver.authorization import SUPERUSERS, Attributes, Decision
from minikweb.kinds.rbac import GROUP
from minikweb.store.query import Query
from minikweb.store.storage import Storage
from minikweb.store.watch import Event, Subscription

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
    role: tuple[str, str, str]  # resource, namespace, name
    reason: str


class Policy:
    """The Authorizer that enforces RBAC. Thread-safe."""

    def __init__(self, storage: Storage):
        self._storage = storage
        self._lock = threading.Lock()
        self._rings, self._seen = 1, 0  # writes heard of, writes taken in
        self._subscriptions: dict[str, Subscription] = {}
        self._raw: dict[tuple[str, str, str], list[Object]] = {}  # role → its rules as written
        self._rules: dict[tuple[str, str, str], tuple[Rule, ...]] = {}
        self._bindings: dict[tuple[str, str, str], list[tuple[Subject, Grant]]] = {}
        self._grants: dict[tuple[str, Subject], dict[Grant, None]] = {}

    def authorize(self, user: User, asked: Attributes) -> Decision:
        """system:masters may do everything; all others what a role bound to them says."""
        if SUPERUSERS in user.groups:
            return Decision(True)
        self._refresh()
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
        self._refresh()
        grants = self._grants_of(user, namespace)
        return [rule for grant in grants for rule in self._raw.get(grant.role, ())]

    def rules_of_role(self, kind: str, namespace: str, name: str) -> list[Object] | None:
        """The rules of a Role or ClusterRole, None if there is none."""
        self._refresh()
        return self._raw.get((CLUSTER_ROLES, "", name) if kind == "ClusterRole" else (ROLES, namespace, name))

    def _grants_of(self, user: User, namespace: str) -> Iterator[Grant]:
        for place in ("", namespace) if namespace else ("",):
            for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
                yield from tuple(self._grants.get((place, subject), ()))

    # --- following the store ----------------------------------------------------------------------

    def _ring(self) -> None:
        """Called by the writers, one at a time."""
        self._rings += 1

    def _refresh(self) -> None:
        if self._seen == self._rings:
            return
        with self._lock:
            rings = self._rings
            if not self._subscriptions or any(each.lost for each in self._subscriptions.values()):
                self._load()
            for subscription in self._subscriptions.values():
                while subscription.queue:
                    self._apply(subscription.queue.popleft())
            self._seen = rings

    def _load(self) -> None:
        """Reads everything anew. Events that come meanwhile are applied a second time, which changes nothing."""
        hub = self._storage.hub
        for resource, subscription in self._subscriptions.items():
            hub.unsubscribe(resource, subscription)
        self._subscriptions = {resource: hub.subscribe(resource, self._ring)[0] for resource in RESOURCES}
        known = {*self._raw, *self._bindings}
        for resource in RESOURCES:
            for body in self._storage.list(Query(resource=resource)).bodies:
                obj = orjson.loads(body)
                key = (resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
                known.discard(key)
                self._put(key, obj)
        for key in known:
            self._put(key, None)

    def _apply(self, event: Event) -> None:
        key = (event.resource, event.namespace, event.name)
        self._put(key, None if event.type == "DELETED" else event.object)

    def _put(self, key: tuple[str, str, str], obj: Object | None) -> None:
        if key[0] in (ROLES, CLUSTER_ROLES):
            self._put_role(key, obj)
        else:
            self._put_binding(key, obj)

    def _put_role(self, key: tuple[str, str, str], role: Object | None) -> None:
        if role is None:
            self._raw.pop(key, None)
            self._rules.pop(key, None)
            return
        self._raw[key] = role.get("rules") or []
        self._rules[key] = tuple(Rule.of(rule) for rule in self._raw[key])

    def _put_binding(self, key: tuple[str, str, str], binding: Object | None) -> None:
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
    role = (CLUSTER_ROLES, "", reference["name"]) if in_cluster else (ROLES, namespace, reference["name"])
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
