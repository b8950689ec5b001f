"""What is done to every proxy, and the figures of it: plain dictionaries, ready for JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Arrivals, Users

from .hosts import Host, fast_upstream
from .load import Fast, Hosp, Sent, bursts, counted, fast, plan

Figures = dict[str, Any]
Say = Callable[[str], None]

FAULTS = {"mix": {"500": 0.45, "502": 0.45, "reset": 0.08, "stall": 0.02}, "latency_ms": [5, 20], "stall_seconds": 30}
OUTAGE = {"rate": 0.1, "mix": {"500": 0.5, "502": 0.5}, "latency_ms": [5, 20]}
OUTAGE_AFTER, OUTAGE_SECONDS, OUTAGE_RATE = 3, 5, 1000


def faults(host: Host, hosp: Hosp, rate: float, number: int) -> Figures:
    """100 users, and a share of all tries that fails."""
    hosp.fail(rate=rate, **FAULTS)
    run = counted(host, hosp, plan(number), Users(100))
    safe = [sent for sent in run.sent if sent.safe]
    return {
        "rate": rate,
        "requests": number,
        "safe_requests": len(safe),
        "safe_failed": sum(sent.failed for sent in safe),
        "safe_failed_limit": len(safe) * rate**3,
        "duplicated_writes": run.duplicates(),
        "attempts_per_request": _attempts(run.sent),
        "attempts_per_request_limit": 1 + len(safe) / number * (rate + rate**2),
        "most_attempts": max(sent.attempts for sent in run.sent),
    }


def outage(host: Host, hosp: Hosp) -> Figures:
    """1 000 requests a second at 10 % faults; for 5 s everything fails. What that costs, and what follows."""
    requests = plan(OUTAGE_RATE * (OUTAGE_AFTER + OUTAGE_SECONDS + 6))
    hosp.fail(**OUTAGE, burst={"after_seconds": OUTAGE_AFTER, "seconds": OUTAGE_SECONDS})
    told = time.monotonic()
    run = counted(host, hosp, requests, Arrivals(OUTAGE_RATE))
    begins = told + OUTAGE_AFTER - run.began
    ends = begins + OUTAGE_SECONDS
    # Half the longest latency is allowed for, as a request that arrives at the very end may meet either.
    during = [sent for sent in run.sent if begins <= sent.record.start < ends]
    after = [sent for sent in run.sent if sent.record.start >= ends]
    first, later = after[:200], [sent for sent in after[200:] if sent.safe]
    return {
        "requests_during": len(during),
        "attempts_per_request_during": _attempts(during),
        "safe_failed_of_first_200": sum(sent.failed and sent.safe for sent in first),
        "safe_requests_later": len(later),
        "safe_failed_later_percent": _percent(later),
        "duplicated_writes": run.duplicates(),
    }


def burst(host: Host, hosp: Hosp, seconds: float, number: int) -> Figures:
    """200 requests a second; everything fails for a moment, so many times. Counted is what arrived in that moment."""
    every = 3.0
    with bursts(hosp, seconds, every):
        run = counted(host, hosp, plan(int(200 * every * (number + 0.5))), Arrivals(200))
    inside = [sent for sent in run.sent if sent.safe and sent.first_failed]
    return {
        "seconds": seconds,
        "bursts": number,
        "safe_requests_inside": len(inside),
        "safe_failed_percent": _percent(inside),
        "duplicated_writes": run.duplicates(),
    }


def speed(hosts: Sequence[Host], hosp: Host, floor: Host, rounds: int, say: Say) -> dict[str, Figures]:
    """Throughput, CPU and latency without faults, as medians of what each round shows beside ``floor`` in it."""
    measured: dict[str, list[tuple[Fast, Fast]]] = {host.label: [] for host in hosts}
    with fast_upstream(hosp):
        for host in hosts:
            fast(host, 64, 1)
        for n in range(rounds):
            say(f"round {n + 1} of {rounds}")
            for host in hosts:
                measured[host.label].append((fast(host, 64, 4), fast(host, 1, 2)))
    beside = measured[floor.label]
    return {label: _beside(rows, beside) for label, rows in measured.items()}


def _beside(rows: list[tuple[Fast, Fast]], floor: list[tuple[Fast, Fast]]) -> Figures:
    pairs = list(zip(rows, floor, strict=True))
    return {
        "requests_per_second": median(many.requests_per_second for many, _ in rows),
        "throughput_ratio": median(many.requests_per_second / its.requests_per_second for (many, _), (its, _) in pairs),
        "cpu_microseconds": median(many.cpu_microseconds for many, _ in rows),
        "cpu_ratio": median(many.cpu_microseconds / its.cpu_microseconds for (many, _), (its, _) in pairs),
        "added_p50_milliseconds": median(one.p50_milliseconds - its.p50_milliseconds for (_, one), (_, its) in pairs),
    }


def _attempts(sent: Sequence[Sent]) -> float:
    return sum(one.attempts for one in sent) / len(sent)


def _percent(sent: Sequence[Sent]) -> float:
    return 100 * sum(one.failed for one in sent) / len(sent) if sent else 0.0
