"""What the failure of a pod means to its Job: counted, ignored, the end of its index, the end of all. Pure.

Source: kubernetes/pkg/controller/job/pod_failure_policy.go.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

COUNT, IGNORE, FAIL_JOB, FAIL_INDEX = "Count", "Ignore", "FailJob", "FailIndex"


def action(job: Object, pod: Object) -> tuple[str, str]:
    """The action of the first rule that a failed pod matches (Count when none does), and why if it is FailJob."""
    for index, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        why = _exit_code(rule["onExitCodes"], pod) if rule.get("onExitCodes") else _condition(rule, pod)
        if why:
            return rule["action"], f"{why} matching {rule['action']} rule at index {index}"
    return COUNT, ""


def _exit_code(requirement: Object, pod: Object) -> str:
    metadata, status = pod["metadata"], pod.get("status", {})
    for container in (*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())):
        code = container.get("state", {}).get("terminated", {}).get("exitCode", 0)
        if requirement.get("containerName") not in (None, container["name"]) or not code:
            continue
        if (code in requirement["values"]) is (requirement["operator"] == "In"):
            where = f"{metadata['namespace']}/{metadata['name']}"
            return f"Container {container['name']} for pod {where} failed with exit code {code}"
    return ""


def _condition(rule: Object, pod: Object) -> str:
    wanted = [(pattern["type"], pattern["status"]) for pattern in rule.get("onPodConditions") or ()]
    for condition in pod.get("status", {}).get("conditions", ()):
        if (condition["type"], condition["status"]) in wanted:
            metadata = pod["metadata"]
            return f"Pod {metadata['namespace']}/{metadata['name']} has condition {condition['type']}"
    return ""
