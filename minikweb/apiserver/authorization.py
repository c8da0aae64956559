"""What can be asked of a policy, and its refusal in Kubernetes' words. The policy is rbac.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from minikweb.apimachinery.errors import Forbidden
from minikweb.apiserver.authentication import User

SUPERUSERS = "system:masters"


@dataclass(frozen=True)
class Attributes:
    """What is asked: of a resource, or of a path when `resource` is empty."""

    verb: str
    group: str = ""
    resource: str = ""  # with its subresource: pods/log
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    """Whether it is allowed and why."""

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    """The policy."""

    def authorize(self, user: User, attributes: Attributes) -> Decision: ...

    def rules(self, user: User, namespace: str) -> dict[str, list[dict[str, Any]]]:
        """The status of a SelfSubjectRulesReview: resourceRules and nonResourceRules."""


def require(authorizer: Authorizer, user: User, attributes: Attributes) -> None:
    """Raises Forbidden in Kubernetes' words."""
    decision = authorizer.authorize(user, attributes)
    if decision.allowed:
        return
    if not attributes.resource:
        raise Forbidden(f'forbidden: User "{user.name}" cannot {attributes.verb} path "{attributes.path}"')
    where = f' in the namespace "{attributes.namespace}"' if attributes.namespace else " at the cluster scope"
    plural, _, _subresource = attributes.resource.partition("/")
    qualified = f"{plural}.{attributes.group}" if attributes.group else plural
    subject = f'{qualified} "{attributes.name}"' if attributes.name else qualified
    why = f": {decision.reason}" if decision.reason else ""
    details = {"name": attributes.name, "group": attributes.group, "kind": plural}
    raise Forbidden(
        f'{subject} is forbidden: User "{user.name}" cannot {attributes.verb} resource "{attributes.resource}"'
        f' in API group "{attributes.group}"{where}{why}',
        details={key: value for key, value in details.items() if value},
    )
