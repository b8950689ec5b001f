"""CloudWatch Logs as a server on 127.0.0.1: it keeps events, and holds every request against the API's limits.

Source: the API reference of PutLogEvents.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DAY_MS = 24 * 3600 * 1000


class StrictLogs:
    """``events`` has what was accepted, by group and stream; ``faults`` what no request may have.

    ``fails`` has the errors of the next requests; one that is named ``accepted`` is sent after the events were kept.
    """

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.retention: dict[str, int] = {}
        self.groups: set[str] = set()
        self.batches: list[int] = []
        self.faults: list[str] = []
        self.fails: list[str] = []
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer, at the same port as before."""
        logs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8", "strict"))
                status, answer = logs.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Be away: nobody listens at the port."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def messages(self, group: str, stream: str) -> list[str]:
        return [event["message"] for event in self.events.get((group, stream), [])]

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        failure = self.fails.pop(0) if self.fails and operation == "PutLogEvents" else ""
        if failure and failure != "accepted":
            return (503 if failure == "ServiceUnavailableException" else 400), {"__type": failure, "message": "no"}
        status, answer = getattr(self, f"_{operation}")(**request)
        return (500, {"__type": "InternalFailure"}) if failure else (status, answer)

    def _PutLogEvents(self, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> Any:
        kept = self.events.get((logGroupName, logStreamName))
        if kept is None:
            return 400, {"__type": "ResourceNotFoundException", "message": "The specified log stream does not exist."}
        times = [event["timestamp"] for event in logEvents]
        sizes = [len(event["message"].encode()) for event in logEvents]
        checks = {
            "no events": len(logEvents) >= 1,
            "too many events": len(logEvents) <= 10_000,
            "too large": sum(sizes) + 26 * len(sizes) <= 1_048_576,
            "an event too large": max(sizes, default=0) <= 1_048_576 - 26,
            "an empty event": min(sizes, default=1) > 0,
            "not by time": times == sorted(times),
            "more than a day": max(times, default=0) - min(times, default=0) < DAY_MS,
        }
        faults = [words for words, is_right in checks.items() if not is_right]
        self.faults += faults
        if faults:
            return 400, {"__type": "InvalidParameterException", "message": ", ".join(faults)}
        self.batches.append(len(logEvents))
        kept += logEvents
        return 200, {}

    def _CreateLogGroup(self, logGroupName: str) -> Any:
        if logGroupName in self.groups:
            return 400, {"__type": "ResourceAlreadyExistsException", "message": "there"}
        self.groups.add(logGroupName)
        return 200, {}

    def _CreateLogStream(self, logGroupName: str, logStreamName: str) -> Any:
        if logGroupName not in self.groups:
            return 400, {"__type": "ResourceNotFoundException", "message": "no group"}
        self.events.setdefault((logGroupName, logStreamName), [])
        return 200, {}

    def _DescribeLogGroups(self, logGroupNamePrefix: str) -> Any:
        found = sorted(group for group in self.groups if group.startswith(logGroupNamePrefix))
        return 200, {
            "logGroups": [
                {
                    "logGroupName": group,
                    **({"retentionInDays": self.retention[group]} if group in self.retention else {}),
                }
                for group in found
            ]
        }

    def _PutRetentionPolicy(self, logGroupName: str, retentionInDays: int) -> Any:
        self.retention[logGroupName] = retentionInDays
        return 200, {}
