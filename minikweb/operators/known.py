"""The operators there are, and those this installation runs."""

from __future__ import annotations

from minikweb.client.controller import Controller
from minikweb.operators.argocd.controller import ArgoCDController
from minikweb.operators.sealedsecrets.controller import SealedSecretsController

OPERATORS: tuple[type[Controller], ...] = (SealedSecretsController, ArgoCDController)


def chosen(names: str) -> tuple[type[Controller], ...]:
    """Those that MINIKWEB_OPERATORS names, separated by commas; all of them if it is empty."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    return tuple(cls for cls in OPERATORS if not wanted or cls.name in wanted)
