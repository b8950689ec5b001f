"""A server for the tests of the measured traffic: it answers, resets, stalls, and keeps a ledger."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Arrival:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FlakyServer:
    """Answers by path: /status/502, /reset, /half, /garbage, /stall, and 200 to everything else.

    Controls on the same port: /faults and /ledger. ``password`` is asked for when set; ``repeats`` is how often the
    ledger claims that a write took effect.
    """

    arrivals: list[Arrival] = field(default_factory=list)
    faults: dict[str, Any] = field(default_factory=lambda: {"rate": 0.0, "seed": 7})
    faults_seen: list[dict[str, Any]] = field(default_factory=list)
    authorization: str | None = None
    repeats: int = 1
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            arrival = await self._read(reader)
            await self._answer(arrival, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Arrival:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        return Arrival(method, path, headers, body)

    async def _answer(self, arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        if arrival.path.startswith(("/faults", "/ledger")):
            return self._control(arrival, writer)
        self.arrivals.append(arrival)
        if self.authorization and arrival.headers.get("authorization") != self.authorization:
            return _write(writer, 401)
        kind = arrival.path.split("/")[1]
        if kind == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return writer.transport.abort()
        if kind == "half":
            return writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123")
        if kind == "garbage":
            return writer.write(b"what?\r\n\r\n")
        if kind == "stall":
            await asyncio.sleep(5)
        return _write(writer, int(arrival.path.split("/")[2]) if kind == "status" else 200)

    def _control(self, arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        if arrival.path == "/faults":
            if arrival.method == "PUT":
                self.faults = json.loads(arrival.body)
                self.faults_seen.append(self.faults)
            return _write(writer, 200, self.faults)
        if arrival.method == "DELETE":
            self.arrivals.clear()
            return _write(writer, 204)
        requests: dict[str, dict[str, int]] = {}
        for arrived in self.arrivals:
            entry = requests.setdefault(arrived.headers["x-request-id"], {"attempts": 0, "applied": 0})
            entry["attempts"] += 1
            entry["applied"] += self.repeats if arrived.method == "POST" else 0
        return _write(writer, 200, {"requests": requests, "totals": {}})


def _write(writer: asyncio.StreamWriter, status: int, document: Any = None) -> None:
    body = b"" if status == 204 else json.dumps(document).encode()
    writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture
def server() -> Iterator[FlakyServer]:
    """A FlakyServer on a free port of 127.0.0.1."""
    with running() as flaky:
        yield flaky


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[FlakyServer]:
    """A FlakyServer in a thread of its own, with ``tls`` by HTTPS."""
    flaky = FlakyServer()
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(flaky.serve, "127.0.0.1", 0, backlog=500, ssl=tls))
    flaky.url = f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield flaky
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    listening.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@dataclass
class Certified:
    """A server whose certificate is for api.example.com, and the file of the authority that signed it (itself)."""

    server: FlakyServer
    ca_path: str


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[Certified]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example.com")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(minutes=5))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem, ca = tmp_path / "server.pem", tmp_path / "ca.pem"
    ca.write_bytes(certificate.public_bytes(encoding))
    pem.write_bytes(secret + ca.read_bytes())
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    with running(tls) as flaky:
        yield Certified(flaky, str(ca))
