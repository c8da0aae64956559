"""The whole cluster on this machine, until Ctrl-C."""

import argparse
import os
import time
from typing import Any

from django.utils.translation import gettext as _

from minikweb import settings
from minikweb.apiserver.credentials import install_credentials
from minikweb.management import assets, broker, preparation, remote
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand, say
from minikweb.management.up import Up


class Command(UserCommand):
    help = "Start everything, keep it running, stop it on Ctrl-C"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--without-ingress", action="store_true", help="no Ingress controller: leave it out, or remove it"
        )

    def act(self, without_ingress: bool = False, **options: Any) -> None:
        begun = time.monotonic()
        if settings.KUBECONFIG:
            raise Refusal(
                _("MINIKWEB_KUBECONFIG names another cluster: `make run-web` shows it; unset it to run one here.")
            )
        folder = DataFolder(settings.DATA_DIR, settings.RUN_DIR)
        folder.open()
        folder.ensure_cluster()
        choice = preparation.choose_runtime(settings.RUNTIME)
        preparation.check_ports(
            settings.BIND, {"MINIKWEB_HTTP_PORT": settings.HTTP_PORT, "MINIKWEB_API_PORT": settings.API_PORT}
        )
        if not settings.EMBEDDED_BROKER:
            preparation.check_broker(settings.REDIS_URL)
        if _identity_is_new(folder):
            remote.start_over()
        assets.ensure(settings.BASE_DIR, say)
        say(choice.remark)
        if choice.runtime == "docker":
            folder.update_cluster(docker=True)
            preparation.build_images()
        preparation.prepare_network(folder, choice.runtime)
        folder.update_cluster(runtime=choice.runtime)
        install_credentials(folder.path, bind=settings.BIND, port=settings.API_PORT)
        preparation.migrate()
        _decide_runtime(choice.runtime)
        asked = choice.runtime == "docker" and not without_ingress
        port = _ingress_port(folder) if asked else None
        Up(folder, choice.runtime, begun=begun, ingress=not without_ingress, ingress_port=port).run()


def _identity_is_new(folder: DataFolder) -> bool:
    """Makes what the settings read from files, and says whether it differs from what they have read."""
    made = folder.ensure_secret_key()
    if settings.EMBEDDED_BROKER:
        made |= broker.ensure_url(settings.BROKER_URL_FILE)
    return made


def _ingress_port(folder: DataFolder) -> int | None:
    """Where Ingresses will answer, None where that port is taken; says which ports are."""
    wanted = {
        "MINIKWEB_INGRESS_HTTP_PORT": settings.INGRESS_HTTP_PORT,
        "MINIKWEB_INGRESS_HTTPS_PORT": settings.INGRESS_HTTPS_PORT,
    }
    own = (settings.HTTP_PORT, settings.API_PORT)
    taken = preparation.ingress_remarks(wanted, own, preparation.published_ports(folder))
    for remark in taken.values():
        say(remark)
    return None if settings.INGRESS_HTTP_PORT in taken else settings.INGRESS_HTTP_PORT


def _decide_runtime(runtime: str) -> None:
    """From now on no process asks Docker again whether it is there."""
    settings.RUNTIME = runtime
    os.environ["MINIKWEB_RUNTIME"] = runtime
