# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a verification must not find. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .table import number

# Classes whose failures the front retries (see module_utils/retry_policy.py).
RETRIED = ("safe", "always")


@dataclass(frozen=True, slots=True)
class Limits:
    """``attempts`` of one request (None: not checked), ``safe_failures_percent`` (None: not checked)."""

    attempts: int | None
    safe_failures_percent: float | None


def problems(target: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    """One sentence for everything about a target's figures that is beyond the limits."""
    name, seen = target["name"], target["upstream"]
    failed, sent = retried_failures(target)
    most = limits.safe_failures_percent
    if most is not None and sent and 100 * failed / sent > most:
        yield (
            f"{name}: {100 * failed / sent:.2f} % of the safe requests failed ({number(failed)} of {number(sent)});"
            f" verify_max_safe_failures_percent allows {most:g}."
        )
    if unexpected := target["all"]["unexpected"]:
        statuses = ", ".join(
            f"{status}: {number(count)}" for status, count in target["all"]["unexpected_answers"].items()
        )
        yield (
            f"{name}: {number(unexpected)} unexpected answers ({statuses}); allowed are 0."
            " Check verify_requests and what verify_user may do; with 429 also lower verify_concurrency."
        )
    if seen is None:
        return
    if seen["missing"]:
        yield (
            f"{name}: {number(seen['missing'])} requests were answered, but the upstream's ledger does not know them:"
            " verify_controls_url belongs to another upstream, or X-Request-Id is replaced on the way."
        )
    if seen["duplicated_writes"]:
        yield (
            f"{name}: {number(seen['duplicated_writes'])} writes took effect twice; allowed are 0."
            f" X-Request-Id: {', '.join(seen['duplicated_ids'])}."
        )
    if limits.attempts is not None and seen["most_attempts"] > limits.attempts:
        yield (
            f"{name}: one request reached the upstream {seen['most_attempts']} times ({seen['most_attempts_id']});"
            f" the most that fleet_retry_policy or a route allows is {limits.attempts}."
        )


def retried_failures(target: Mapping[str, Any]) -> tuple[int, int]:
    """How many requests of the retried classes failed, and how many there were."""
    shares = [share for cls, share in target["classes"].items() if cls in RETRIED]
    return sum(share["failed"] for share in shares), sum(share["requests"] for share in shares)
