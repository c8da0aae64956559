"""WebSockets whose subprotocols are Kubernetes' own: `SPDY/3.1+portforward.k8s.io` has a slash, which RFC 6455 forbids.

The names are taken as they come; whoever serves the socket chooses among them.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.datastructures import Headers

HEADER = "Sec-WebSocket-Protocol"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For uvicorn's `ws`; the offered names are in the scope, where uvicorn puts them itself."""

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.conn.process_subprotocol = lambda headers: None  # type: ignore[method-assign]


class Connection(ClientConnection):
    """For the `create_connection` of websockets' client; offer the names in the header."""

    def __init__(self, protocol: ClientProtocol, **named: Any):
        protocol.process_subprotocol = _chosen  # type: ignore[method-assign]
        super().__init__(protocol, **named)


def _chosen(headers: Headers) -> Any:
    return headers.get(HEADER)
