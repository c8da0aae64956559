"""What is wrong with the spec of a Job, or of a CronJob's template of one, in Kubernetes' words.

Source: pkg/apis/batch/validation/validation.go (validateJobSpec).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minikweb.apimachinery.errors import cause, duplicate, invalid_value, not_supported, required
from minikweb.kinds import formats
from minikweb.kinds.registry import Cause
from minikweb.kinds.workloads import validate_template

Spec = dict[str, Any]

INDEXED, NON_INDEXED = "Indexed", "NonIndexed"
MAX_INDEXED = 100_000  # parallelism and failed indexes of an Indexed Job
MAX_RULES, MAX_EXIT_CODES = 20, 255

_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATES = ("False", "True", "Unknown")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")


def validate_job_spec(path: str, spec: Spec) -> list[Cause]:
    """The causes for a JobSpec whose template has its defaults; the selector is not looked at."""
    causes = [cause for key in _COUNTS for cause in formats.nonnegative(f"{path}.{key}", spec.get(key))]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        causes.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    causes += _completion_mode(path, spec)
    if spec.get("podFailurePolicy") is not None:
        causes += _pod_failure_policy(f"{path}.podFailurePolicy", spec)
    if spec.get("successPolicy") is not None:
        causes += _success_policy(f"{path}.successPolicy", spec)
    causes += _replacement(f"{path}.podReplacementPolicy", spec)
    causes += validate_template(f"{path}.template", spec["template"])
    return causes + _restart_policy(f"{path}.template.spec.restartPolicy", spec)


def _completion_mode(path: str, spec: Spec) -> list[Cause]:
    mode = spec.get("completionMode") or NON_INDEXED
    if mode == INDEXED:
        return _indexed(path, spec)
    causes = []
    if mode != NON_INDEXED:
        causes.append(not_supported(f"{path}.completionMode", mode, (NON_INDEXED, INDEXED)))
    for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(key) is not None and mode == NON_INDEXED:
            causes.append(invalid_value(f"{path}.{key}", spec[key], "requires indexed completion mode"))
    return causes


def _indexed(path: str, spec: Spec) -> list[Cause]:
    causes = []
    completions, parallelism, failed = (spec.get(key) for key in ("completions", "parallelism", "maxFailedIndexes"))
    if completions is None:
        causes.append(required(f"{path}.completions", f"when completion mode is {INDEXED}"))
    if (parallelism or 0) > MAX_INDEXED:
        detail = f"must be less than or equal to {MAX_INDEXED} when completion mode is {INDEXED}"
        causes.append(invalid_value(f"{path}.parallelism", parallelism, detail))
    if failed is not None and completions is not None and failed > completions:
        detail = "must be less than or equal to completions"
        causes.append(invalid_value(f"{path}.maxFailedIndexes", failed, detail))
    if (failed or 0) > MAX_INDEXED:
        causes.append(invalid_value(f"{path}.maxFailedIndexes", failed, f"must be less than or equal to {MAX_INDEXED}"))
    return causes


def _restart_policy(path: str, spec: Spec) -> list[Cause]:
    """Pods of a Job are to end."""
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy in (None, "", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid_value(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _replacement(path: str, spec: Spec) -> list[Cause]:
    policy = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENTS if spec.get("podFailurePolicy") is None else _REPLACEMENTS[:1]
    return [] if policy is None or policy in allowed else [not_supported(path, policy, allowed)]


# --- podFailurePolicy ----------------------------------------------------------------------------------


def _pod_failure_policy(path: str, spec: Spec) -> list[Cause]:
    rules, template = spec["podFailurePolicy"].get("rules") or [], spec["template"]["spec"]
    names = {c.get("name") for key in ("containers", "initContainers") for c in template.get(key) or []}
    causes = _not_too_many(f"{path}.rules", rules, MAX_RULES)
    for index, rule in enumerate(rules):
        causes += _rule(f"{path}.rules[{index}]", rule, names, spec)
    return causes


def _rule(path: str, rule: Spec, names: set[str | None], spec: Spec) -> list[Cause]:
    causes = _word(f"{path}.action", rule.get("action"), _ACTIONS)
    if rule.get("action") == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        causes.append(invalid_value(f"{path}.action", "FailIndex", "requires the backoffLimitPerIndex to be set"))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        causes += _exit_codes(f"{path}.onExitCodes", codes, names)
    causes += _not_too_many(f"{path}.onPodConditions", conditions, MAX_RULES)
    for index, pattern in enumerate(conditions):
        here = f"{path}.onPodConditions[{index}]"
        causes += formats.qualified_name(f"{here}.type", pattern.get("type"))
        causes += _word(f"{here}.status", pattern.get("status"), _STATES)
    if (codes is not None) == bool(conditions):
        which = "both OnExitCodes and OnPodConditions is not supported" if conditions else "one of OnExitCodes and"
        detail = f"specifying {which}" + ("" if conditions else " OnPodConditions is required")
        causes.append(cause("FieldValueInvalid", path, f"Invalid value: {detail}"))
    return causes


def _exit_codes(path: str, requirement: Spec, names: set[str | None]) -> list[Cause]:
    causes = _word(f"{path}.operator", requirement.get("operator"), _OPERATORS)
    name, values = requirement.get("containerName"), requirement.get("values") or []
    if name is not None and name not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid_value(f"{path}.containerName", name, detail))
    if not values:
        causes.append(invalid_value(f"{path}.values", values, "at least one value is required"))
    causes += _not_too_many(f"{path}.values", values, MAX_EXIT_CODES)
    for index, value in enumerate(values):
        if value == 0 and requirement.get("operator") == "In":
            causes.append(invalid_value(f"{path}.values[{index}]", value, "must not be 0 for the In operator"))
        if value in values[:index]:
            causes.append(duplicate(f"{path}.values[{index}]", value))
    if values != sorted(values):
        causes.append(invalid_value(f"{path}.values", values, "must be ordered"))
    return causes


def _word(path: str, value: str | None, supported: Sequence[str]) -> list[Cause]:
    if not value:
        listed = " ".join(f'"{word}"' for word in supported)
        return [required(path, f"valid values: [{listed}]")]
    return [] if value in supported else [not_supported(path, value, supported)]


def _not_too_many(path: str, values: Sequence[Any], limit: int) -> list[Cause]:
    if len(values) <= limit:
        return []
    return [cause("FieldValueTooMany", path, f"Too many: {len(values)}: must have at most {limit} items")]


# --- successPolicy -------------------------------------------------------------------------------------


def _success_policy(path: str, spec: Spec) -> list[Cause]:
    policy = spec["successPolicy"]
    if spec.get("completionMode") != INDEXED:
        return [invalid_value(path, policy, "requires indexed completion mode")]
    rules = policy.get("rules") or []
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        return [required(f"{path}.rules", detail)]
    causes = _not_too_many(f"{path}.rules", rules, MAX_RULES)
    for index, rule in enumerate(rules):
        causes += _success_rule(f"{path}.rules[{index}]", rule, spec.get("completions") or 0)
    return causes


def _success_rule(path: str, rule: Spec, completions: int) -> list[Cause]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and indexes is None:
        return [required(path, "at least one of succeededCount or succeededIndexes must be specified")]
    causes, total = [], completions
    of_what = "the number of specified completions"
    if indexes is not None:
        try:
            total = count_indexes(indexes, completions)
        except ValueError as problem:
            detail = f"error parsing succeededIndexes: {problem}"
            causes.append(invalid_value(f"{path}.succeededIndexes", indexes, detail))
        of_what = "the number of indexes in the specified succeededIndexes field"
    causes += formats.nonnegative(f"{path}.succeededCount", count)
    if not causes and (count or 0) > total:
        detail = f"must be less than or equal to {total} ({of_what})"
        causes.append(invalid_value(f"{path}.succeededCount", count, detail))
    return causes


def count_indexes(text: str, completions: int) -> int:
    """How many indexes `1,3-5` names. ValueError unless they are in order and below `completions`."""
    total, last = 0, -1
    for part in text.split(",") if text else ():
        limits = [_index(limit, completions) for limit in part.split("-")]
        if len(limits) > 2:
            raise ValueError(
                f'the fragment "{part}" violates the requirement that an index interval can have at most two parts '
                "separated by '-'"
            )
        for limit in limits:
            if limit <= last:
                raise ValueError(f"non-increasing order, previous: {last}, current: {limit}")
            last = limit
        total += limits[-1] - limits[0] + 1
    return total


def _index(text: str, completions: int) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)
