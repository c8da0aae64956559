"""The process of the pages: uvicorn with Django and Channels."""

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

DRAIN_SECONDS = 1  # for requests under way when it is asked to stop; sockets of browsers reconnect


class Command(BaseCommand):
    help = "Serve the dashboard, the lessons and the quiz"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
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
