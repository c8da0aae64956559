"""The controllers' process: the manager, every controller, the scheduler and the operators, in one Celery worker."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from minikweb import settings
from minikweb.celery import bell, installation, run_worker, stop_worker
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.client.kubeconfig import client_for
from minikweb.client.lease import Election
from minikweb.client.workqueue import connect
from minikweb.manager import CONTROLLERS, Manager, build
from minikweb.operators.known import chosen

QUEUE = "controllers"
OWN_TOKENS = ("scheduler", "argocd")  # the others share the controller manager's


class Command(BaseCommand):
    help = "Run the controllers and the scheduler"

    def handle(self, *args: Any, **options: Any) -> None:
        client = client_for("controllers")
        election = Election(client, "kube-controller-manager", stopped=stop_worker)
        election.acquire()
        try:
            code = run(client)
        finally:
            election.stop()
        sys.exit(code)


def run(client: Client) -> int:
    """Works until SIGTERM; returns the exit code."""
    cache = Cache(client)
    clients = {name: client_for(name) for name in OWN_TOKENS}
    classes = (*CONTROLLERS, *chosen(settings.OPERATORS))
    controllers = [build(cls, clients.get(cls.name, client), cache) for cls in classes]
    manager = Manager(controllers, cache, connect(settings.REDIS_URL), bell(QUEUE), prefix=installation())
    return run_worker(manager, [QUEUE], sum(c.workers for c in controllers), name=QUEUE)
