"""The group rbac.authorization.k8s.io: v1. Roles say what may be done, bindings say by whom.

Source: pkg/apis/rbac/validation/validation.go, pkg/apis/rbac/v1/defaults.go, pkg/printers/internalversion/printers.go,
pkg/controller/clusterroleaggregation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from minikweb.apimachinery import labels, meta
from minikweb.apimachinery.errors import invalid_value, not_supported, required
from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME, UNKNOWN
from minikweb.kinds.registry import Cause, Column, Kind, Object

GROUP = "rbac.authorization.k8s.io"
SUBJECTS = ("ServiceAccount", "User", "Group")

Rule = dict[str, Any]


# --- Rules -------------------------------------------------------------------------------------------


def _validate_rules(role: Object, namespaced: bool) -> list[Cause]:
    causes = []
    for index, rule in enumerate(role.get("rules") or ()):
        causes += _validate_rule(f"rules[{index}]", rule, namespaced)
    return causes


def _validate_rule(path: str, rule: Rule, namespaced: bool) -> list[Cause]:
    causes = [] if rule.get("verbs") else [required(f"{path}.verbs", "verbs must contain at least one value")]
    if urls := rule.get("nonResourceURLs"):
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            causes.append(invalid_value(f"{path}.nonResourceURLs", urls, detail))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid_value(f"{path}.nonResourceURLs", urls, detail))
        return causes
    if not rule.get("apiGroups"):
        causes.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        causes.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return causes


def _validate_role(role: Object, old: Object | None) -> list[Cause]:
    return _validate_rules(role, True)


def _validate_cluster_role(role: Object, old: Object | None) -> list[Cause]:
    causes = _validate_rules(role, False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return causes
    path = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors") or []
    if not selectors:
        causes.append(required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    for index, selector in enumerate(selectors):
        causes += _validate_selector(f"{path}[{index}]", selector)
    return causes


def _validate_selector(path: str, selector: Object) -> list[Cause]:
    try:
        labels.from_label_selector(selector)
    except Exception as problem:
        return [invalid_value(path, selector, str(problem))]
    return []


def aggregated_rules(role: Object, roles: Iterable[Object]) -> list[Rule]:
    """The rules of a ClusterRole with an aggregationRule: those of all roles selected, by name, each once."""
    found: list[Rule] = []
    own = role["metadata"]["name"]
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        wanted = labels.from_label_selector(selector)
        for other in sorted(roles, key=lambda each: each["metadata"]["name"]):
            metadata = other["metadata"]
            if metadata["name"] != own and wanted.matches(metadata.get("labels") or {}):
                found += [rule for rule in other.get("rules") or () if rule not in found]
    return found


def _created_at(role: Object, now: datetime) -> str:
    return role["metadata"].get("creationTimestamp") or UNKNOWN


CREATED_AT = Column("Created At", _created_at, description="When the role was created.")


# --- Bindings ----------------------------------------------------------------------------------------


def _default_binding(binding: Object) -> None:
    reference = binding.setdefault("roleRef", {})
    reference["apiGroup"] = reference.get("apiGroup") or GROUP
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP


def _validate_binding(roles: tuple[str, ...], namespaced: bool) -> Callable[[Object, Object | None], list[Cause]]:
    def validate(binding: Object, old: Object | None) -> list[Cause]:
        causes = _validate_role_ref(binding.get("roleRef") or {}, roles)
        for index, subject in enumerate(binding.get("subjects") or ()):
            causes += _validate_subject(f"subjects[{index}]", subject, namespaced)
        if old and old.get("roleRef") != binding.get("roleRef"):
            causes.append(invalid_value("roleRef", binding.get("roleRef"), "cannot change roleRef"))
        return causes

    return validate


def _validate_role_ref(reference: Object, roles: tuple[str, ...]) -> list[Cause]:
    causes = []
    if reference.get("apiGroup") != GROUP:
        causes.append(not_supported("roleRef.apiGroup", reference.get("apiGroup"), [GROUP]))
    if reference.get("kind") not in roles:
        causes.append(not_supported("roleRef.kind", reference.get("kind", ""), list(roles)))
    return causes + formats.named("roleRef.name", reference.get("name"), meta.validate_path_segment)


def _validate_subject(path: str, subject: Object, namespaced: bool) -> list[Cause]:
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if not subject.get("name"):
        return [required(f"{path}.name")]
    if kind not in SUBJECTS:
        return [not_supported(f"{path}.kind", kind, list(SUBJECTS))]
    if kind != "ServiceAccount":
        return [] if group == GROUP else [not_supported(f"{path}.apiGroup", group, [GROUP])]
    causes = formats.dns_subdomain(f"{path}.name", subject["name"])
    if group:
        causes.append(not_supported(f"{path}.apiGroup", group, [""]))
    if not namespaced and not subject.get("namespace"):
        causes.append(required(f"{path}.namespace"))
    return causes


def _role_of(binding: Object, now: datetime) -> str:
    return f"{binding['roleRef'].get('kind')}/{binding['roleRef'].get('name')}"


def _subjects(kind: str) -> Callable[[Object, datetime], str]:
    def cell(binding: Object, now: datetime) -> str:
        found = [subject for subject in binding.get("subjects") or () if subject.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{subject.get('namespace', '')}/{subject['name']}" for subject in found)
        return ", ".join(subject["name"] for subject in found)

    return cell


_BINDING_COLUMNS = (
    NAME,
    Column("Role", _role_of, description="The role that is bound."),
    AGE,
    Column("Users", _subjects("User"), priority=1, description="The users it is bound to."),
    Column("Groups", _subjects("Group"), priority=1, description="The groups it is bound to."),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=1, description="The accounts it is bound to."),
)


def _kind(name: str, namespaced: bool, **policy: Any) -> Kind:
    return Kind(
        group=GROUP,
        version="v1",
        kind=name,
        plural=f"{name.lower()}s",
        namespaced=namespaced,
        schema=f"io.k8s.api.rbac.v1.{name}",
        validate_name=meta.validate_path_segment,
        **policy,
    )


def _binding(name: str, namespaced: bool, roles: tuple[str, ...]) -> Kind:
    validate = _validate_binding(roles, namespaced)
    return _kind(name, namespaced, columns=_BINDING_COLUMNS, default=_default_binding, validate=validate)


ROLE = _kind("Role", True, columns=(NAME, CREATED_AT), validate=_validate_role)
CLUSTER_ROLE = _kind("ClusterRole", False, columns=(NAME, CREATED_AT), validate=_validate_cluster_role)
ROLE_BINDING = _binding("RoleBinding", True, ("Role", "ClusterRole"))
CLUSTER_ROLE_BINDING = _binding("ClusterRoleBinding", False, ("ClusterRole",))

KINDS = [CLUSTER_ROLE_BINDING, CLUSTER_ROLE, ROLE_BINDING, ROLE]
