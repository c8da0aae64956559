"""Installs and removes the Ingress controller; `up` calls it once the cluster is ready."""

import argparse
import contextlib
import logging
import os
import time
from typing import Any

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.events import Recorder
from minikweb.client.kubeconfig import client_for
from minikweb.management.datafolder import DataFolder, Refusal
from minikweb.management.terminal import UserCommand
from minikweb.network import ingress
from minikweb.runtime.docker import installation
from minikweb.runtime.protocol import RuntimeFailure

log = logging.getLogger(__name__)

AGAIN = 30.0  # seconds to the next try where the wheel or Docker is away
NICE = 10  # nobody waits for the image


class Command(UserCommand):
    help = "Install or remove the Ingress controller (done by `up` itself)"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", choices=("install", "remove"))

    def act(self, action: str, **options: Any) -> None:
        client = client_for("admin").acting_as("ingress")
        try:
            if action == "remove":
                ingress.remove(client)
            else:
                _install(client)
        except errors.ApiError as error:
            raise Refusal(error.message) from error
        DataFolder(settings.DATA_DIR).update_cluster(ingress=action == "install")


def _install(client: Client) -> None:
    """The image first: a Deployment without it would only look broken."""
    os.nice(NICE)
    recorder = Recorder(client, "ingress")
    while True:
        try:
            installation.build_ingress_image(log.info)
            ingress.install(client, settings.INGRESS_HTTP_PORT, settings.INGRESS_HTTPS_PORT)
            return
        except ingress.NotOurs as refusal:
            log.warning("%s", refusal)
            return
        except RuntimeFailure as failure:
            why = f"The Ingress controller cannot be installed yet: {failure.message}"
            log.warning("%s", why)
            with contextlib.suppress(errors.ApiError):
                recorder.event(client.get("Namespace", ingress.NAMESPACE), "Warning", "IngressNotInstalled", why)
            recorder.flush(AGAIN)
        time.sleep(AGAIN)
