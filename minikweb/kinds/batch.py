"""The group batch: v1. Work that ends (Job), and the times at which it begins (CronJob).

Source: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation/validation.go, pkg/registry/batch; Argo CD's health.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import invalid_value, not_supported, required
from minikweb.apimachinery.labels import from_label_selector
from minikweb.apimachinery.serializer import deep_copy
from minikweb.kinds import columns, cronschedule, formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE, TEMPLATE, Column
from minikweb.kinds.jobvalidation import INDEXED, NON_INDEXED, validate_job_spec
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Health, Kind, Object
from minikweb.kinds.workloads import default_template

Spec = dict[str, Any]

JOB_NAME, CONTROLLER_UID = "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"
OLD_LABELS = {JOB_NAME: "job-name", CONTROLLER_UID: "controller-uid"}
NO_LIMIT = 2**31 - 1
_HEALTH = {"Failed": "Degraded", "FailureTarget": "Degraded", "Suspended": "Suspended", "Complete": "Healthy"}
LONGEST_CRON_JOB_NAME = 52  # its Jobs' names are 11 characters longer


# --- Job -----------------------------------------------------------------------------------------------


def _default_job(job: Object) -> None:
    spec = job.setdefault("spec", {})
    _default_job_template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill(
        spec,
        parallelism=1,
        backoffLimit=6 if spec.get("backoffLimitPerIndex") is None else NO_LIMIT,
        completionMode=NON_INDEXED,
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed",
        manualSelector=False,
    )
    _inherit_labels(job)


def _inherit_labels(job: Object) -> None:
    """A Job without labels has those of its template, the generated ones included."""
    labels = job["spec"]["template"]["metadata"].get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)


def _default_job_template(spec: Spec) -> None:
    """What a CronJob fills in, too: the pod template, and that a condition is looked for when it is True."""
    default_template(spec)
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or []:
        for pattern in rule.get("onPodConditions") or []:
            fill(pattern, status="True")


def _prepare_job_for_create(job: Object) -> None:
    strategy.first_generation(job)
    job["status"] = {}
    if not job["spec"]["manualSelector"]:
        _generate_selector(job)
    _inherit_labels(job)


def _generate_selector(job: Object) -> None:
    """A selector by the Job's uid, so that no two Jobs share pods."""
    metadata, spec = job["metadata"], job["spec"]
    if not spec["template"]["metadata"].get("labels"):
        spec["template"]["metadata"]["labels"] = {}
    labels = spec["template"]["metadata"]["labels"]
    for key, value in _generated_labels(metadata).items():
        labels.setdefault(key, value)
    selector = spec["selector"] = spec.get("selector") or {}
    selector["matchLabels"] = {CONTROLLER_UID: metadata["uid"], **(selector.get("matchLabels") or {})}


def _generated_labels(metadata: Object) -> dict[str, str]:
    values = {JOB_NAME: metadata.get("name", ""), CONTROLLER_UID: metadata["uid"]}
    return {**{OLD_LABELS[key]: value for key, value in values.items()}, **values}


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


def _prepare_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "generation")


def _validate_job(job: Object, old: Object | None) -> list[Cause]:
    spec = job["spec"]
    causes = _validate_generated_selector(job) + validate_job_spec("spec", spec) + _validate_selector(spec)
    if spec.get("completionMode") == INDEXED and (spec.get("completions") or 0) > 0:
        causes += _validate_hostname(job["metadata"].get("name", ""), spec["completions"])
    if old:
        causes += _validate_job_update(spec, old)
        status = job.get("status") or {}
        for key in ("active", "succeeded", "failed", "ready", "terminating"):
            causes += formats.nonnegative(f"status.{key}", status.get(key))
    return causes


def _validate_selector(spec: Spec) -> list[Cause]:
    if spec.get("selector") is None:
        return [required("spec.selector")]
    causes = validate_label_selector("spec.selector", spec["selector"])
    labels = spec["template"]["metadata"].get("labels") or {}
    if not causes and not from_label_selector(spec["selector"]).matches(labels):
        detail = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, detail))
    return causes


