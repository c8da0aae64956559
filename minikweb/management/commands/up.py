"""The whole cluster on this machine, until Ctrl-C."""

import os
import sys
import time
from typing import Any

from minikweb import settings
from minikweb.apiserver.credentials import install_credentials
from minikweb.management import assets, broker, preparation
from minikweb.management.datafolder import DataFolder
from minikweb.management.terminal import UserCommand, say
from minikweb.management.up import Up


class Command(UserCommand):
    help = "Start everything, keep it running, stop it on Ctrl-C"

    def act(self, **options: Any) -> None:
        begun = time.monotonic()
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
            _start_over()
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
        Up(folder, choice.runtime, begun=begun).run()


def _identity_is_new(folder: DataFolder) -> bool:
    """Makes what the settings read from files, and says whether it differs from what they have read."""
    made = folder.ensure_secret_key()
    if settings.EMBEDDED_BROKER:
        made |= broker.ensure_url(settings.BROKER_URL_FILE)
    return made


def _start_over() -> None:
    """The same command in the same process, with settings that know the new files."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _decide_runtime(runtime: str) -> None:
    """From now on no process asks Docker again whether it is there."""
    settings.RUNTIME = runtime
    os.environ["MINIKWEB_RUNTIME"] = runtime
