# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The configuration of the Amazon CloudWatch agent for files that go to CloudWatch Logs. Pure.

Every fault of the input is found in one pass and reported by the path of the option, its value and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

USER = "cwagent"
# What CloudWatch Logs takes for the days that a group keeps its events.
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
TIMEZONES = ("LOCAL", "UTC")
# Ours → the agent's.
_KEYS = {
    "path": "file_path",
    "group": "log_group_name",
    "stream": "log_stream_name",
    "retention_days": "retention_in_days",
    "timestamp_format": "timestamp_format",
    "timezone": "timezone",
}
_REQUIRED = ("path", "group", "stream")
_PATTERNS = {
    "path": (r"/[^*?\[\]{}]*[^/*?\[\]{}]", "the absolute path of one file, without *, ?, [, ], {, }"),
    "group": (r"[.\-_/#A-Za-z0-9]{1,512}", "1 to 512 of the letters, digits, and ./_#-"),
    "stream": (r"[^:*]{1,512}", "1 to 512 characters without : and *"),
}
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_URL = r"https?://[A-Za-z0-9.\-\[\]:]+/?"


class ShippingError(ValueError):
    """One or more faults, one a line."""


def cloudwatch_agent(
    files: Any, region: str, endpoint_url: str = "", flush_seconds: int = 5, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The agent's JSON document. ``names`` are what messages call the inputs. Raises ShippingError."""
    names = {"files": "files", "region": "region", "endpoint_url": "endpoint_url", **(names or {})}
    faults = [
        *_faults_of_files(files, names["files"]),
        *_matches(region, _REGION, names["region"], "the name of a region, such as eu-central-1"),
    ]
    if endpoint_url:
        faults += _matches(endpoint_url, _URL, names["endpoint_url"], "http://HOST:PORT or https://HOST")
    if faults:
        raise ShippingError("\n".join(faults))
    logs: dict[str, Any] = {
        "force_flush_interval": flush_seconds,
        "logs_collected": {"files": {"collect_list": [_entry(file) for file in files]}},
    }
    if endpoint_url:
        logs["endpoint_override"] = endpoint_url
    return {"agent": {"region": region, "run_as_user": USER}, "logs": logs}


def _entry(file: Mapping[str, Any]) -> dict[str, Any]:
    return {_KEYS[key]: value for key, value in file.items() if value is not None}


def _faults_of_files(files: Any, name: str) -> Iterator[str]:
    if not isinstance(files, Sequence) or isinstance(files, str) or not files:
        yield f"{name} is {files!r}: allowed is a list with at least one file."
        return
    for n, file in enumerate(files):
        if not isinstance(file, Mapping):
            yield f"{name}[{n}] is {file!r}: allowed is a mapping with {', '.join(_KEYS)}."
            continue
        yield from _faults_of_file(file, f"{name}[{n}]")
        earlier = [other.get("path") for other in files[:n] if isinstance(other, Mapping)]
        if file.get("path") in earlier:
            yield f"{name}[{n}].path is {file.get('path')!r}, as before: allowed is each file once."


def _faults_of_file(file: Mapping[str, Any], name: str) -> Iterator[str]:
    for key in sorted(file.keys() - _KEYS.keys(), key=str):
        yield f"{name} has {key}: allowed are {', '.join(_KEYS)}."
    for key in _REQUIRED:
        expression, allowed = _PATTERNS[key]
        yield from _matches(file.get(key), expression, f"{name}.{key}", allowed)
    days = file.get("retention_days")
    if days is not None and days not in RETENTION_DAYS:
        yield f"{name}.retention_days is {days!r}: allowed are {', '.join(map(str, RETENTION_DAYS))}."
    wanted = file.get("timestamp_format")
    if wanted is not None and (not isinstance(wanted, str) or "%" not in wanted):
        yield f"{name}.timestamp_format is {wanted!r}: allowed is a format such as %Y-%m-%dT%H:%M:%S."
    if file.get("timezone", "UTC") not in TIMEZONES:
        yield f"{name}.timezone is {file['timezone']!r}: allowed are {', '.join(TIMEZONES)}."


def _matches(value: Any, expression: str, name: str, allowed: str) -> Iterator[str]:
    if not isinstance(value, str) or not re.fullmatch(expression, value):
        yield f"{name} is {value!r}: allowed is {allowed}."
