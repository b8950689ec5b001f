"""Clients that send a byte now and then hold connections, and nothing else."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from proof import size
from scenario import HOSP, PROXIES

SLOW_CLIENTS = size(test=300, prove=3000)
REQUESTS = size(test=50, prove=300)
ROUNDS = size(test=1, prove=10)


@pytest.fixture(autouse=True)
def open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * SLOW_CLIENTS)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def slow_clients(address: str, number: int) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """So many connections whose requests never end: each gets another byte every two seconds. Yields what awaits their
    answers or ends."""
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def drip() -> None:
        while True:
            for _, writer in streams:
                writer.write(b"x")
            await asyncio.sleep(2)

    while len(streams) < number:
        streams += await asyncio.gather(*(asyncio.open_connection(address, 80) for _ in range(100)))
    for _, writer in streams:
        writer.write(b"GET /patients/1 HTTP/1.1\r\nHost: hosp.test\r\nX-Slow: ")
    dripping = asyncio.create_task(drip())
    try:
        yield [asyncio.create_task(reader.read(1)) for reader, _ in streams]
    finally:
        dripping.cancel()
        for _, writer in streams:
            writer.transport.abort()


async def answer_seconds(address: str) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(address, 80)
    writer.write(b"GET /patients/1 HTTP/1.1\r\nHost: hosp.test\r\n")
    writer.write(b"Authorization: Basic bnVyc2U6bnVyc2U=\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return time.monotonic() - began


async def slowness(address: str) -> float:
    """How much longer answers take than straight from HOSP at the same time: that takes the machine's own load off."""
    straight, through = [], []
    for _ in range(REQUESTS):
        straight.append(await answer_seconds(HOSP))
        through.append(await answer_seconds(address))
    return statistics.median(through) / statistics.median(straight)


def test_they_are_held_and_everybody_else_is_answered_as_without_them(proxy, record_property):
    """In rounds, for the proxy ends a head that takes longer than 15 s."""
    address = PROXIES[proxy.name]

    async def measure() -> tuple[float, list[float], list[int]]:
        without, beside, held = await slowness(address), [], []
        for _ in range(ROUNDS):
            async with slow_clients(address, SLOW_CLIENTS) as ends:
                for _ in range(5):
                    await answer_seconds(address)
                held.append(sum(not end.done() for end in ends))
                beside.append(await slowness(address))
        return without, beside, held

    without, beside, held = asyncio.run(measure())
    assert held == [SLOW_CLIENTS] * ROUNDS
    assert statistics.median(beside) < 3 * without
    record_property(
        "measured",
        f"{ROUNDS} times {SLOW_CLIENTS} slow clients held, {ROUNDS * REQUESTS} requests beside them answered in"
        f" {statistics.median(beside):.1f} times HOSP's own time ({without:.1f} without them)",
    )
