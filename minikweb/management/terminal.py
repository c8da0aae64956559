"""How the commands that people type speak: short lines, in the terminal's language, and no traceback for a refusal."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

from minikweb.management import messages
from minikweb.management.datafolder import Refusal


def say(text: str) -> None:
    """One line for the user, seen at once even through a pipe. A terminal that was closed is no reason to fail."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


class UserCommand(BaseCommand):
    """A command for people: `act` does it. A Refusal is printed as its sentence and ends with code 1."""

    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            messages.ensure(settings.BASE_DIR)
            with translation.override(settings.TERMINAL_LANGUAGE):
                self.act(**options)
        except Refusal as refusal:
            print(f"minikweb: {refusal}", file=sys.stderr, flush=True)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)

    def act(self, **options: Any) -> None:
        raise NotImplementedError
