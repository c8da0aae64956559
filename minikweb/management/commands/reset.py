"""Removes all that this installation has made, and nothing else."""

import argparse
import sys
from typing import Any

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand, say
from minikweb.runtime.docker import installation
from minikweb.runtime.protocol import RuntimeFailure


class Command(UserCommand):
    help = "Remove this installation's containers, networks, volumes and data"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def act(self, yes: bool = False, **options: Any) -> None:
        folder = DataFolder(settings.DATA_DIR, settings.RUN_DIR)
        if not folder.path.exists() or not any(folder.path.iterdir()):
            say(_("There is nothing in %(folder)s.") % {"folder": folder.path})
            return
        if not folder.is_ours():
            raise Refusal(_("%(folder)s is no data folder of Minikweb: nothing is removed.") % {"folder": folder.path})
        folder.lock()
        try:
            if not yes and sys.stdin.isatty() and not _agreed(folder):
                raise Refusal(_("Nothing is removed."))
            _remove_containers(folder)
            folder.remove()
        finally:
            folder.close()
        say(_("Removed %(folder)s.") % {"folder": folder.path})


def _agreed(folder: DataFolder) -> bool:
    question = _("Remove this cluster, its containers and all data in %(folder)s? [y/N] ") % {"folder": folder.path}
    return input(question).strip().lower() in ("y", "yes", "o", "oui")


def _remove_containers(folder: DataFolder) -> None:
    try:
        cluster = folder.cluster()
    except Refusal:
        say(_("cluster.json is lost, and the cluster's id with it: containers labelled minikweb.cluster may be left."))
        return
    if not cluster["docker"]:
        return
    try:
        removed = installation.reset(cluster["id"])
    except RuntimeFailure as failure:
        raise Refusal(failure.message) from failure
    say(_("Removed %(containers)d containers, %(volumes)d volumes, %(networks)d networks.") % removed)
