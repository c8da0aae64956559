"""The kubectl command that a click equals: shown before it is confirmed, made to be copied. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from minikweb.dashboard.reach import SERVICE_NAME
from minikweb.dashboard.rollout import CHANGE_CAUSE


def _command(*words: str, namespace: str = "") -> str:
    line = ["kubectl", *words] + (["-n", namespace] if namespace else [])
    return shlex.join(line)


def scale(namespace: str, kind: str, name: str, replicas: int) -> str:
    return _command("scale", f"{kind.lower()}/{name}", f"--replicas={replicas}", namespace=namespace)


def rollout(verb: str, namespace: str, name: str, *options: str, kind: str = "Deployment") -> str:
    """verb: status, history, undo, restart, pause or resume."""
    return _command("rollout", verb, f"{kind.lower()}/{name}", *options, namespace=namespace)


def set_image(namespace: str, name: str, images: Mapping[str, str], cause: str = "", kind: str = "Deployment") -> str:
    """One line; a second one notes the reason where there is one."""
    pairs = [f"{container}={image}" for container, image in images.items()]
    lines = [_command("set", "image", f"{kind.lower()}/{name}", *pairs, namespace=namespace)]
    if cause:
        noted = (f"{CHANGE_CAUSE}={cause}", "--overwrite")
        lines.append(_command("annotate", f"{kind.lower()}/{name}", *noted, namespace=namespace))
    return "\n".join(lines)


def logs(namespace: str, pod: str, container: str, *, previous: bool = False, tail: str = "", minutes: str = "") -> str:
    which = ["-c", container] if container else ["--all-containers", "--prefix"]
    return _command("logs", pod, *which, *_past(previous, tail, minutes), namespace=namespace)


def logs_of_workload(
    namespace: str, kind: str, name: str, container: str, *, previous: bool = False, tail: str = "", minutes: str = ""
) -> str:
    which = ["-c", container] if container else ["--all-containers"]
    options = ["--all-pods", *which, *_past(previous, tail, minutes)]
    return _command("logs", f"{kind.lower()}/{name}", *options, namespace=namespace)


def logs_of_selection(
    namespace: str, selector: str, container: str, *, previous: bool = False, tail: str = "", minutes: str = ""
) -> str:
    """kubectl reads five logs at once at most, unless told otherwise; and ten lines of each, of a selection."""
    which = ["-c", container] if container else ["--all-containers"]
    options = ["-l", selector, *which, "--prefix", *_past(previous, tail or "-1", minutes), "--max-log-requests=40"]
    return _command("logs", *options, namespace=namespace)


def _past(previous: bool, tail: str, minutes: str) -> list[str]:
    """How much of the past, and whether the present follows."""
    return [
        "--previous" if previous else "-f",
        *([f"--tail={tail}"] if tail else []),
        *([f"--since={minutes}m"] if minutes else []),
    ]


def suspend(namespace: str, kind: str, name: str, suspended: bool) -> str:
    """kubectl has no verb of its own for it."""
    patch = json.dumps({"spec": {"suspend": suspended}}, separators=(",", ":"))
    return _command("patch", f"{kind.lower()}/{name}", "-p", patch, namespace=namespace)


def json_patch(namespace: str, name: str, kind: str, patch: list[dict[str, object]]) -> str:
    text = json.dumps(patch, separators=(",", ":"))
    return _command("patch", f"{kind.lower()}/{name}", "--type=json", "-p", text, namespace=namespace)


def create_job(namespace: str, cron_job: str, job: str) -> str:
    return _command("create", "job", job, f"--from=cronjob/{cron_job}", namespace=namespace)


def exec(namespace: str, pod: str, container: str) -> str:
    return _command("exec", "-it", pod, "-c", container, "-n", namespace, "--", "sh")


def endpoint_slices(namespace: str, service: str) -> str:
    return _command("get", "endpointslices", "-l", f"{SERVICE_NAME}={service}", namespace=namespace)


def port_forward(namespace: str, service: str, port: int) -> str:
    """To a port that needs no rights on the laptop."""
    return _command("port-forward", f"service/{service}", f"{8000 + port % 1000}:{port}", namespace=namespace)


def cordon(node: str, closed: bool) -> str:
    return _command("cordon" if closed else "uncordon", node)


def drain(node: str, *, force: bool = False, empty: bool = False) -> str:
    options = ["--ignore-daemonsets"] + ["--delete-emptydir-data"] * empty + ["--force"] * force
    return _command("drain", node, *options)


def annotate(namespace: str, kind: str, name: str, key: str, value: str | None) -> str:
    """None removes the annotation."""
    return _command(
        "annotate", kind.lower(), name, f"{key}-" if value is None else f"{key}={value}", namespace=namespace
    )


def get(namespace: str, kind: str, name: str = "", *options: str) -> str:
    return _command("get", kind.lower(), *([name] if name else []), *options, namespace=namespace)


def describe(namespace: str, kind: str, name: str) -> str:
    return _command("describe", kind.lower(), name, namespace=namespace)


def delete(namespace: str, kind: str, name: str) -> str:
    return _command("delete", kind.lower(), name, namespace=namespace)


def events(namespace: str, kind: str, name: str) -> str:
    return _command("events", "--for", f"{kind.lower()}/{name}", namespace=namespace)


def activity(namespace: str) -> str:
    """No kind of Kubernetes: a path of Minikweb's own API server."""
    return _command("get", "--raw", f"/activity?namespace={namespace}" if namespace else "/activity")


def apply(verb: str = "apply") -> str:
    """verb: replace for an object that is edited."""
    return f"kubectl {verb} -f manifest.yaml"


def apply_server_side(manager: str) -> str:
    return f"kubectl apply --server-side --field-manager={manager} -f manifest.yaml"
