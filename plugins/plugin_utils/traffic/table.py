# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Figures as text for a plain terminal of 100 columns. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import Any

from .figures import prevented
from .run import Result

Figures = Mapping[str, Any]

UNKNOWN = "–"  # noqa: RUF001 - a dash, which nobody takes for a figure
_LABEL, _REQUESTS = 21, 9
_SUCCESS, _FAILED, _LATENCY = 8, 7, 8
_GAP = "   "
_GROUP = _SUCCESS + _FAILED + 2 * _LATENCY


def table(targets: Sequence[Figures], baseline: str | None, notes: Sequence[str] = ()) -> str:
    """The targets side by side, two at a time; ``baseline`` names the one that the others are compared with."""
    blocks = [_block(pair, targets, baseline) for pair in batched(targets, 2)]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])


def progress(result: Result, name_width: int) -> str:
    """Where a run is: ``straight at HOSP  1 500 of 4 000  (480/s)  63 failed``."""
    done = len(result.records)
    waiting = result.planned - done if result.sent == result.planned else 0
    rate = done / result.seconds if result.seconds else 0
    width = len(number(result.planned))
    return (
        f"{result.target:<{name_width}}  {number(done):>{width}} of {number(result.planned)}  ({rate:.0f}/s)"
        f"  {number(result.failures)} failed" + (f", waiting for the last {waiting}" if waiting else "")
    )


def number(value: int) -> str:
    """
    >>> number(1234567)
    '1 234 567'
    """
    return f"{value:,}".replace(",", " ")


def percent(value: float) -> str:
    """Cut, not rounded: 100 % is said only of all.

    >>> percent(99.999), percent(100.0)
    ('99.99 %', '100.00 %')
    """
    return f"{math.floor(value * 100 + 1e-9) / 100:.2f} %"


def duration(seconds: float) -> str:
    """Three digits at least, in the unit that suits.

    >>> duration(0.0123), duration(0.9994), duration(2.345), duration(10.002)
    ('12 ms', '999 ms', '2.35 s', '10.0 s')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"


def _block(pair: Sequence[Figures], targets: Sequence[Figures], baseline: str | None) -> str:
    compared = next((target for target in targets if target["name"] == baseline), None)
    lines = [
        " " * (_LABEL + _REQUESTS) + "".join(_GAP + _heading(target["name"]) for target in pair),
        f"{'class':<{_LABEL}}{'requests':>{_REQUESTS}}"
        + (_GAP + _cells("success", "failed", "p50", "p99")) * len(pair),
        *(_row(_class_label(cls, pair[0]), [target["classes"][cls] for target in pair]) for cls in pair[0]["classes"]),
        _row("all", [target["all"] for target in pair]),
        "",
        _line("unexpected answers (4xx)", pair, lambda target: number(target["all"]["unexpected"])),
        _line("attempts per request", pair, _from_upstream(lambda seen: f"{seen['attempts_per_request']:.2f}")),
        _line("most attempts of one request", pair, _from_upstream(lambda seen: number(seen["most_attempts"]))),
        _line("writes that took effect twice", pair, _from_upstream(lambda seen: number(seen["duplicated_writes"]))),
    ]
    if compared:
        lines.append(_line("failures prevented", pair, lambda target: _prevented(compared, target)))
    return "\n".join(line.rstrip() for line in lines)


def _heading(name: str) -> str:
    """A target's name, centred in a rule as wide as its columns."""
    return f" {name[: _GROUP - 4]} ".center(_GROUP, "─")


def _class_label(cls: str, target: Figures) -> str:
    label = " ".join([cls, *target["classes"][cls]["methods"]])
    return label if len(label) <= _LABEL else cls


def _row(label: str, shares: Sequence[Mapping[str, Any]]) -> str:
    return f"{label:<{_LABEL}}{number(shares[0]['requests']):>{_REQUESTS}}" + "".join(
        _GAP
        + _cells(
            percent(share["success_percent"]),
            number(share["failed"]),
            duration(share["p50_seconds"]),
            duration(share["p99_seconds"]),
        )
        for share in shares
    )


def _cells(success: str, failed: str, p50: str, p99: str) -> str:
    return f"{success:>{_SUCCESS}}{failed:>{_FAILED}}{p50:>{_LATENCY}}{p99:>{_LATENCY}}"


def _line(label: str, pair: Sequence[Figures], value: Callable[[Figures], str]) -> str:
    """A figure of a whole target, in the column of the failures."""
    return f"{label:<{_LABEL + _REQUESTS}}" + "".join(_GAP + _cells("", value(target), "", "") for target in pair)


def _from_upstream(value: Callable[[Mapping[str, Any]], str]) -> Callable[[Figures], str]:
    return lambda target: UNKNOWN if target["upstream"] is None else value(target["upstream"])


def _prevented(baseline: Figures, target: Figures) -> str:
    return "" if target is baseline else number(prevented(baseline, target))