def _validate_generated_selector(job: Object) -> list[Cause]:
    """A selector that is not the user's own has to be the generated one, and the labels with it."""
    spec, path = job["spec"], "spec.template.metadata.labels"
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    causes, labels = [], spec["template"]["metadata"].get("labels") or {}
    wanted = _generated_labels(job["metadata"])
    for key, value in wanted.items():
        if key not in labels:
            causes.append(required(f"{path}[{key}]", f"must be '{value}'"))
        elif labels[key] != value:
            causes.append(invalid_value(f"{path}[{key}]", labels, f"must be '{value}'"))
    if not from_label_selector(spec["selector"]).matches(wanted):
        causes.append(invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated"))
    return causes


def _validate_hostname(name: str, completions: int) -> list[Cause]:
    hostname = f"{name}-{completions - 1}"
    if not meta.validate_dns_label(hostname):
        return []
    detail = f"will not able to create pod with invalid DNS label: {hostname}"
    return [invalid_value("metadata.name", name, detail)]


def _validate_job_update(spec: Spec, old: Object) -> list[Cause]:
    before = old["spec"]
    causes = _validate_completions(spec, before)
    template = _with_allowed_changes(spec["template"], before["template"]) if _may_change_template(old) else None
    causes += formats.immutable("spec.template", template or spec["template"], before["template"])
    for key in ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        causes += formats.immutable(f"spec.{key}", spec.get(key), before.get(key))
    return causes


def _validate_completions(spec: Spec, before: Spec) -> list[Cause]:
    """An Indexed Job may grow and shrink, if as many pods may run as there are indexes."""
    completions = spec.get("completions")
    if spec.get("completionMode") != INDEXED:
        return formats.immutable("spec.completions", completions, before.get("completions"))
    if completions in (None, before.get("completions"), spec.get("parallelism")):
        return []
    return [invalid_value("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _may_change_template(old: Object) -> bool:
    """Only a suspended Job none of whose pods runs."""
    status = old.get("status") or {}
    suspended = meta.get_condition(status.get("conditions"), "Suspended") or {}
    is_idle = not status.get("startTime") or suspended.get("status") == "True"
    return bool(old["spec"].get("suspend")) and is_idle and not status.get("active")


def _with_allowed_changes(new: Spec, old: Spec) -> Spec:
    """The new template with the old values wherever a suspended Job may change: where it runs and what it takes."""
    munged = deep_copy(new)
    strategy.restore(munged["metadata"], old["metadata"], "labels", "annotations")
    strategy.restore(munged["spec"], old["spec"], "nodeSelector", "tolerations", "schedulingGates")
    affinity = {**(munged["spec"].get("affinity") or {})}
    strategy.restore(affinity, old["spec"].get("affinity") or {}, "nodeAffinity")
    munged["spec"]["affinity"] = affinity
    if not affinity:
        strategy.restore(munged["spec"], old["spec"], "affinity")
    for key in ("containers", "initContainers"):
        for container, before in zip(munged["spec"].get(key) or [], old["spec"].get(key) or [], strict=False):
            strategy.restore(container, before, "resources")
    return munged


def job_word(job: Object) -> str:
    """The STATUS of `kubectl get jobs`."""
    status = job.get("status") or {}
    true = {each["type"] for each in status.get("conditions") or [] if each["status"] == "True"}
    for condition, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if condition in true:
            return word
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((word for word in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if word in true), "Running")


def _word(job: Object, now: datetime) -> str:
    return job_word(job)


def _completions(job: Object, now: datetime) -> str:
    spec, succeeded = job["spec"], (job.get("status") or {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Object, now: datetime) -> str:
    status = job.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = clock.parse(status["completionTime"]) if status.get("completionTime") else now
    return clock.human_duration(end - clock.parse(status["startTime"]))


def job_health(job: Object) -> Health:
    """Argo CD's reading of a Job; the word is kubectl's STATUS."""
    word = job_word(job)
    condition = meta.get_condition((job.get("status") or {}).get("conditions"), word) or {}
    return Health(_HEALTH.get(word, "Progressing"), word, condition.get("message", ""))


JOB = Kind(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    namespaced=True,
    schema="io.k8s.api.batch.v1.Job",
    categories=("all",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Status", _word, description="Whether it runs, is complete or has failed."),
        Column("Completions", _completions, description="How many pods have succeeded, of how many."),
        Column("Duration", _duration, description="How long it took, or has run so far."),
        AGE,
        *TEMPLATE,
    ),
    default=_default_job,
    prepare_for_create=_prepare_job_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate_job,
    selectable={"status.successful": strategy.number("status", "succeeded")},
    health=job_health,
    orphans=True,
)


# --- CronJob -------------------------------------------------------------------------------------------


def _default_cron_job(cron_job: Object) -> None:
    spec = cron_job.setdefault("spec", {})
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = spec["jobTemplate"] = spec.get("jobTemplate") or {}
    template.setdefault("metadata", {})
    _default_job_template(template.setdefault("spec", {}))


def _prepare_cron_job_for_create(cron_job: Object) -> None:
    strategy.first_generation(cron_job)
    cron_job["status"] = {}


def _validate_cron_job(cron_job: Object, old: Object | None) -> list[Cause]:
    spec, name = cron_job["spec"], cron_job["metadata"].get("name", "")
    causes = _validate_schedule("spec.schedule", spec.get("schedule") or "")
    causes += formats.nonnegative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if spec.get("timeZone") is not None:
        causes += _validate_time_zone("spec.timeZone", spec["timeZone"])
    policies = ("Allow", "Forbid", "Replace")
    causes += formats.one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), policies)
    causes += _validate_job_template("spec.jobTemplate", spec["jobTemplate"])
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        causes += formats.nonnegative(f"spec.{key}", spec.get(key))
    if old is None and len(name) > LONGEST_CRON_JOB_NAME:
        detail = f"must be no more than {LONGEST_CRON_JOB_NAME} characters"
        causes.append(invalid_value("metadata.name", name, detail))
    return causes


def _validate_schedule(path: str, schedule: str) -> list[Cause]:
    if not schedule:
        return [required(path)]
    if "TZ" in schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return [invalid_value(path, schedule, detail)]
    try:
        cronschedule.parse(schedule)
    except ValueError as problem:
        return [invalid_value(path, schedule, str(problem))]
    return []


def _validate_time_zone(path: str, name: str) -> list[Cause]:
    if not name:
        return [invalid_value(path, name, "timeZone must be nil or non-empty string")]
    if name.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [invalid_value(path, name, detail)]
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return [invalid_value(path, name, f"unknown time zone {name}")]
    return []


def _validate_job_template(path: str, template: Spec) -> list[Cause]:
    spec = template["spec"]
    causes = validate_job_spec(f"{path}.spec", spec)
    if spec.get("selector") is not None:
        causes.append(invalid_value(f"{path}.spec.selector", spec["selector"], "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        causes.append(not_supported(f"{path}.spec.manualSelector", True, ("nil", "false")))
    return causes


def _schedule(cron_job: Object, now: datetime) -> str:
    return cron_job["spec"].get("schedule") or ""


def _time_zone(cron_job: Object, now: datetime) -> str:
    return cron_job["spec"].get("timeZone") or NONE


def _suspend(cron_job: Object, now: datetime) -> str:
    return str(bool(cron_job["spec"].get("suspend")))


def _active(cron_job: Object, now: datetime) -> int:
    return len((cron_job.get("status") or {}).get("active") or [])


def _last_schedule(cron_job: Object, now: datetime) -> str:
    last = (cron_job.get("status") or {}).get("lastScheduleTime")
    return columns.since(last, now) if last else NONE


def _of_job_template(column: Column) -> Column:
    """A column of the workloads' template, read from the Job's."""

    def value(cron_job: Object, now: datetime) -> Any:
        return column.value(cron_job["spec"]["jobTemplate"], now)

    return Column(column.name, value, priority=1, description=column.description)


def cron_job_health(cron_job: Object) -> Health:
    """Argo CD's reading of a CronJob: healthy, whatever its Jobs do, unless it is suspended."""
    if cron_job["spec"].get("suspend"):
        return Health("Suspended", "Suspended", "CronJob is Suspended")
    active = len((cron_job.get("status") or {}).get("active") or [])
    return Health("Healthy", f"{active} active" if active else cron_job["spec"].get("schedule", ""))


CRON_JOB = Kind(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    namespaced=True,
    schema="io.k8s.api.batch.v1.CronJob",
    short_names=("cj",),
    categories=("all",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Schedule", _schedule, description="When a Job begins, in cron's words."),
        Column("Timezone", _time_zone, description="Whose clocks count."),
        Column("Suspend", _suspend, type="boolean", description="Whether no more Jobs begin for now."),
        Column("Active", _active, type="integer", description="How many of its Jobs run."),
        Column("Last Schedule", _last_schedule, description="How long ago a Job began last."),
        AGE,
        *(_of_job_template(column) for column in TEMPLATE),
    ),
    default=_default_cron_job,
    prepare_for_create=_prepare_cron_job_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate_cron_job,
    health=cron_job_health,
)

KINDS = [JOB, CRON_JOB]
