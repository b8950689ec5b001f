"""The trail's columns, in the order of the CSV. Names and meanings stay; new ones come at the end."""

from __future__ import annotations

COLUMNS = {
    "time": "When the request ended: UTC, ISO 8601, milliseconds.",
    "kind": "`request`: of a proxy. `export`: somebody asked for the trail, or got it. `unreadable`: a line that is no"
    " entry, with its text in `details`. `end`: the last row, without which the file is not whole.",
    "user": "The user's name, as the client gave it.",
    "user_verified": "`true`: HOSP has taken the user's credentials with this request. `false`: the name is only"
    " claimed. Empty without a name.",
    "client_address": "The client's IP address; where a function hands the request on (screenings, notes, signing in"
    " here), Lambda's. Empty for an `export` where the function is not told.",
    "method": "The HTTP method.",
    "path": "The path as it was sent. No query.",
    "patient_id": "The number after `/patients/` in the path.",
    "outcome": "`success` (2xx, 3xx), `refused` (4xx), `failed` (5xx), `aborted` (the client left) or `unknown`.",
    "status": "The HTTP status that the client got; 499 when it left.",
    "attempts": "How often the request was sent to HOSP.",
    "bytes_sent": "The size of the answer, with its head.",
    "duration_seconds": "From the request's first byte to the answer's last.",
    "request_id": "The id that the proxy gave the request. No client can choose it.",
    "client_request_id": "The id that the client gave it (`X-Request-Id`).",
    "proxy": "Who wrote the line: a proxy, or `audit_trail`.",
    "details": "`export`: what was asked for. `unreadable`: the line. `end`: the counts of rows, of unreadable lines,"
    " and of copies that were left out.",
}

OUTCOMES = ("success", "refused", "failed", "aborted", "unknown")
