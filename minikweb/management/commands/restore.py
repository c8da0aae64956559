"""Makes the data folder from a backup; the next start brings the objects back, and the kubelets their pods."""

import argparse
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.management import archive
from minikweb.management.commands.backup import refuse_a_server
from minikweb.management.datafolder import DataFolder
from minikweb.management.terminal import UserCommand, say


class Command(UserCommand):
    help = "Make the data folder from a file that `backup` wrote"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")

    def act(self, file: Path, **options: Any) -> None:
        refuse_a_server()
        archive.read(file, DataFolder(settings.DATA_DIR, settings.RUN_DIR))
        say(_("Restored into %(folder)s: `make run` starts it.") % {"folder": settings.DATA_DIR})
