"""A server of raw bytes: it notes what arrives, and answers what it is told to."""

from __future__ import annotations

import http.client
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO


@dataclass
class Arrival:
    """One request. Headers come in their order, as they were written."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given.lower() == name]


@dataclass
class ScriptedServer:
    """`answers` are given in turn, the last one for ever; an empty one ends the connection."""

    answers: list[bytes] = field(default_factory=lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"])
    arrivals: list[Arrival] = field(default_factory=list)
    url: str = ""

    def next(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """On a free port of 127.0.0.1, in threads of its own."""
    script = ScriptedServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            first = self.rfile.readline().decode("latin-1").split()
            if not first:
                return
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            headers = http.client.parse_headers(BytesIO(head + b"\r\n")).items()
            length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            script.arrivals.append(Arrival(first[0], first[1], list(headers), self.rfile.read(length)))
            self.wfile.write(script.next())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request, client_address) -> None:
            """A client that leaves, or trusts no such certificate, is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        script.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        yield script
        server.shutdown()
