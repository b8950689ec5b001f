# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""One request to a target before its measurement, so that a wrong address or password is an error and not a figure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from . import client
from .client import Target
from .plan import READ_METHODS, Request

CONNECT_TIMEOUT_SECONDS = 3


class ProbeError(Exception):
    """The target cannot be measured; the text says which, why and what to do."""


def probe(target: Target, plan: Sequence[Request], timeout_seconds: float) -> None:
    """Send the plan's first read, or ``GET /``. Every answer but 401 and 403 will do, a failure of the API included."""
    first = next((request for request in plan if request.method in READ_METHODS), None)
    first = first or Request("", plan[0].seed, "GET", "/", None, "safe")
    status = asyncio.run(_status(target, replace(first, id=f"{plan[0].id}-probe"), timeout_seconds))
    if status in (401, 403):
        raise ProbeError(
            f"{target.name} ({target.url}) answered {status} to {first.method} {first.path}:"
            " check verify_user and verify_password (or verify_headers)."
        )


async def _status(target: Target, request: Request, timeout_seconds: float) -> int:
    """The answer's status; 0 when the request was taken and not answered, which the measurement will count."""
    try:
        async with asyncio.timeout(timeout_seconds), client.session(target, CONNECT_TIMEOUT_SECONDS) as session:
            status, _body = await client.exchange(session, target, request)
            return status
    except TimeoutError:
        return 0
    except client.ExchangeError as error:
        if error.kind != "unreachable":
            return 0
        raise ProbeError(
            f"{target.name} cannot be reached at {target.url} from this machine: {error}."
            " Check that it runs, and its url in verify_targets."
        ) from error
