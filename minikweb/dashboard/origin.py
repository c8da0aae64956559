"""Who may open a socket: pages of this very server, port included.

Channels' AllowedHostsOriginValidator compares host names only, and applications published from the cluster share
ours (localhost:8080 is somebody's demo).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier

Application = Callable[[Any, Any, Any], Awaitable[None]]


class SameOrigin:
    """Refuses the handshake unless its Origin is the Host it came to."""

    def __init__(self, application: Application):
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if same_origin(dict(scope["headers"])):
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def same_origin(headers: dict[bytes, bytes]) -> bool:
    """Whether Origin and Host name the same place; browsers always send both."""
    origin, host = headers.get(b"origin", b"").decode("latin1"), headers.get(b"host", b"").decode("latin1")
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
