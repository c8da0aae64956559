"""kube-apiserver as a process: HTTPS on BIND:API_PORT and the local socket."""

from __future__ import annotations

import gc
import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from minikweb import settings
from minikweb.apiserver import credentials, installation, listening


class Command(BaseCommand):
    help = "Serves the Kubernetes API. Makes keys, tables and first objects when they are missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        credentials.install_credentials(settings.DATA_DIR, bind=settings.BIND, port=settings.API_PORT)
        try:
            tcp = listening.open_tcp(settings.BIND, settings.API_PORT)
            unix = listening.open_unix(settings.API_SOCKET)
            installation.prepare_database()
        except (listening.CannotListen, installation.NewerData) as error:
            raise CommandError(str(error)) from None
        application = installation.make_application(settings.DATA_DIR)
        gc.freeze()
        listening.serve(application, tcp=tcp, unix=unix, pki=settings.DATA_DIR / "pki")
