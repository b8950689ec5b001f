"""A server for the tests of the measured traffic: it answers, resets, stalls, and keeps a ledger."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest


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
    """A FlakyServer on a free port of 127.0.0.1, in a thread of its own."""
    flaky = FlakyServer()
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(flaky.serve, "127.0.0.1", 0, backlog=500))
    flaky.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
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
