# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Many requests at one target: at what pace, and a record of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from . import client
from .client import Target
from .plan import Request

Send = Callable[[Request, float], Coroutine[None, None, None]]
Progress = Callable[["Result"], None]
# Gets a request, with the status and the body of its answer.
Answered = Callable[[Request, int, bytes], None]


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one request.

    ``status`` is 0 when there was no whole answer, and ``error`` then says why: ``timeout`` or a kind of ExchangeError.
    ``start`` counts from the run's begin. Both times in seconds.
    """

    id: str
    method: str
    cls: str
    status: int
    error: str | None
    start: float
    seconds: float

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 400

    @property
    def failed(self) -> bool:
        """No answer, or one that blames the server. A 4xx is neither failure nor success, but unexpected."""
        return self.status == 0 or self.status >= 500


@dataclass(slots=True)
class Result:
    """A run: its records in the order in which they ended, ``began`` by the wall clock (epoch), its length so far.

    ``sent`` of the ``planned`` requests are on their way or done.
    """

    target: str
    planned: int
    sent: int = 0
    began: float = field(default_factory=time.time)
    seconds: float = 0.0
    records: list[Record] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return sum(record.failed for record in self.records)


class Pace(Protocol):
    """When each request is sent: ``send(request, due)``, ``due`` by the monotonic clock."""

    async def play(self, requests: Sequence[Request], send: Send) -> None: ...


@dataclass(frozen=True, slots=True)
class Users:
    """A closed loop: so many users at a time, each sending the next request once the last is answered."""

    concurrency: int

    async def play(self, requests: Sequence[Request], send: Send) -> None:
        queue = iter(requests)

        async def user() -> None:
            for request in queue:
                await send(request, time.monotonic())

        async with asyncio.TaskGroup() as group:
            for _number in range(min(self.concurrency, len(requests))):
                group.create_task(user())


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An open loop: requests arrive at a constant rate, fixed in advance, however slow the answers are.

    Times count from the intended arrival, so that a stalled target cannot hide how long its users waited.
    """

    per_second: float

    async def play(self, requests: Sequence[Request], send: Send) -> None:
        first = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for n, request in enumerate(requests):
                due = first + n / self.per_second
                await asyncio.sleep(due - time.monotonic())
                group.create_task(send(request, due))


def run(
    requests: Sequence[Request],
    target: Target,
    pace: Pace,
    timeout_seconds: float,
    progress: Progress | None = None,
    progress_seconds: float = 2.0,
    answered: Answered | None = None,
) -> Result:
    """Send every request once and wait for all of them; ``progress`` is told every ``progress_seconds`` what is new,
    ``answered`` of every whole answer."""
    return asyncio.run(drive(requests, target, pace, timeout_seconds, progress, progress_seconds, answered))


async def drive(
    requests: Sequence[Request],
    target: Target,
    pace: Pace,
    timeout_seconds: float,
    progress: Progress | None = None,
    progress_seconds: float = 2.0,
    answered: Answered | None = None,
) -> Result:
    """As ``run``, inside an event loop that is already there."""
    result = Result(target.name, len(requests))
    first = time.monotonic()

    async with client.session(target) as session:

        async def send(request: Request, due: float) -> None:
            result.sent += 1
            status, body, error = await outcome(client.exchange(session, target, request), timeout_seconds)
            took = time.monotonic() - due
            result.records.append(Record(request.id, request.method, request.cls, status, error, due - first, took))
            if answered and not error:
                answered(request, status, body)

        async def tell() -> None:
            told = -1
            while progress:
                await asyncio.sleep(progress_seconds)
                result.seconds = time.monotonic() - first
                if len(result.records) != told:
                    progress(result)
                told = len(result.records)

        telling = asyncio.create_task(tell())
        try:
            await pace.play(requests, send)
        finally:
            telling.cancel()
    result.seconds = time.monotonic() - first
    return result


async def outcome(answer: Awaitable[tuple[int, bytes]], timeout_seconds: float) -> tuple[int, bytes, str | None]:
    """An exchange's status, body, and error as in a record."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return *await answer, None
    except TimeoutError:
        return 0, b"", "timeout"
    except client.ExchangeError as error:
        return 0, b"", error.kind
