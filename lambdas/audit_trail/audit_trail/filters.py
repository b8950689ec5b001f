"""What an administrator asks for: a period and filters, from a query string. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from audit_trail.columns import OUTCOMES

NAMES = ("from", "to", "user", "patient", "method", "outcome")
SEVERAL = ("method", "outcome")
DAY_MS = 24 * 3600 * 1000

# Before it there are no trails, and beyond it no four figures for a year.
FIRST_YEAR, LAST_YEAR = 2000, 9998


class FiltersError(Exception):
    """`problems` says what is wrong, and what is allowed, by the filter's name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Filters:
    """The period is half-open, in ms since 1970. What is None or empty is not filtered by."""

    from_ms: int
    to_ms: int
    user: str | None = None
    patient: str | None = None
    methods: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As a query string, which `read` takes for the same."""
        given = [("from", iso(self.from_ms)), ("to", iso(self.to_ms)), ("user", self.user), ("patient", self.patient)]
        given += [("method", method) for method in self.methods]
        given += [("outcome", outcome) for outcome in self.outcomes]
        return urlencode([(name, value) for name, value in given if value])


def read(query: str, most_days: int) -> Filters:
    """Raises FiltersError with all that is wrong."""
    problems: dict[str, str] = {}
    given = _given(query, problems)
    from_ms = _time("from", given, problems)
    to_ms = _time("to", given, problems)
    if from_ms is not None and to_ms is not None:
        if from_ms >= to_ms:
            problems["to"] = "must be later than `from`; the period ends before it"
        elif to_ms - from_ms > most_days * DAY_MS:
            problems["to"] = f"the period must not be longer than {most_days} days"
    user = _one("user", given, r"[^\x00-\x1f\x7f]{1,256}", "1 to 256 characters, none of them control", problems)
    patient = _one("patient", given, r"[0-9]{1,18}", "a number of up to 18 figures", problems)
    methods = tuple(dict.fromkeys(method.upper() for method in given.get("method", [])))
    if len(methods) > 20 or not all(re.fullmatch(r"[A-Z_-]{1,32}", method) for method in methods):
        problems["method"] = "must be an HTTP method such as GET, at most 20 of them"
    outcomes = tuple(dict.fromkeys(given.get("outcome", [])))
    if not set(outcomes) <= set(OUTCOMES):
        problems["outcome"] = f"must be one of {', '.join(OUTCOMES)}"
    if problems or from_ms is None or to_ms is None:
        raise FiltersError(problems)
    return Filters(from_ms, to_ms, user, patient and str(int(patient)), methods, outcomes)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _given(query: str, problems: dict[str, str]) -> dict[str, list[str]]:
    """By name; a form sends what was left empty."""
    given: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100, errors="replace")
    except ValueError:
        raise FiltersError({"query": "must have at most 100 filters"}) from None
    for name, value in pairs:
        if name not in NAMES:
            # Whatever it is, it is not repeated.
            problems["query"] = f"has an unknown filter; allowed are {', '.join(NAMES)}"
        elif value:
            given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in SEVERAL:
            problems[name] = "must be given once"
    return given


def _one(name: str, given: dict[str, list[str]], pattern: str, allowed: str, problems: dict[str, str]) -> str | None:
    if name not in given:
        return None
    if not re.fullmatch(pattern, given[name][0]):
        problems.setdefault(name, f"must be {allowed}")
    return given[name][0]


def _time(name: str, given: dict[str, list[str]], problems: dict[str, str]) -> int | None:
    """A time without a zone is UTC."""
    try:
        [text] = given[name]
        time = datetime.fromisoformat(text)
        if not FIRST_YEAR <= time.year <= LAST_YEAR:
            raise ValueError(time)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (KeyError, ValueError):
        problems.setdefault(name, "must be a time such as 2026-11-25T08:30Z")
        return None
    return round(time.timestamp() * 1000)
