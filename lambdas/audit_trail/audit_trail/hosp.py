"""HOSP, asked through the proxies whether it takes somebody's credentials."""

from __future__ import annotations

import ssl
from typing import Any

import urllib3

from audit_trail.exchange import ORIGIN_HEADER, Request
from audit_trail.settings import HospSettings

CONNECT_SECONDS = 3


class Hosp:
    """The proxies' address. Their certificate is held against `ca`, without one against the system's."""

    def __init__(self, settings: HospSettings) -> None:
        tls: dict[str, Any] = {}
        if settings.url.startswith("https"):
            tls["ssl_context"] = ssl.create_default_context(cadata=settings.ca or None)
        self._pool = urllib3.PoolManager(**tls)
        self._url = settings.url + settings.check_path
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=settings.timeout_seconds)
        self._secret = settings.origin_secrets[0]

    def check(self, credentials: str, request: Request) -> int | None:
        """The status of HOSP's answer to them; None where there is none. The proxies try again, so this asks once."""
        headers = {
            "authorization": credentials,
            "x-request-id": request.id,
            "x-forwarded-for": request.client,
            ORIGIN_HEADER: self._secret,
            "connection": "close",
        }
        try:
            return self._pool.request(
                "GET", self._url, headers=headers, retries=False, redirect=False, timeout=self._timeout
            ).status
        except (urllib3.exceptions.HTTPError, OSError):
            return None
        finally:
            # A connection that sleeps with the function may be dead when both awake.
            self._pool.clear()
