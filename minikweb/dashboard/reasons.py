"""Why is it not running, and what to do: one explanation per word that kubectl prints. Pure, translated on reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Explanation:
    """`cause` in a sentence or two, then the steps that lead out; `logs` names the log that will tell more."""

    word: str
    cause: Text
    steps: tuple[Text, ...] = ()
    logs: str = ""  # "", "current" or "previous"
    aside: Text = ""  # about this very object: its exit code, the scheduler's words


_PENDING_STEPS = (
    _("Read the scheduler's message: it counts the nodes and says what each of them lacks."),
    _("Lower the requests (resources.requests), relax nodeSelector or tolerate the taint, or add a node."),
)
_IMAGE_STEPS = (
    _("Check the name and the tag, letter by letter: most of the time it is a typing mistake."),
    _("Is the registry reachable, and is it private? Then the Pod needs an imagePullSecret."),
    _("Once corrected in the Deployment, the Pod is replaced by itself: there is nothing to delete."),
)
_CONFIG_STEPS = (
    _("The message names the missing ConfigMap, Secret or key: create it in the same Namespace."),
    _("The kubelet tries again by itself: the container starts as soon as the object exists."),
)

_KNOWN: dict[str, tuple[Text, tuple[Text, ...], str]] = {
    "Running": (
        _("All containers are started. Whether they can serve is told by READY, not by Running."),
        (),
        "current",
    ),
    "Completed": (_("Every container ended with exit code 0: the work is done. Nothing is wrong."), (), "current"),
    "Succeeded": (_("Every container ended with exit code 0: the work is done. Nothing is wrong."), (), "current"),
    "Pending": (
        _("The Pod exists, but no node runs it yet: it waits for the scheduler, or the scheduler finds no room."),
        _PENDING_STEPS,
        "",
    ),
    "Unschedulable": (_("The scheduler looked at every node and none fits."), _PENDING_STEPS, ""),
    "SchedulingGated": (
        _("The Pod asks to wait: as long as spec.schedulingGates is not empty, the scheduler leaves it alone."),
        (_("Whoever put the gate removes it; or edit the YAML."),),
        "",
    ),
    "ContainerCreating": (
        _("A node has taken the Pod: it fetches the images, prepares the volumes and the network. Usually seconds."),
        (_("If it lasts, the events below say what it waits for: often a volume, a ConfigMap or a Secret."),),
        "",
    ),
    "PodInitializing": (
        _("The init containers come first, one after the other; the others wait for them."),
        (_("If it lasts, read the log of the init container that runs."),),
        "current",
    ),
    "CrashLoopBackOff": (
        _(
            "The container starts, ends, is started again, ends again… The kubelet leaves more and more time between "
            "two attempts (10 s, 20 s, 40 s, up to 5 min). The image is fine: it is the program inside that stops."
        ),
        (
            _("Read the previous log: the program's last words are there."),
            _("Look at the exit code, the command, the arguments and the environment variables."),
            _("A liveness probe that fails also kills the container: the events would say so."),
        ),
        "previous",
    ),
    "ImagePullBackOff": (
        _("The image could not be fetched, several times; the kubelet waits before it tries again."),
        _IMAGE_STEPS,
        "",
    ),
    "ErrImagePull": (_("The image could not be fetched."), _IMAGE_STEPS, ""),
    "ErrImageNeverPull": (
        _("imagePullPolicy is Never, and the image is not on the node."),
        (_("Build or load the image on the node, or allow pulling (IfNotPresent)."),),
        "",
    ),
    "InvalidImageName": (
        _("This is not a valid image name."),
        (_("Write [registry/]name[:tag]: lower case, no space, one colon before the tag."),),
        "",
    ),
    "CreateContainerConfigError": (
        _("The container refers to a ConfigMap, a Secret or a key that does not exist."),
        _CONFIG_STEPS,
        "",
    ),
    "CreateContainerError": (
        _("The runtime refused to create the container."),
        (_("Its message says why: often a command that does not exist in the image."),),
        "",
    ),
    "RunContainerError": (
        _("The container was created but could not be started."),
        (_("Check the command: does that file exist in the image, and may it be executed?"),),
        "",
    ),
    "OOMKilled": (
        _("The container used more memory than its limit: the kernel ended it (exit code 137)."),
        (
            _("Raise resources.limits.memory, or find out what consumes it."),
            _("A managed runtime (Java, Node.js) often has to be told its limit."),
        ),
        "previous",
    ),
    "Error": (
        _("The program ended with an exit code other than 0."),
        (_("Its log says why; the exit code gives a hint."),),
        "current",
    ),
    "Failed": (_("A container failed and is not to be started again (restartPolicy)."), (), "current"),
    "Terminating": (
        _(
            "Deletion was asked for. The containers receive SIGTERM and have a grace period (30 s by default) to end "
            "properly; then comes SIGKILL. The object goes away once its node confirms."
        ),
        (
            _("If it lasts: is the node NotReady? Does a finalizer wait (YAML, metadata.finalizers)?"),
            _("A program that ignores SIGTERM always takes the whole grace period."),
        ),
        "current",
    ),
    "Evicted": (
        _("The node ran short of a resource (disk, memory) and sent the Pod away."),
        (_("The controller replaces it elsewhere. Look at the conditions of the node."),),
        "",
    ),
    "ContainerStatusUnknown": (
        _("The node no longer answers for this container: nobody knows how it fares."),
        (_("Look at the node: NotReady? After five minutes the Pod is replaced elsewhere."),),
        "",
    ),
    "NodeLost": (_("The node of this Pod no longer answers."), (_("Look at the page of the nodes."),), ""),
    "NotReady": (_("Running, but a readiness probe says no: no Service sends it traffic."), (), "current"),
    "ProgressDeadlineExceeded": (
        _("The rollout has made no progress for progressDeadlineSeconds (10 min by default)."),
        (
            _("The old Pods still serve. Look at the status of the new ones: the reason is there."),
            _("Correct the template, or go back to the previous revision."),
        ),
        "",
    ),
}

_KNOWN |= {
    "Complete": (_("As many Pods as asked for have succeeded: the Job is done, and will not run again."), (), ""),
    "JobRunning": (_("Its Pods are at work; the Job counts those that succeed."), (), ""),
    "JobFailed": (
        _("The Job has given up: it starts no more Pods."),
        (_("Read the logs of its Pods, then delete the Job and create it again: a Job runs once."),),
        "",
    ),
    "Suspended": (
        _("On hold (spec.suspend): a Job has no Pods meanwhile, a CronJob begins no Jobs; what runs goes on."),
        (_("Resume it when it may work again."),),
        "",
    ),
    "FailureTarget": (_("It is failing: the Job ends the Pods that are left, then says Failed."), (), ""),
    "SuccessCriteriaMet": (_("It has what it needs: the Job ends the Pods that are left, then says Complete."), (), ""),
    "BackoffLimitExceeded": (
        _("Its Pods failed more often than spec.backoffLimit allows (6 by default): the Job has given up."),
        (
            _("Read the logs of its Pods: the reason of the failures is there."),
            _("Delete the Job and create it again once corrected: its template cannot be changed."),
        ),
        "",
    ),
    "DeadlineExceeded": (
        _("It took longer than spec.activeDeadlineSeconds: its Pods were ended."),
        (_("Give it more time, or find out what makes it slow; then create it again."),),
        "",
    ),
    "PodFailurePolicy": (
        _("A Pod failed in a way for which spec.podFailurePolicy says: give up at once."),
        (_("The message names the Pod, its container and the exit code."),),
        "",
    ),
    "FailedIndexes": (
        _("Some indexes of this Job failed more often than spec.backoffLimitPerIndex allows."),
        (_("status.failedIndexes names them (YAML)."),),
        "",
    ),
}

_EXIT_CODES: dict[int, Text] = {
    1: _("Exit code 1: the program reported an error of its own."),
    2: _("Exit code 2: often a wrong option or argument."),
    126: _("Exit code 126: the command was found but may not be executed."),
    127: _("Exit code 127: the command was not found in the image."),
    134: _("Exit code 134 (SIGABRT): the program aborted itself."),
    137: _("Exit code 137 (SIGKILL): killed, by the memory limit or after the grace period."),
    139: _("Exit code 139 (SIGSEGV): the program touched memory that is not its own."),
    143: _("Exit code 143 (SIGTERM): ended on request; someone asked it to stop."),
}

# The events of Kubernetes, for readers who meet them for the first time.
EVENTS: dict[str, Text] = {
    "Scheduled": _("The scheduler chose a node for the Pod."),
    "FailedScheduling": _("No node fits: the message counts them and says what each lacks."),
    "Pulling": _("The node fetches the image."),
    "Pulled": _("The image is on the node."),
    "Created": _("The container exists; it is not started yet."),
    "Started": _("The container runs."),
    "Killing": _("The container is asked to stop."),
    "BackOff": _("It failed several times: the kubelet waits before the next attempt."),
    "Failed": _("An attempt failed; the message says which."),
    "Unhealthy": _("A probe failed."),
    "ScalingReplicaSet": _("The Deployment changed the number of Pods of one of its ReplicaSets."),
    "SuccessfulCreate": _("The controller created what was missing."),
    "SuccessfulDelete": _("The controller deleted what was too many."),
    "FailedCreate": _("The controller could not create a Pod."),
    "DeploymentRollback": _("The template of an earlier revision was put back."),
    "SawCompletedJob": _("A Job of the CronJob has ended."),
    "Completed": _("The Job is done."),
    "BackoffLimitExceeded": _("Too many of its Pods failed: the Job has given up."),
    "DeadlineExceeded": _("The Job took too long and was ended."),
    "Suspended": _("On hold: its Pods were deleted."),
    "Resumed": _("The Job works again."),
    "JobAlreadyActive": _("The previous Job still runs, and concurrencyPolicy is Forbid: this one is left out."),
    "MissSchedule": _("A time of the schedule was missed."),
    "FailedDaemonPod": _("A Pod of the DaemonSet failed on its node: it is replaced."),
    "NodeNotReady": _("The node no longer gives signs of life."),
    "NodeReady": _("The node is ready to run Pods."),
    "TaintManagerEviction": _("The node is out: its Pod is sent away."),
    "Preempted": _("A Pod of higher priority took the place."),
}


def explain(word: str, *, exit_code: int | None = None, message: str = "") -> Explanation:
    """The explanation of a status word; `Init:CrashLoopBackOff` is explained as CrashLoopBackOff."""
    key = word.removeprefix("Init:")
    if key.startswith(("ExitCode:", "Signal:")):
        key = "Error"
    if key not in _KNOWN and "/" in key:
        key = "PodInitializing"
    aside: Text = _EXIT_CODES.get(exit_code, "") if exit_code else ""
    if key not in _KNOWN:
        return Explanation(word, message or _("Kubernetes says no more than this word."), (), "", aside)
    cause, steps, log = _KNOWN[key]
    return Explanation(word, cause, steps, log, aside)


def explain_pod(pod: dict[str, Any], word: str) -> Explanation:
    """The explanation of a Pod's word, with the exit code of the container that gave it."""
    status = pod.get("status", {})
    if word == "Pending" and _condition(status, "PodScheduled").get("reason") == "Unschedulable":
        return replace(explain("Unschedulable"), word=word)
    if word == "Running" and _condition(status, "Ready").get("status") == "False":
        return replace(explain("NotReady"), word=word)
    codes = [_exit_code(found) for found in status.get("containerStatuses", [])]
    return explain(word, exit_code=next((code for code in codes if code), None), message=status.get("message", ""))


def explain_job(job: dict[str, Any], word: str) -> Explanation:
    """The explanation of a Job's word; of a failure that of its reason."""
    status = job.get("status", {})
    if word in ("Failed", "FailureTarget"):
        reason = _condition(status, word).get("reason", "")
        return replace(explain(reason if reason in _KNOWN else "JobFailed"), word=reason or word)
    return replace(explain("JobRunning" if word == "Running" else word), word=word)


def _condition(status: dict[str, Any], type: str) -> dict[str, Any]:
    return next((c for c in status.get("conditions", ()) if c.get("type") == type), {})


def _exit_code(container_status: dict[str, Any]) -> int | None:
    for part in ("state", "lastState"):
        ended = container_status.get(part, {}).get("terminated")
        if ended:
            return ended.get("exitCode")
    return None
