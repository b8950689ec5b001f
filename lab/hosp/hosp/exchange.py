"""One request from its arrival to its answer, or to its failure: the ASGI application of HOSP's port."""

import asyncio
import json
import logging
from contextlib import suppress
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hosp.api import Answer, Api, Call, problem
from hosp.connection import TRANSPORT, reset
from hosp.fate import Fate, Fates
from hosp.ledger import Ledger
from hosp.store import Store

LARGEST_BODY = 20 * 1024 * 1024

# Not worth a line in the log; everything else in a request's head is, as HOSP ignores it.
KNOWN_HEADERS = frozenset(
    b"accept accept-charset accept-encoding accept-language authorization cache-control connection content-length"
    b" content-type cookie dnt expect forwarded host if-modified-since if-none-match keep-alive origin pragma priority"
    b" referer te trailer transfer-encoding upgrade upgrade-insecure-requests user-agent via x-forwarded-for"
    b" x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-request-seed".split()
)

ELB_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
FAILURES = {"500": problem(500), "502": Answer(502, ELB_PAGE, {"content-type": "text/html", "server": "awselb/2.0"})}

log = logging.getLogger("hosp")


class Exchange:
    """HOSP's API as it fails."""

    def __init__(self, store: Store, ledger: Ledger, fates: Fates) -> None:
        self._api = Api(store, lambda: fates.faults.page_size)
        self._store = store
        self._ledger = ledger
        self._fates = fates
        self._landing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the attempt, take its whole body, wait, carry it out or not, answer or not."""
        headers = dict(scope["headers"])
        # A request without an id is one that nobody can repeat: it gets an id of its own.
        request_id = headers.get(b"x-request-id", b"").decode("latin-1") or f"unnamed-{uuid4()}"
        attempt = self._ledger.arrive(request_id, scope["method"], scope["raw_path"].decode("latin-1"))
        fate = self._fates.next(scope["path"], headers.get(b"x-request-seed"), attempt)
        _log_unknown(scope, request_id)
        try:
            body = await _body(Request(scope, receive))
        except ClientDisconnect:
            return
        if fate.delay_seconds:
            await asyncio.sleep(fate.delay_seconds)
        call = Call(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            host=headers.get(b"host", b"hosp").decode("latin-1"),
            authorization=headers.get(b"authorization", b""),
            body=body,
        )
        # A client that has gone does not stop HOSP: the write takes effect, only its answer reaches nobody.
        gone = scope["extensions"][TRANSPORT].is_closing()
        answer = self._carry_out(call, fate, request_id, attempt, gone)
        if fate.late_seconds is not None:
            landing = asyncio.create_task(self._land(call, fate.late_seconds, request_id))
            # The loop itself would forget a task that nobody holds.
            self._landing.add(landing)
            landing.add_done_callback(self._landing.discard)
        if answer is None:
            await self._fail(fate, scope, receive)
        else:
            await Response(answer.content, answer.status, {"server": "nginx", **answer.headers})(scope, receive, send)

    def _carry_out(self, call: Call, fate: Fate, request_id: str, attempt: int, gone: bool) -> Answer | None:
        """The write and its ledger in one transaction; returns what goes to the client, None for nothing."""
        with self._store.transaction():
            done = self._api.answer(call) if fate.applied else None
            answer = done if fate.fault is None else FAILURES.get(fate.fault)
            status = 0 if answer is None or gone else answer.status
            self._ledger.settle(request_id, attempt, status, applied=done is not None and done.applied)
        return answer

    async def _land(self, call: Call, seconds: float, request_id: str) -> None:
        """A write whose failure came first."""
        await asyncio.sleep(seconds)
        with self._store.transaction():
            if self._api.answer(call).applied:
                self._ledger.land(request_id)

    async def _fail(self, fate: Fate, scope: Scope, receive: Receive) -> None:
        transport = scope["extensions"][TRANSPORT]
        if fate.fault == "reset":
            reset(transport)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._fates.faults.stall_seconds):
                    await _disconnected(receive)
            transport.close()
        # The server takes a return without an answer for a crash, unless the connection is gone.
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes | None:
    """The whole body; None when it is larger than HOSP takes. Raises ClientDisconnect when it breaks off."""
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_BODY:
            return None
    return b"".join(chunks)


def _log_unknown(scope: Scope, request_id: str) -> None:
    unknown = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"] if n not in KNOWN_HEADERS}
    if unknown:
        line = {"request_id": request_id, "method": scope["method"], "path": scope["path"], "ignored_headers": unknown}
        log.info("%s", json.dumps(line))
