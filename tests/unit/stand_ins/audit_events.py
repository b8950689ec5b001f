"""What the function URL of `audit_trail` is given, and lines as the proxies write them."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

EVENTS = Path(__file__).parents[1] / "lambdas/audit_trail/events"
EVENT = json.loads((EVENTS / "function_url.json").read_text())
IAM_EVENT = json.loads((EVENTS / "function_url_iam.json").read_text())
SECRETS = ["the-secret-that-cloudfront-sends-0001", "the-one-that-it-will-send-next-000002"]
KEYS = ["the-key-that-signs-tokens-from-now-on-1", "the-key-that-signed-them-until-today-02"]
ADDRESS = "/audit/exports"

# 25 November 2026, 00:00 UTC, and the period that is asked for unless a test says otherwise: that day.
DAY_MS = 1_795_564_800_000
DAY = {"from": "2026-11-25", "to": "2026-11-26"}


def event(path: str = "/audit", *, of: dict[str, Any] = EVENT, method: str = "GET", **changes: Any) -> dict[str, Any]:
    """A saved event with another path or method. `headers` are laid over its own, None takes away."""
    changed = copy.deepcopy(of)
    headers = {**changed["headers"], **changes.get("headers", {})}
    changed["headers"] = {name: value for name, value in headers.items() if value is not None}
    changed["requestContext"]["http"]["method"] = method
    query = changes.get("query", {})
    changed["rawQueryString"] = query if isinstance(query, str) else urlencode(query, doseq=True)
    return {**changed, "rawPath": path}


def basic(name: str, password: str | None = None) -> dict[str, str]:
    """The header of a user; in the lab's HOSP the password is the name."""
    return {"authorization": "Basic " + b64encode(f"{name}:{password or name}".encode()).decode()}


def line(number: int = 1, *, at_ms: int = DAY_MS + 1000, **changes: Any) -> str:
    """A proxy's line about one request; None takes a field away."""
    entry = {
        "time": "2026-11-25T00:00:01+00:00",
        "epoch": at_ms / 1000,
        "request_id": f"{number:032x}",
        "client_request_id": "",
        "client": "203.0.113.9",
        "user": "nurse",
        "method": "GET",
        "path": "/patients/7",
        "protocol": "HTTP/1.1",
        "status": 200,
        "class": "safe",
        "upstream_statuses": "200",
        "seconds": 0.125,
        "bytes_received": 120,
        "bytes_sent": 512,
        "agent": "curl/8.14.1",
        "proxy": "proxy1",
        **changes,
    }
    return json.dumps({name: value for name, value in entry.items() if value is not None})
