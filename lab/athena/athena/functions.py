"""Trino's functions for DuckDB: those that DuckDB lacks, or has with another meaning. The rest is listed as it is.

Sources: Trino's documentation and source, chapters on JSON, regular expressions, URLs, dates, strings, conversion.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, wraps
from importlib.resources import files
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import duckdb
from duckdb.func import FunctionNullHandling

from athena import json_text
from athena.java import java_double

# Understood alike by both, or made alike by sqlglot.
SAME = frozenset(
    re.findall(
        r"\w+",
        """
    abs any_value approx_distinct arbitrary array_agg avg bool_and bool_or cardinality ceil ceiling chr coalesce
    contains count count_if current_timestamp date date_add date_diff date_trunc day dense_rank first_value floor
    hour if lag last_value lead length lower lpad ltrim max max_by min min_by minute mod month now nullif rank replace
    reverse round row_number rpad rtrim second split starts_with strpos sum trim try upper year
        """,
    )
)
MACROS = files("athena").joinpath("macros.sql").read_text()
NAMES = frozenset(re.findall(r"^CREATE MACRO trino_(\w+)", MACROS, re.MULTILINE)) - {"text", "whole"} | {"substring"}


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make Trino's functions known to a connection."""
    for name, function in PYTHON.items():
        kinds = {parameter: TYPES[kind] for parameter, kind in function.__annotations__.items()}
        returned = kinds.pop("return")
        connection.create_function(
            f"_{name}", _strict(function), [*kinds.values()], returned, null_handling=FunctionNullHandling.SPECIAL
        )
    connection.execute(MACROS)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL for NULL, as functions of SQL are."""

    @wraps(function)
    def strict(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return strict


@lru_cache(256)
def _pattern(pattern: str) -> re.Pattern[str]:
    """Java's names of groups are written otherwise than Python's, and so is the end of a text."""
    pattern = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern).replace(r"\z", r"\Z")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"Invalid regular expression: {error}") from None


def regexp_like(text: str, pattern: str) -> bool:
    return bool(_pattern(pattern).search(text))


def regexp_extract(text: str, pattern: str, group: int) -> str | None:
    """NULL where nothing matches, and where the group has no part in what does."""
    compiled = _pattern(pattern)
    if not 0 <= group <= compiled.groups:
        raise ValueError(f"Pattern has {compiled.groups} groups. Cannot access group {group}")
    found = compiled.search(text)
    return found.group(group) if found else None


def regexp_replace(text: str, pattern: str, new: str) -> str:
    """In what is new, ``$1`` and ``${name}`` are groups, and a backslash takes its meaning from what follows."""

    def replaced(found: re.Match[str]) -> str:
        def part(sign: re.Match[str]) -> str:
            escaped, name, number = sign.groups()
            return escaped if escaped is not None else found.group(name or int(number)) or ""

        return re.sub(r"\\(.)|\$\{(\w+)\}|\$([0-9]+)", part, new, flags=re.DOTALL)

    return _pattern(pattern).sub(replaced, text)


def url_decode(text: str) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("URLDecoder: Illegal hex characters in escape (%) pattern")
    return unquote_plus(text, errors="replace")


def url_encode(text: str) -> str:
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def from_iso8601(text: str) -> int:
    """Microseconds since 1970, in whole milliseconds. Without a zone it is UTC, which is the session's."""
    if not re.fullmatch(
        r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", text, re.ASCII
    ):
        raise ValueError(f'Invalid format: "{text}"')
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND * 1000


def iso_date(text: str) -> str:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f'Invalid format: "{text}"')
    return text


def split_part(text: str, separator: str, n: int) -> str | None:
    if n < 1:
        raise ValueError("Index must be greater than zero")
    parts = text.split(separator) if separator else [text]
    return parts[n - 1] if n <= len(parts) else None


def whole(text: str) -> int:
    """DuckDB would round 1.5, and read blanks over."""
    if not re.fullmatch("[+-]?[0-9]+", text):
        raise ValueError(f"Cannot cast '{text}' to BIGINT")
    return int(text)


ISO8601 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_MILLISECOND = datetime.resolution * 1000
# MySQL's letters that strftime writes otherwise, or not at all.
_MYSQL = {"c": "%-m", "e": "%-d", "f": "%f", "h": "%I", "i": "%M", "I": "%I", "k": "%-H", "l": "%-I", "M": "%B",
          "r": "%I:%M:%S %p", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G"}  # fmt: skip
_ALIKE = "abdHjmpSYy%"


@lru_cache(256)
def mysql_format(text: str) -> str:
    """A format of MySQL's date_format, as strftime's. An unknown letter stands for itself."""

    def letter(found: re.Match[str]) -> str:
        sign = found.group(1)
        if sign in "DUuVwX":
            raise ValueError(f"%{sign} not supported in date format string")
        return _MYSQL.get(sign) or (f"%{sign}" if sign in _ALIKE else sign)

    return re.sub("%(.)", letter, text, flags=re.DOTALL)


PYTHON: dict[str, Callable[..., Any]] = {
    "json_extract_scalar": json_text.extract_scalar,
    "json_extract": json_text.extract,
    "json_parse": json_text.parse,
    "regexp_like": regexp_like,
    "regexp_extract": regexp_extract,
    "regexp_replace": regexp_replace,
    "url_decode": url_decode,
    "url_encode": url_encode,
    "iso_date": iso_date,
    "split_part": split_part,
    "whole": whole,
    "from_iso8601": from_iso8601,
    "mysql_format": mysql_format,
    "double": java_double,
}
TYPES = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN", str | None: "VARCHAR"}
