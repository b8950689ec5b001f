# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Screening results that are no notes yet: what they are, and how one is put together from lines of a log. Pure.

The messages are those that ``lambdas/screening`` sends; ``docs/screening.md`` says where they may lie.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What any SQS queue takes. A larger message says where it is.
LARGEST_MESSAGE = 256 * 1024
LOGGED = "result kept in this log alone"


@dataclass(frozen=True)
class Undelivered:
    """A message and where it was found. ``since`` is in seconds since 1970; ``handle`` finds it there again."""

    place: str
    reason: str
    since: float
    text: str
    handle: str = ""

    @property
    def reference(self) -> str:
        return str(self._said("reference", ""))

    def shown(self, now: float, patients: bool) -> dict[str, Any]:
        about: dict[str, Any] = {
            "place": self.place,
            "reason": self.reason,
            "age_seconds": max(0, int(now - self.since)),
            "reference": self.reference,
        }
        return {**about, "patient_id": self._said("patient_id", None)} if patients else about

    def _said(self, name: str, otherwise: Any) -> Any:
        try:
            document = json.loads(self.text)
        except (ValueError, RecursionError):
            return otherwise
        return document.get(name, otherwise) if isinstance(document, dict) else otherwise


def counts(found: Iterable[Undelivered], now: float) -> list[dict[str, Any]]:
    """How many lie where and why, and for how long the oldest."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in found:
        groups[one.place, one.reason].append(one.since)
    return [
        {"place": place, "reason": reason, "count": len(times), "oldest_seconds": max(0, int(now - min(times)))}
        for (place, reason), times in sorted(groups.items())
    ]


def logged(events: Iterable[Mapping[str, Any]]) -> Iterator[Undelivered]:
    """The messages in a log's events (``timestamp`` in ms, ``message``) whose parts are all there."""
    parts: dict[str, dict[int, str]] = defaultdict(dict)
    whole: dict[str, tuple[int, float]] = {}
    for event in events:
        try:
            line = json.loads(event["message"])
            if line["message"] == LOGGED:
                parts[line["reference"]][line["part"]] = line["kept"]
                whole[line["reference"]] = line["parts"], event["timestamp"] / 1000
        except (ValueError, KeyError, TypeError):
            continue
    for reference, (number, since) in whole.items():
        found = [parts[reference][part] for part in sorted(parts[reference])]
        if len(found) == number:
            text = zlib.decompress(b64decode("".join(found))).decode()
            yield Undelivered("log", "neither queue nor bucket took it", since, text)
