# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What is said before a measurement and below its table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .limits import retried_failures
from .plan import requests
from .settings import Settings
from .table import number


def announcement(wanted: Settings, check_mode: bool) -> str:
    """What is sent where, or would be; with which faults."""
    methods = Counter(request.method for request in requests(wanted.templates, wanted.count, wanted.seed, ""))
    mix = ", ".join(f"{number(count)} {method}" for method, count in methods.most_common())
    names = ", then ".join(target.name for target in wanted.targets)
    would = "Would send" if check_mode else "Sending"
    return (
        f"{would} {number(wanted.count)} requests ({mix}) {names};"
        f" seed {wanted.seed}, {wanted.concurrency} at a time{_faults(wanted)}."
    )


def closing(measured: Sequence[Mapping[str, Any]], wanted: Settings) -> list[str]:
    """How many safe requests failed, beside what chance alone leaves of the faults that were injected."""
    lines = []
    for target in measured:
        failed, sent = retried_failures(target)
        if target["name"] != wanted.baseline and sent:
            lines.append(f"Safe requests that failed {target['name']}: {100 * failed / sent:.2f} %{_limit(wanted)}")
    return lines


def _faults(wanted: Settings) -> str:
    if not wanted.faults:
        return ""
    rate = wanted.faults.get("rate")
    share = "" if rate is None else f" into {100 * rate:g} %"
    return f"; faults injected upstream{share}, and set back at the end or by Ctrl-C"


def _limit(wanted: Settings) -> str:
    """Independent faults of rate p leave p to the power of the tries."""
    rate, tries = wanted.faults.get("rate"), wanted.limits.attempts
    if rate is None or tries is None:
        return ""
    return f" (limit with {tries} tries at {100 * rate:g} % faults: {100 * rate**tries:.2g} %)"
