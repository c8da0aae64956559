"""Adds and removes nodes of the running cluster: `up` follows the Node objects."""

import argparse
from typing import Any

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.client.kubeconfig import client_for
from minikweb.management import nodes
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand, say
from minikweb.runtime.docker import installation


class Command(UserCommand):
    help = "Add or remove nodes of the running cluster"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="create a Node; its kubelet starts at once")
        add.add_argument("name", nargs="?", help="node-N by default, the first free N")
        remove = actions.add_parser("remove", help="delete a Node; its pods are replaced on the others")
        remove.add_argument("name")
        kill = actions.add_parser(
            "kill", help="kill the containers of a node that is switched off (done by `up` itself)"
        )
        kill.add_argument("name")
        actions.add_parser("prune", help="remove the containers of nodes that are no more (done by `up` itself)")

    def act(self, action: str, name: str | None = None, **options: Any) -> None:
        folder = DataFolder(settings.DATA_DIR)
        if not folder.exists():
            raise Refusal(_("There is no cluster in %(folder)s: start it with `make run`.") % {"folder": folder.path})
        try:
            getattr(self, action)(folder, name)
        except errors.ApiError as error:
            raise Refusal(error.message) from error

    def add(self, folder: DataFolder, name: str | None) -> None:
        cluster = folder.cluster()
        added = nodes.add_node(client_for("admin"), cluster["podNetwork"], cluster["runtime"], name)
        say(_("Node %(name)s is added.") % {"name": added})

    def remove(self, folder: DataFolder, name: str) -> None:
        client_for("admin").delete("Node", name)
        say(_("Node %(name)s is removed.") % {"name": name})

    def kill(self, folder: DataFolder, name: str) -> None:
        killed = installation.kill_node(folder.cluster()["id"], name)
        say(_("Containers of %(name)s: %(count)d killed.") % {"name": name, "count": killed})

    def prune(self, folder: DataFolder, name: None) -> None:
        client = client_for("admin")

        def names() -> set[str]:
            return {node["metadata"]["name"] for node in client.list("Node")["items"]}

        removed = installation.remove_strays(folder.cluster()["id"], names)
        say(_("Containers of nodes that are no more: %(count)d removed.") % {"count": removed})
