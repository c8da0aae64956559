"""kube-apiserver as a process: HTTPS on BIND:API_PORT and the local socket."""

from __future__ import annotations

import gc
import ipaddress
import json
import logging
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from minikweb import settings
from minikweb.apiserver import bootstrap, credentials, installation, listening
from minikweb.apiserver.app import Application
from minikweb.apiserver.server import utc_now

EVERYWHERE = ("0.0.0.0", "::")


class Command(BaseCommand):
    help = "Serves the Kubernetes API. Makes keys, tables and first objects when they are missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        credentials.install_credentials(settings.DATA_DIR, bind=settings.BIND, port=settings.API_PORT)
        try:
            tcp = [listening.open_tcp(settings.BIND, settings.API_PORT)]
            unix = listening.open_unix(settings.API_SOCKET)
            installation.prepare_database()
        except (listening.CannotListen, installation.NewerData) as error:
            raise CommandError(str(error)) from None
        application = installation.make_application(settings.DATA_DIR)
        self.open_to_pods(application, tcp)
        gc.freeze()
        listening.serve(application, tcp=tcp, unix=unix, pki=settings.DATA_DIR / "pki")

    def open_to_pods(self, application: Application, tcp: list[socket.socket]) -> None:
        """Listens on the pods' bridge, too, where it is a network of this machine and not of a virtual one."""
        gateway = pods_gateway()
        if gateway is None:
            return
        try:
            if settings.BIND not in EVERYWHERE:
                tcp.append(listening.open_tcp(gateway, settings.API_PORT))
        except listening.CannotListen as error:
            logging.getLogger(__name__).info("pods do not reach the API: %s", error)
            return
        bootstrap.answer_at(application.server, utc_now(), gateway, settings.API_PORT)


def pods_gateway() -> str | None:
    """This machine's address on the pods' network, None where pods are simulated."""
    try:
        cluster = json.loads((settings.DATA_DIR / "cluster.json").read_text())
    except (OSError, ValueError):
        return None
    if not cluster.get("docker"):
        return None
    return str(ipaddress.ip_network(cluster["podNetwork"]).network_address + 1)
