"""The simulator of HOSP inside a test, in virtual time, in the place of urllib3's pool."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import urllib3
from hosp.api import Api, Call
from hosp.exchange import FAILURES
from hosp.fate import Fates
from hosp.ledger import Ledger
from hosp.store import Store
from virtual_time import VirtualTime


class VirtualHosp:
    """`before` and `after` are told of every request when it is sent and when its answer is there; they may raise."""

    def __init__(self, time: VirtualTime) -> None:
        # Any thread may ask it, for one at a time is running.
        connect = functools.partial(sqlite3.connect, check_same_thread=False)
        with mock.patch("hosp.store.sqlite3.connect", connect):
            self.store = Store(Path(":memory:"))
        self.fates = Fates(time.now)
        self.ledger = Ledger(self.store)
        self.before: Callable[[str], None] = lambda method: None
        self.after: Callable[[str], None] = lambda method: None
        self._api = Api(self.store)
        self._time = time

    def request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, Any], timeout: urllib3.Timeout, **_: Any
    ) -> urllib3.HTTPResponse:
        self.before(method)
        parts = urlsplit(url)
        request_id = headers.get("x-request-id", f"{method} {url} at {self._time.now()}")
        attempt = self.ledger.arrive(request_id, method, parts.path)
        fate = self.fates.next(parts.path, None, attempt)
        self._time.sleep(fate.delay_seconds)
        call = Call(method, parts.path, parts.query, parts.netloc, headers["authorization"].encode(), body or b"")
        done = self._carry_out(call, request_id) if fate.applied else None
        if fate.late_seconds is not None:
            self._time.later(fate.late_seconds, lambda: self._carry_out(call, request_id))
        answer = done if fate.fault is None else FAILURES.get(fate.fault)
        if fate.fault == "stall":
            self._time.sleep(timeout.read_timeout)
        self.after(method)
        if answer is None:
            raise urllib3.exceptions.ProtocolError(fate.fault)
        return urllib3.HTTPResponse(answer.content, dict(answer.headers), answer.status)

    def clear(self) -> None:
        """There are no connections."""

    def _carry_out(self, call: Call, request_id: str) -> Any:
        with self.store.transaction():
            answer = self._api.answer(call)
            if answer.applied:
                self.ledger.land(request_id)
        return answer
