"""Pod Security: a namespace's labels say which pods it takes, and which it takes with a warning.

enforce refuses pods; warn answers with a Warning header, of a workload's template too; audit notes it in the
server's log. Namespaces without labels take everything.

Source: k8s.io/pod-security-admission/admission/admission.go.
"""

from __future__ import annotations

import logging

import orjson

from minikweb.apimachinery import errors
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.podsecurity import PRIVILEGED, Level, Policy, policy_of, stricter, validate_labels, violations
from minikweb.kinds.registry import Kind, Object
from minikweb.store.query import Query

log = logging.getLogger(__name__)

TEMPLATES = (
    "replicationcontrollers",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
)


def check(server: Server, call: Call, kind: Kind, new: Object, old: Object | None) -> None:
    """Raises Forbidden for a pod, Invalid for labels that mean nothing; adds warnings to the call."""
    if kind.resource == "namespaces":
        _check_namespace(server, call, new, old)
    elif kind.resource == "pods":
        if old is None or _images(new) != _images(old):
            policy = _policy(server, new)
            _enforce(policy.enforce, new)
            _report(call, policy, kind, new, new["metadata"], new["spec"])
    elif kind.resource in TEMPLATES and new.get("spec") != (old or {}).get("spec"):
        job = new["spec"]["jobTemplate"]["spec"] if kind.kind == "CronJob" else new["spec"]
        template = job.get("template") or {}
        _report(call, _policy(server, new), kind, new, template.get("metadata") or {}, template.get("spec") or {})


def _policy(server: Server, obj: Object) -> Policy:
    namespace = server.lister.get("namespaces", "", obj["metadata"].get("namespace", ""))
    return policy_of(namespace["metadata"].get("labels") if namespace else None)


def _images(pod: Object) -> list[str]:
    """What of a stored pod can change and matters: its images and the containers that come later."""
    lists = ("initContainers", "containers", "ephemeralContainers")
    return [f"{key}/{one.get('name')}/{one.get('image')}" for key in lists for one in pod["spec"].get(key) or ()]


def _found(level: Level, metadata: Object, spec: Object) -> str:
    return ", ".join(map(str, violations(level, metadata, spec)))


def _enforce(level: Level, pod: Object) -> None:
    if found := _found(level, pod["metadata"], pod["spec"]):
        name = pod["metadata"].get("name", "")
        raise errors.forbidden("", "pods", name, f'violates PodSecurity "{level}": {found}')


def _report(call: Call, policy: Policy, kind: Kind, obj: Object, metadata: Object, spec: Object) -> None:
    if found := _found(policy.warn, metadata, spec):
        call.warnings.append(f'would violate PodSecurity "{policy.warn}": {found}')
    if found := _found(policy.audit, metadata, spec):
        where = f"{obj['metadata'].get('namespace', '')}/{obj['metadata'].get('name', '')}"
        log.info('%s %s by %s would violate PodSecurity "%s": %s', kind.plural, where, call.user, policy.audit, found)


# --- Namespaces --------------------------------------------------------------------------------------


def _check_namespace(server: Server, call: Call, new: Object, old: Object | None) -> None:
    """New labels have to mean something; a stricter level tells which pods it comes too late for."""
    labels, before = new["metadata"].get("labels"), ((old or {}).get("metadata") or {}).get("labels")
    causes = validate_labels(labels)
    if causes and causes != validate_labels(before):
        raise errors.invalid("", "Namespace", new["metadata"].get("name", ""), causes)
    wanted, had = policy_of(labels).enforce, policy_of(before).enforce
    is_laxer = wanted.version == had.version and not stricter(wanted, had)
    if old is not None and wanted != had and wanted.name != PRIVILEGED and not is_laxer:
        call.warnings += _existing(server, new["metadata"]["name"], wanted)


def _existing(server: Server, namespace: str, level: Level) -> list[str]:
    """Warnings about pods that are there already, those with the same faults together."""
    names: dict[str, list[str]] = {}
    for body in server.storage.list(Query("pods", namespace)).bodies:
        pod = orjson.loads(body)
        if found := violations(level, pod["metadata"], pod["spec"]):
            names.setdefault(", ".join(each.reason for each in found), []).append(pod["metadata"]["name"])
    if not names:
        return []
    first = f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{level}"'
    return [first, *sorted(f"{_counted(pods)}: {reasons}" for reasons, pods in names.items())]


def _counted(names: list[str]) -> str:
    others = len(names) - 1
    return min(names) + (f" (and {others} other pod{'s' if others > 1 else ''})" if others else "")
