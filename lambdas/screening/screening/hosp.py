"""HOSP, asked through the proxies: they try again what may be tried again, so here a request is sent once."""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import SKIP_HEADER

from screening.exchange import Answer, Request
from screening.settings import Settings

CONNECT_SECONDS = 3


class Hosp:
    """The proxies' address. Their certificate is held against `hosp_ca`, without one against the system's."""

    def __init__(self, settings: Settings) -> None:
        self._address = urlsplit(settings.hosp_url)
        self._timeout_seconds = settings.hosp_timeout_seconds
        self._tls = ssl.create_default_context(cadata=settings.hosp_ca or None)

    def ask(self, request: Request) -> Answer:
        """HOSP's answer, redirects and errors included; where there is none, an error like the proxies' own."""
        headers: dict[str, Any] = {name: _bytes(value) for name, value in request.headers.items()}
        # What the user did not send is not made up.
        for name in ("accept-encoding", "user-agent"):
            headers.setdefault(name, SKIP_HEADER)
        # Each request has a connection of its own: one that sleeps with the function may be dead when both awake. And
        # unlike urllib3's pools it leaves the path as it is.
        connection = self._connection()
        try:
            connection.connect()
            connection.timeout = self._timeout_seconds
            headers["connection"] = "close"
            connection.request(request.method, request.target, request.body or None, headers, decode_content=False)
            answer = connection.getresponse()
            return Answer(answer.status, list(answer.headers.items()), answer.data)
        except (TimeoutError, ReadTimeoutError):
            return _error(HTTPStatus.GATEWAY_TIMEOUT)
        except (HTTPError, HTTPException, OSError):
            return _error(HTTPStatus.BAD_GATEWAY)
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "https":
            return HTTPSConnection(host, port, timeout=CONNECT_SECONDS, ssl_context=self._tls)
        return HTTPConnection(host, port, timeout=CONNECT_SECONDS)


def _bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


def _error(status: HTTPStatus) -> Answer:
    body = json.dumps({"status": status.value, "error": status.phrase}).encode()
    return Answer(status.value, [("content-type", "application/json")], body)
