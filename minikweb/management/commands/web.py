"""The process of the pages: uvicorn with Django and Channels. With MINIKWEB_KUBECONFIG it needs no `up` beside it."""

from typing import Any

import uvicorn
from django.conf import settings

from minikweb.management import remote
from minikweb.management.terminal import UserCommand

DRAIN_SECONDS = 1  # for requests under way when it is asked to stop; sockets of browsers reconnect


class Command(UserCommand):
    help = "Serve the dashboard, the lessons and the quiz"

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KUBECONFIG:
            super().handle(*args, **options)
        self.serve()

    def act(self, **options: Any) -> None:
        self.folder = remote.prepare()  # kept: its lock ends with it

    def serve(self) -> None:
        uvicorn.run(
            "minikweb.asgi:application",
            host=settings.BIND,
            port=settings.HTTP_PORT,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_SECONDS,
            ws="websockets-sansio",
            ws_ping_interval=20,
        )
