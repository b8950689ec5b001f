# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What records amount to: rates, percentiles, and with a ledger the attempts behind them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import CLASSES, method_class

from .run import Record, Result

Ledger = Mapping[str, Mapping[str, Any]]


def figures(result: Result, ledger: Ledger | None) -> dict[str, Any]:
    """One target's figures, ready for JSON.

    ``{"name", "seconds", "requests_per_second", "classes": {"safe": share, …}, "all": share, "upstream": … or None}``;
    see ``share`` and ``upstream``. Without a ledger what happened upstream is unknown, which is not 0.
    """
    by_class = {cls: [record for record in result.records if record.cls == cls] for cls in CLASSES}
    return {
        "name": result.target,
        "seconds": round(result.seconds, 2),
        "requests_per_second": round(len(result.records) / result.seconds, 1) if result.seconds else 0.0,
        "classes": {cls: share(records) for cls, records in by_class.items() if records},
        "all": share(result.records),
        "upstream": None if ledger is None else upstream(result.records, ledger),
    }


def share(records: Sequence[Record]) -> dict[str, Any]:
    """Some requests' figures. Latencies are of all of them: a failure counts with the time its user waited for it."""
    latencies = sorted(record.seconds for record in records)
    succeeded = sum(record.succeeded for record in records)
    failed = [record for record in records if record.failed]
    unexpected = [record for record in records if not record.succeeded and not record.failed]
    return {
        "methods": sorted({record.method for record in records}),
        "requests": len(records),
        "succeeded": succeeded,
        "failed": len(failed),
        "unexpected": len(unexpected),
        "success_percent": 100 * succeeded / len(records),
        "failed_percent": 100 * len(failed) / len(records),
        "failures": dict(sorted(Counter(record.error or str(record.status) for record in failed).items())),
        "unexpected_answers": dict(sorted(Counter(str(record.status) for record in unexpected).items())),
        "p50_seconds": percentile(latencies, 50),
        "p99_seconds": percentile(latencies, 99),
    }


def upstream(records: Sequence[Record], ledger: Ledger) -> dict[str, Any]:
    """What the ledger says of these requests.

    ``missing`` are those that succeeded and yet are not in it: with any, the other figures say nothing.
    A PUT or DELETE that took effect twice leaves what it leaves once, so only the other methods count as duplicates.
    """
    attempts = {record.id: ledger[record.id]["attempts"] if record.id in ledger else 0 for record in records}
    twice = [
        record.id
        for record in records
        if method_class(record.method) != "safe" and record.id in ledger and ledger[record.id]["applied"] > 1
    ]
    return {
        "attempts_per_request": sum(attempts.values()) / len(attempts),
        "most_attempts": max(attempts.values()),
        "most_attempts_id": max(attempts, key=lambda identity: attempts[identity]),
        "duplicated_writes": len(twice),
        "duplicated_ids": twice[:10],
        "missing": sum(record.succeeded and record.id not in ledger for record in records),
    }


def prevented(baseline: Mapping[str, Any], target: Mapping[str, Any]) -> int:
    """Failures that users of the baseline saw and users of ``target`` did not."""
    return int(baseline["all"]["failed"] - target["all"]["failed"])


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really measured.

    >>> percentile([1, 2, 3, 4], 50), percentile([1, 2, 3, 4], 99)
    (2, 4)
    """
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
