"""Writes the cluster, the lessons' progress and the keys into one file; the cluster may run meanwhile."""

import argparse
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.management import archive
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand, say


class Command(UserCommand):
    help = "Write the cluster, the lessons' progress and the keys into one file"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .tar.gz; keep it secret: the cluster's keys are in it")

    def act(self, file: Path, **options: Any) -> None:
        refuse_a_server()
        size = archive.write(DataFolder(settings.DATA_DIR, settings.RUN_DIR), file)
        say(_("Wrote %(file)s (%(size)d kB). It holds the cluster's keys: keep it secret.") % shown(file, size))
        say(_("What pods keep in volumes is in Docker, not in this file."))


def shown(file: Path, size: int) -> dict[str, object]:
    return {"file": file, "size": -(-size // 1000)}


def refuse_a_server() -> None:
    """Raises Refusal where the data is not in files."""
    if settings.DATABASE_URL:
        raise Refusal(_("The data is on the server that DATABASE_URL names: pg_dump and pg_restore keep it."))
