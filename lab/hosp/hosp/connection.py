"""The connection under a request: uvicorn's HTTP protocol, which hands its transport to the application."""

import asyncio
import socket
import struct

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "hosp.transport"
"""The key of the `asyncio.Transport` in `scope["extensions"]`."""


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests know their connection, so that it can be broken under them."""

    def on_message_begin(self) -> None:
        """Begin a request's scope."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


def reset(transport: asyncio.Transport) -> None:
    """Close with RST instead of FIN: the client sees "connection reset by peer"."""
    # A lingering time of 0 is a property of the connection itself, so it can be set through a duplicate.
    with socket.fromfd(transport.get_extra_info("socket").fileno(), socket.AF_INET, socket.SOCK_STREAM) as duplicate:
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
