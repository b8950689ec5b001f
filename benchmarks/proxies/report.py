"""The figures as a page: what was measured, where and with which versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def page(results: dict[str, Any]) -> str:
    """Markdown, from the results as they are kept in JSON."""
    machine, versions = results["machine"], results["versions"]
    parts = [
        f"{results['date']}, {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, Debian 13 in"
        " containers. Every proxy has one core.",
    ]
    if results["faults"]:
        rows = [
            [
                label,
                f"{100 * run['rate']:g} %",
                f"{run['requests']:,}",
                f"{run['safe_failed']} ({100 * run['safe_failed'] / run['safe_requests']:.3f} %)",
                f"{run['safe_failed_limit']:.0f}",
                run["duplicated_writes"],
                f"{run['attempts_per_request']:.3f}",
                f"{run['attempts_per_request_limit']:.3f}",
                run["most_attempts"],
            ]
            for label, runs in results["faults"].items()
            for run in runs
        ]
        head = ["", "faults", "requests", "safe ones failed", "p³", "written twice", "attempts a request"]
        parts.append(_table([*head, "1 + f(p + p²)", "most"], rows))
    if results["outage"]:
        rows = [
            [
                label,
                f"{run['attempts_per_request_during']:.3f}",
                run["safe_failed_of_first_200"],
                f"{run['safe_failed_later_percent']:.2f} %",
            ]
            for label, run in results["outage"].items()
        ]
        head = ["", "attempts a request in an outage", "failed of the first 200 after it", "failed later"]
        parts.append(_table(head, rows))
    if results["bursts"]:
        lengths = [run["seconds"] for run in next(iter(results["bursts"].values()))]
        rows = [
            [label, *(f"{run['safe_failed_percent']:.0f} % of {run['safe_requests_inside']}" for run in runs)]
            for label, runs in results["bursts"].items()
        ]
        parts.append(_table(["failed of what arrived in a burst of", *(f"{1000 * s:.0f} ms" for s in lengths)], rows))
    if results["speed"]:
        rows = [
            [
                label,
                f"{run['requests_per_second']:,.0f}",
                f"{run['throughput_ratio']:.2f}",
                f"{run['cpu_microseconds']:.0f} µs",
                f"{run['cpu_ratio']:.2f}",
                f"{run['added_p50_milliseconds']:+.3f} ms",
            ]
            for label, run in results["speed"].items()
        ]
        head = ["without faults", "requests a second", "to NGINX", "CPU a request", "to NGINX", "added p50"]
        parts.append(_table(head, rows))
    parts.append("\n".join(f"- {label}: {version}" for label, version in versions.items()))
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
