# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""One exchange with a target, sent exactly once, over a connection of its own."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .plan import Request

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession

try:
    import aiohttp
    from yarl import URL
except ImportError:
    HAS_AIOHTTP = False
else:
    HAS_AIOHTTP = True


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go.

    ``url`` is scheme, host and port; ``host_header`` the name asked for there (and in the TLS handshake) when it is
    another; ``headers`` go with every request and are secret; ``ca_path`` is a file of certificate authorities.
    """

    name: str
    url: str
    host_header: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_path: str | None = None


class ExchangeError(Exception):
    """There is no whole answer; the text says why.

    ``kind`` is ``unreachable`` (no connection could be made), ``reset`` (it ended before the answer did) or ``broken``
    (the answer is no HTTP).
    """

    def __init__(self, kind: str, reason: object) -> None:
        super().__init__(str(reason))
        self.kind = kind


def basic_authorization(user: str, password: str) -> dict[str, str]:
    """The header of Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def session(target: Target, connect_timeout_seconds: float | None = None) -> ClientSession:
    """A client of ``target`` that is like many users: no connection, cookie or answer is shared between requests.

    It knows no other time limit: the caller holds the watch, as aiohttp rounds long times up.
    """
    tls = ssl.create_default_context(cafile=target.ca_path) if target.ca_path else True
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=target.headers,
        timeout=aiohttp.ClientTimeout(sock_connect=connect_timeout_seconds),
        middlewares=(_send_once,),
    )


async def exchange(session: ClientSession, target: Target, request: Request) -> tuple[int, bytes]:
    """Send one request and read its whole answer: status and body. Redirects are answers.

    Raises ExchangeError.
    """
    headers = {"X-Request-Id": request.id, "X-Request-Seed": str(request.seed)}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if target.host_header:
        headers["Host"] = target.host_header
    try:
        async with session.request(
            request.method,
            URL(target.url.rstrip("/") + request.path, encoded=True),  # byte for byte
            data=request.body,
            headers=headers,
            allow_redirects=False,
            server_hostname=target.host_header,
        ) as response:
            return response.status, await response.read()
    except (aiohttp.ClientOSError, aiohttp.ClientPayloadError) as error:
        raise ExchangeError("reset", error) from error
    except aiohttp.ClientError as error:
        raise ExchangeError("broken", error) from error


async def document(session: ClientSession, target: Target, request: Request) -> Any:
    """The JSON that a request is answered with; None when the answer is none, or no 200.

    Raises ExchangeError.
    """
    status, text = await exchange(session, target, request)
    try:
        return json.loads(text) if status == 200 else None
    except ValueError:
        return None


async def _send_once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from sending a GET or PUT a second time.

    It does so, unasked and even on a new connection, when these two errors reach it
    (https://docs.aiohttp.org/en/stable/client_advanced.html); hidden attempts would make failures look rarer than users
    see them.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError as error:
        raise ExchangeError("unreachable", error.os_error or error) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise ExchangeError("unreachable", "no answer to the attempt to connect") from error
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ExchangeError("reset", error) from error
