"""An export from its beginning to its link."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from audit_trail import filters, page
from audit_trail.athena import Athena, FailedError, GoneError
from audit_trail.columns import COLUMNS
from audit_trail.exchange import CSV, HTML, ProblemError, Request, Response, document
from audit_trail.filters import FiltersError, iso
from audit_trail.log import metric
from audit_trail.query import statement
from audit_trail.settings import Settings
from audit_trail.tokens import Export, export, token
from audit_trail.trail import Trail

ADDRESS = "/audit/exports"

# How long an export can be asked for after its beginning. A link lives on for its own time.
EXPORT_SECONDS = 3600

# What is asked again in between would only cost; the longer it takes, the longer it may.
RETRY_SECONDS = (2, 10)

# By then the lines of a request are in the log, unless something is wrong with its shipping.
FILED_SECONDS = 300


class Exports:
    """`aws` makes Athena and the trail, when they are first needed."""

    def __init__(self, settings: Settings, aws: Callable[[], tuple[Athena, Trail]], log: Any) -> None:
        self._settings = settings
        self._aws = aws
        self._log = log

    def offer(self, request: Request) -> Response:
        """What can be asked for."""
        if request.wants(HTML):
            return page.form(time.time())
        wanted = {name: "several" if name in filters.SEVERAL else "one" for name in filters.NAMES}
        offered = {"exports": ADDRESS, "filters": wanted, "most_days": self._settings.most_days, "columns": COLUMNS}
        return document(HTTPStatus.OK, offered)

    def start(self, request: Request, caller: str) -> Response:
        if request.from_elsewhere:
            raise ProblemError(HTTPStatus.FORBIDDEN, "Ask from the page of the audit trail itself.")
        try:
            wanted = filters.read(request.query, self._settings.most_days)
        except FiltersError as error:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, "Something in what was asked for is wrong.", error.problems
            ) from None
        athena, trail = self._aws()
        began = time.time()
        query_id = athena.start(statement(self._settings.source, wanted))
        asked = Export(query_id, wanted.text, int(began))
        try:
            # Who asked is in the trail before he can get anything.
            trail.record(request, caller, ADDRESS, HTTPStatus.ACCEPTED, wanted.text, time.time() - began)
        except Exception:
            athena.stop(query_id)
            raise
        self._log.info("export started", query=query_id, **request.ids, **metric("ExportsStarted"))
        return self._waiting(request, f"{ADDRESS}/{token(asked, caller, self._settings.token_keys)}", 0, 0)

    def show(self, request: Request, caller: str, given: str) -> Response:
        asked = export(given, caller, self._settings.token_keys)
        if asked is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "You have no such export.")
        if time.time() > asked.asked_at + EXPORT_SECONDS:
            raise ProblemError(HTTPStatus.GONE, "This export is no longer kept. Start it again.")
        try:
            return self._show(request, caller, asked)
        except GoneError:
            raise ProblemError(HTTPStatus.GONE, "This export is no longer kept. Start it again.") from None
        except FailedError as error:
            about = {"query": asked.query_id, "reason": error.kind, **request.ids}
            self._log.error("export failed", **about, **metric("ExportsFailed"))
            raise ProblemError(HTTPStatus.BAD_GATEWAY, f"The export failed. {error}") from None

    def _show(self, request: Request, caller: str, asked: Export) -> Response:
        athena, trail = self._aws()
        began = time.time()
        progress = athena.progress(asked.query_id)
        if progress.place is None:
            return self._waiting(request, request.path, progress.seconds, progress.bytes_read)
        counts = athena.counts(progress.place)
        wanted = filters.read(asked.filters, self._settings.most_days)
        period = f"{iso(wanted.from_ms)}_{iso(wanted.to_ms)}".replace(":", "").replace(".000", "")
        url = athena.link(progress.place, f"audit-trail_{period}.csv", self._settings.link_seconds)
        to_file = request.wants(CSV)
        status = HTTPStatus.SEE_OTHER if to_file else HTTPStatus.OK
        path = f"{ADDRESS}/{asked.query_id}"
        trail.record(request, caller, path, status, f"{asked.filters}&rows={counts.rows}", time.time() - began)
        self._log.info("export handed out", query=asked.query_id, rows=counts.rows, **request.ids)
        whole_until = min(wanted.to_ms, (asked.asked_at - FILED_SECONDS) * 1000)
        ready = {
            "status": "ready",
            "filters": asked.filters,
            **asdict(counts),
            "whole_until": iso(max(whole_until, wanted.from_ms)),
            "url": url,
            "url_seconds": self._settings.link_seconds,
        }
        headers = {"location": url} if to_file else {}
        if request.wants(HTML) and not to_file:
            return page.ready(ready)
        return document(status, ready, headers)

    def _waiting(self, request: Request, place: str, seconds: float, bytes_read: int) -> Response:
        retry = max(RETRY_SECONDS[0], min(RETRY_SECONDS[1], round(seconds / 4)))
        headers = {"location": place, "retry-after": str(retry)}
        if request.wants(HTML):
            return page.waiting(place, retry, seconds, bytes_read, headers)
        about = {"status": "running", "export": place, "seconds": round(seconds, 1), "bytes_read": bytes_read}
        return document(HTTPStatus.ACCEPTED, about, headers)
