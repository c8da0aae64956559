"""What a container asks to be done right after its start and before its end.

Source: pkg/kubelet/lifecycle/handlers.go.
"""

from __future__ import annotations

import threading
from typing import Any

from minikweb.kubelet import probes
from minikweb.kubelet.probes import Target
from minikweb.runtime.protocol import CommandTimeout, Runtime, RuntimeFailure

Object = dict[str, Any]

LONGEST = 600.0  # seconds of a postStart hook, so that a worker is not lost for ever


def run(runtime: Runtime, target: Target, hook: Object, seconds: float = LONGEST) -> str:
    """Runs one hook within that time; returns why it failed, or nothing."""
    if "sleep" in hook:
        threading.Event().wait(min(seconds, float(hook["sleep"].get("seconds") or 0)))
        return ""
    if "httpGet" in hook:
        return _get(runtime, target, hook["httpGet"], seconds)
    if "exec" in hook:
        return _command(runtime, target, list(hook["exec"].get("command") or ()), seconds)
    return ""  # tcpSocket, which Kubernetes ignores, too


def _get(runtime: Runtime, target: Target, action: Object, seconds: float) -> str:
    """Any answer will do."""
    try:
        answer = probes.get(runtime, target, action, seconds)
    except ValueError as error:
        return str(error)
    answered = answer.word == "success" or answer.output.startswith("HTTP probe failed with statuscode")
    return "" if answered else answer.output


def _command(runtime: Runtime, target: Target, command: list[str], seconds: float) -> str:
    try:
        code, output = runtime.exec_sync(target.container_id, command, seconds)
    except CommandTimeout:
        return f'command timed out: "{" ".join(command)}" timed out after {seconds:g}s'
    except RuntimeFailure as failure:
        return failure.message
    said = output[: probes.OUTPUT].decode(errors="replace")
    return f"command '{' '.join(command)}' exited with {code}: {said}" if code else ""
