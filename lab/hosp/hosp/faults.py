"""How HOSP is told to fail: the settings, and what is refused as one. Pure."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

KINDS = ("500", "502", "reset", "stall")
LONGEST_SECONDS = 3600
LARGEST_PAGE = 10_000


@dataclass(frozen=True)
class Faults:
    """The settings; as they stand here they hold from the start of the process until the first PUT."""

    seed: int = 1
    rate: float = 0.1
    mix: Mapping[str, float] = field(default_factory=lambda: {"500": 0.4, "502": 0.4, "reset": 0.1, "stall": 0.1})
    applied: float = 0.5
    late: float = 0
    late_seconds: Sequence[float] = (0, 5)
    latency_ms: Sequence[float] = (20, 200)
    stall_seconds: float = 30
    burst: Mapping[str, float] | None = None
    only: str | None = None
    clock_offset_seconds: float = 0
    whole_seconds: bool = False
    page_size: int | None = None


class RefusedError(ValueError):
    """Settings that are not allowed; `errors` is `{key: [message]}`."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def overlay(current: Faults, document: object) -> Faults:
    """The settings after a PUT: a key that is not given stays as it is, one that is given is replaced whole.

    Raises RefusedError, naming every key that is unknown or wrong and what is allowed.
    """
    if not isinstance(document, dict):
        raise RefusedError({"base": ["the body must be a JSON object"]})
    errors = {key: [message] for key, value in document.items() if (message := _error(key, value))}
    if errors:
        raise RefusedError(errors)
    return replace(current, **document)


def _error(key: str, value: object) -> str | None:
    if key not in RULES:
        return f"unknown; the keys are {', '.join(known.name for known in fields(Faults))}"
    allowed, rule = RULES[key]
    return None if allowed(value) else f"{json.dumps(value)[:200]} is not allowed; give {rule}"


def _integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _between(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


_share = _between(0, 1)
_seconds = _between(0, LONGEST_SECONDS)
_milliseconds = _between(0, LONGEST_SECONDS * 1000)


def _mix(value: Any) -> bool:
    known = isinstance(value, dict) and value.keys() <= set(KINDS) and all(map(_share, value.values()))
    return known and math.isclose(sum(value.values()), 1, abs_tol=1e-6)


def _range(allowed: Callable[[object], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list) and len(value) == 2 and all(map(allowed, value)) and value[0] <= value[1]
    )


def _burst(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is None
    return value.keys() == {"after_seconds", "seconds"} and all(map(_seconds, value.values()))


RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (_integer, "an integer"),
    "rate": (_share, "a number from 0 to 1"),
    "mix": (_mix, f"an object of shares from 0 to 1 for {', '.join(KINDS)} that sum to 1"),
    "applied": (_share, "a number from 0 to 1"),
    "late": (_share, "a number from 0 to 1"),
    "late_seconds": (_range(_seconds), f"[earliest, latest], 0 to {LONGEST_SECONDS} seconds"),
    "latency_ms": (_range(_milliseconds), f"[shortest, longest], 0 to {LONGEST_SECONDS * 1000} milliseconds"),
    "stall_seconds": (_seconds, f"a number from 0 to {LONGEST_SECONDS}"),
    "burst": (_burst, f'null or {{"after_seconds": a, "seconds": s}}, each 0 to {LONGEST_SECONDS}'),
    "clock_offset_seconds": (
        _between(-LONGEST_SECONDS, LONGEST_SECONDS),
        f"a number of seconds from -{LONGEST_SECONDS} to {LONGEST_SECONDS}",
    ),
    "whole_seconds": (lambda value: isinstance(value, bool), "true or false"),
    "page_size": (
        lambda value: value is None or (_integer(value) and 1 <= value <= LARGEST_PAGE),
        f"null for whole lists, or an integer from 1 to {LARGEST_PAGE}",
    ),
    "only": (
        lambda value: value is None or (isinstance(value, str) and value.startswith("/")),
        'null or a path pattern that begins with "/" (`*` matches slashes too)',
    ),
}
