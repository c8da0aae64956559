"""The kubectl command that a click equals: shown before it is confirmed, made to be copied. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

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


def logs(
    namespace: str, pod: str, container: str, *, previous: bool = False, follow: bool = True, tail: str = ""
) -> str:
    options = ["-c", container] + ["-f"] * follow + ["--previous"] * previous + [f"--tail={tail}"] * bool(tail)
    return _command("logs", pod, *options, namespace=namespace)


def suspend(namespace: str, kind: str, name: str, suspended: bool) -> str:
    """kubectl has no verb of its own for it."""
    patch = json.dumps({"spec": {"suspend": suspended}}, separators=(",", ":"))
    return _command("patch", f"{kind.lower()}/{name}", "-p", patch, namespace=namespace)


def create_job(namespace: str, cron_job: str, job: str) -> str:
    return _command("create", "job", job, f"--from=cronjob/{cron_job}", namespace=namespace)


def exec(namespace: str, pod: str, container: str) -> str:
    return _command("exec", "-it", pod, "-c", container, "-n", namespace, "--", "sh")


def cordon(node: str, closed: bool) -> str:
    return _command("cordon" if closed else "uncordon", node)


def get(namespace: str, kind: str, name: str = "", *options: str) -> str:
    return _command("get", kind.lower(), *([name] if name else []), *options, namespace=namespace)


def describe(namespace: str, kind: str, name: str) -> str:
    return _command("describe", kind.lower(), name, namespace=namespace)


def delete(namespace: str, kind: str, name: str) -> str:
    return _command("delete", kind.lower(), name, namespace=namespace)


def events(namespace: str, kind: str, name: str) -> str:
    return _command("events", "--for", f"{kind.lower()}/{name}", namespace=namespace)


def apply(verb: str = "apply") -> str:
    """verb: replace for an object that is edited."""
    return f"kubectl {verb} -f manifest.yaml"


def apply_server_side(manager: str) -> str:
    return f"kubectl apply --server-side --field-manager={manager} -f manifest.yaml"
