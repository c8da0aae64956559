"""One end of a socket of the pages, without a network: the ASGI application is called directly."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator

from minikweb.asgi import application

HOST = b"127.0.0.1:8000"
SECONDS = 5.0


def headers(origin: str = "http://127.0.0.1:8000", language: str = "en", cookie: str = "") -> list[tuple[bytes, bytes]]:
    found = [(b"host", HOST), (b"origin", origin.encode()), (b"accept-language", language.encode())]
    return found + ([(b"cookie", cookie.encode())] if cookie else [])


class Browser:
    """An open socket; `until` reads messages until one has the key asked for."""

    def __init__(self, url: str, **options: str):
        parts = urlsplit(url)
        scope = {
            "type": "websocket",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": headers(**options),
            "subprotocols": [],
        }
        self._socket = ApplicationCommunicator(application, scope)

    async def opens(self) -> bool:
        """Whether the handshake is accepted."""
        await self._socket.send_input({"type": "websocket.connect"})
        answer = await self._socket.receive_output(SECONDS)
        return answer["type"] == "websocket.accept"

    async def __aenter__(self) -> Browser:
        assert await self.opens()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._socket.wait(SECONDS)

    async def receive(self) -> str:
        message = await self._socket.receive_output(SECONDS)
        assert message["type"] == "websocket.send", message
        return message["text"]

    async def until(self, key: str) -> Any:
        while True:
            message = json.loads(await self.receive())
            if key in message:
                return message[key]

    async def send(self, text: str) -> None:
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(json.dumps(message))
