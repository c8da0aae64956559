"""Credentials that a kubeconfig has a command print, as those of clouds do (aws, gke-gcloud-auth-plugin, kubelogin).

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from minikweb.apimachinery import clock, errors
from minikweb.client.connection import Headers

TIMEOUT = 30.0  # seconds a plugin may take; some ask a server
EARLY = timedelta(seconds=10)  # a token is renewed so long before it expires


class ExecPlugin:
    """The bearer header from the `exec` section of a kubeconfig's user; kept until it expires.

    Raises Unauthorized, in one sentence, when the command is missing, fails or prints no token. A plugin that prints a
    client certificate is not supported.
    """

    def __init__(self, section: dict[str, Any], folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._section, self._folder, self._now = section, folder, now
        self._lock = threading.Lock()
        self._headers: Headers = {}
        self._until: datetime | None = None

    def __call__(self) -> Headers:
        with self._lock:
            if not self._headers or (self._until and self._now() >= self._until - EARLY):
                self._renew()
            return self._headers

    def _renew(self) -> None:
        status = self._credential().get("status") or {}
        if not status.get("token"):
            raise errors.Unauthorized(f"the credential plugin {self._command} printed no token")
        self._headers = {"Authorization": f"Bearer {status['token']}"}
        expires = status.get("expirationTimestamp")
        self._until = clock.parse(expires) if expires else None

    @property
    def _command(self) -> str:
        """A path with a folder in it is relative to the kubeconfig, a bare name is looked up in PATH."""
        command = self._section.get("command", "")
        return str(self._folder / command) if os.sep in command else command

    def _credential(self) -> dict[str, Any]:
        printed = self._run()
        try:
            return dict(json.loads(printed))
        except ValueError:
            raise errors.Unauthorized(f"the credential plugin {self._command} printed no ExecCredential") from None

    def _run(self) -> bytes:
        try:
            return subprocess.run(
                [self._command, *(self._section.get("args") or ())],
                env={**os.environ, **self._environment()},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=True,
            ).stdout
        except FileNotFoundError:
            hint = self._section.get("installHint") or "install it, or use a kubeconfig with a token"
            raise errors.Unauthorized(f"the credential plugin {self._command} is not installed: {hint}") from None
        except subprocess.TimeoutExpired:
            raise errors.Unauthorized(f"the credential plugin {self._command} did not end in {TIMEOUT:g} s") from None
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"").decode(errors="replace").strip().splitlines()
            why = said[-1] if said else str(error)
            raise errors.Unauthorized(f"the credential plugin {self._command} failed: {why}") from None

    def _environment(self) -> dict[str, str]:
        version = self._section.get("apiVersion", "client.authentication.k8s.io/v1")
        asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        own = {entry["name"]: entry["value"] for entry in self._section.get("env") or ()}
        return {"KUBERNETES_EXEC_INFO": json.dumps(asked), **own}
