# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""How long after a failed answer an API still writes: real writes, and for each that failed a watch on its list."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import client
from .client import Target
from .plan import InputError, Request
from .run import outcome

if TYPE_CHECKING:
    from aiohttp import ClientSession


@dataclass(frozen=True, slots=True)
class Watch:
    """After a failure the list is read every ``every_seconds`` for ``seconds``. ``template`` has fields in braces."""

    template: str
    seconds: float
    every_seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one write: ``failed`` is None for one that succeeded or was refused, else its status or error.

    ``seen_seconds`` after the failed answer it was in the list, None when it never was; ``seen_at_once`` by the first
    look. ``reads`` of the list succeeded. ``refused`` is a status of 3xx or 4xx, else None.
    """

    id: str
    failed: str | None
    seen_seconds: float | None = None
    seen_at_once: bool = False
    reads: int = 0
    refused: int | None = None


async def measure(
    requests: Sequence[Request], target: Target, concurrency: int, timeout_seconds: float, watch: Watch
) -> list[Outcome]:
    """Send every write once. Watching holds up no other write but the first's, which shows whether writes are taken.

    Raises InputError when they are not.
    """
    turn = asyncio.Semaphore(concurrency)
    async with client.session(target) as session:

        async def one(request: Request) -> Outcome:
            async with turn:
                status, _body, error = await outcome(client.exchange(session, target, request), timeout_seconds)
            if 200 <= status < 500:
                return Outcome(request.id, None, refused=status if status >= 300 else None)
            return await _watched(session, target, request, error or str(status), watch, timeout_seconds)

        first = await one(requests[0])
        if first.refused:
            raise InputError(
                [
                    f"{target.url} answered {first.refused} to POST {requests[0].path}: check late_writes_path and"
                    " late_writes_body, verify_user and verify_password (or verify_headers)."
                ]
            )
        return [first, *await asyncio.gather(*map(one, requests[1:]))]


async def _watched(
    session: ClientSession, target: Target, request: Request, failed: str, watch: Watch, timeout_seconds: float
) -> Outcome:
    ended, reads = time.monotonic(), 0
    wanted = json.loads(request.body or b"{}")
    path = watch.template.format_map(wanted)
    while True:
        records = await _records(
            session, target, Request(f"{request.id}-look", request.seed, "GET", path, None, "safe"), timeout_seconds
        )
        after = time.monotonic() - ended
        if records is not None:
            reads += 1
            if any(_carries(record, wanted) for record in records):
                return Outcome(request.id, failed, after, reads == 1, reads)
        if after > watch.seconds:
            return Outcome(request.id, failed, None, False, reads)
        await asyncio.sleep(watch.every_seconds)


async def _records(
    session: ClientSession, target: Target, request: Request, timeout_seconds: float
) -> list[Any] | None:
    """The list; None when it could not be read."""
    try:
        async with asyncio.timeout(timeout_seconds):
            found = await client.document(session, target, request)
    except (TimeoutError, client.ExchangeError):
        return None
    return found if isinstance(found, list) else None


def _carries(record: Any, wanted: Mapping[str, Any]) -> bool:
    return isinstance(record, Mapping) and all(record.get(name) == value for name, value in wanted.items())


def summary(outcomes: Sequence[Outcome], watch: Watch) -> dict[str, Any]:
    """The figures, ready for JSON. ``latest_seconds`` is None when nothing was written late."""
    failed = [one for one in outcomes if one.failed]
    late = [one.seen_seconds for one in failed if one.seen_seconds is not None and not one.seen_at_once]
    return {
        "sent": len(outcomes),
        "refused": sum(one.refused is not None for one in outcomes),
        "failures": len(failed),
        "written_at_once": sum(one.seen_at_once for one in failed),
        "written_late": len(late),
        "never_seen": sum(one.seen_seconds is None and one.reads > 0 for one in failed),
        "not_read": sum(one.reads == 0 for one in failed),
        "latest_seconds": round(max(late), 2) if late else None,
        "watched_seconds": watch.seconds,
    }


def report(figures: Mapping[str, Any]) -> str:
    """The figures in words."""
    lines = [
        f"{figures['sent']} writes, {figures['failures']} failed. Of those, {figures['written_at_once']} had been"
        f" written all the same, {figures['written_late']} were written later, and {figures['never_seen']} were not"
        f" seen within {figures['watched_seconds']:g} s.",
    ]
    if figures["refused"]:
        lines.append(f"{figures['refused']} were refused (3xx or 4xx), and say nothing.")
    if figures["not_read"]:
        lines.append(f"Of {figures['not_read']} nothing is known: the list could not be read.")
    latest = figures["latest_seconds"]
    if latest is None:
        lines.append("None was written late. That is no proof that none ever is: measure again, at the API's busiest.")
    else:
        lines.append(
            f"The latest was seen {latest:g} s after its failed answer. Choose max_write_seconds well above that, twice"
            f" at least, and measure again at the API's busiest."
        )
    return "\n".join(lines)
