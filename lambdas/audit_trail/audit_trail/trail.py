"""The function's own entries in the trail: who asked for what of it. They go where the proxies' lines go."""

from __future__ import annotations

import json
import time
from typing import Any

from audit_trail.exchange import Request
from audit_trail.filters import iso

STREAM = "audit_trail"


class NotRecordedError(Exception):
    """The entry is not in the log."""


class Trail:
    def __init__(self, logs: Any, group: str) -> None:
        self._logs = logs
        self._group = group

    def record(self, request: Request, caller: str, path: str, status: int, details: str, seconds: float) -> None:
        """Raises NotRecordedError, BotoCoreError and ClientError: then nobody gets anything."""
        now_ms = round(time.time() * 1000)
        entry = {
            "time": iso(now_ms),
            "epoch": now_ms / 1000,
            "kind": "export",
            "request_id": request.id,
            "client_request_id": request.ids["client_request_id"],
            "client": request.client,
            "user": caller,
            "method": request.method,
            "path": path,
            "status": status,
            "seconds": round(seconds, 3),
            "proxy": STREAM,
            "details": details,
        }
        event = {"timestamp": now_ms, "message": json.dumps(entry)}
        try:
            answer = self._put(event)
        except self._logs.exceptions.ResourceNotFoundException:
            self._create_stream()
            answer = self._put(event)
        if "rejectedLogEventsInfo" in answer:
            raise NotRecordedError

    def _put(self, event: dict[str, Any]) -> dict[str, Any]:
        where = {"logGroupName": self._group, "logStreamName": STREAM}
        answer: dict[str, Any] = self._logs.put_log_events(**where, logEvents=[event])
        return answer

    def _create_stream(self) -> None:
        """Another function may have been faster."""
        try:
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=STREAM)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return
