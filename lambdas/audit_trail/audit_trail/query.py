"""The query behind an export, in Athena's SQL (Trino). What users give is in its parameters alone. Pure.

A source of kind `cloudwatch` is a log group, as Athena's connector shows it: `time` (bigint, ms, when the line was
filed) and `message` (the line). One of kind `parquet` is a table with the fields of the proxies' access log as columns
and two more: `day` (its partition, the UTC day as YYYY-MM-DD) and `message`, which is NULL unless the line is no entry;
then it is the line, and `epoch` is when it was filed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from audit_trail.columns import COLUMNS
from audit_trail.filters import Filters


@dataclass(frozen=True, slots=True)
class Source:
    """`late_seconds`: how much later than its request a line may have been filed."""

    kind: Literal["cloudwatch", "parquet"]
    catalog: str
    schema: str
    table: str
    late_seconds: int

    @property
    def name(self) -> str:
        return ".".join(map(_identifier, (self.catalog, self.schema, self.table)))


@dataclass(frozen=True, slots=True)
class Statement:
    """`parameters` are SQL literals, one for each question mark, as Athena's ExecutionParameters want them."""

    sql: str
    parameters: Sequence[str]


# What is read of an entry, and its type; the names are the access log's.
FIELDS = {
    "epoch": "decimal(13, 3)",
    "kind": "varchar",
    "user": "varchar",
    "client": "varchar",
    "method": "varchar",
    "path": "varchar",
    "status": "integer",
    "upstream_statuses": "varchar",
    "verdicts": "varchar",
    "bytes_sent": "bigint",
    "seconds": "decimal(12, 3)",
    "request_id": "varchar",
    "client_request_id": "varchar",
    "proxy": "varchar",
    "details": "varchar",
}

# Of half a line the first fields can be read: json_parse takes only the whole.
CLOUDWATCH = """
    SELECT filed_ms, message, {fields}
    FROM (
        SELECT time AS filed_ms, message, try(json_parse(message)) AS entry
        FROM {source}
        WHERE time >= ? AND time < ?
    )"""

PARQUET = """
    SELECT CAST(try_cast(epoch AS decimal(13, 3)) * 1000 AS bigint) AS filed_ms, message, {fields}
    FROM {source}
    WHERE day >= ? AND day <= ?"""

# HOSP decodes a path before it looks for the patient. Its answers 200 to 399, 404 and 422 say that it has taken the
# credentials; a failure says nothing about them. A write whose answer failed, and that was found, was looked for with
# them.
ENTRIES = r"""
    SELECT
        CASE WHEN kind = 'unreadable' THEN filed_ms ELSE CAST(epoch * 1000 AS bigint) END AS at_ms,
        kind,
        "user",
        CASE
            WHEN "user" IS NULL THEN NULL
            WHEN kind = 'request' THEN
                coalesce(regexp_like(upstream_statuses, '(?:[23][0-9]{2}|404|422)\z'), false)
                OR coalesce(regexp_like(verdicts, 'found\z'), false)
            ELSE true
        END AS user_verified,
        client AS client_address,
        method,
        path,
        nullif(regexp_extract(coalesce(try(url_decode(path)), path), '(?:\A|/)patients/+0*([0-9]+)', 1), '')
            AS patient_id,
        CASE
            WHEN kind = 'unreadable' THEN NULL
            WHEN status = 499 THEN 'aborted'
            WHEN status BETWEEN 200 AND 399 THEN 'success'
            WHEN status BETWEEN 400 AND 499 THEN 'refused'
            WHEN status BETWEEN 500 AND 599 THEN 'failed'
            ELSE 'unknown'
        END AS outcome,
        status,
        CASE
            WHEN kind = 'request' THEN coalesce(length(regexp_replace(upstream_statuses, '[^,:]', '')) + 1, 0)
        END AS attempts,
        bytes_sent,
        seconds AS duration_seconds,
        request_id,
        client_request_id,
        proxy,
        CASE WHEN kind = 'unreadable' THEN message ELSE details END AS details
    FROM known"""

# Lines can come twice: the log is shipped at least once. The proxy's own id is among the columns, so what is alike is
# one request. GROUPING SETS count the rows in the pass that finds them, in a row without a time: Athena would read the
# source again for a second SELECT.
QUERY = """WITH line AS ({lines}
), known AS (
    SELECT
        filed_ms, message, {values},
        CASE
            WHEN epoch IS NULL OR coalesce(request_id, '') = '' THEN 'unreadable'
            ELSE coalesce(nullif(kind, ''), 'request')
        END AS kind
    FROM line
), entry AS ({entries}
), once AS (
    SELECT {group}, count(*) AS copies
    FROM entry
    WHERE at_ms >= ? AND at_ms < ? AND (kind = 'unreadable' OR ({conditions}))
    GROUP BY {group}
), counted AS (
    SELECT {group}, count(*) AS row_count,
        count(*) FILTER (WHERE kind = 'unreadable') AS unreadable, coalesce(sum(copies), 0) - count(*) AS left_out
    FROM once
    GROUP BY GROUPING SETS (({group}), ())
)
SELECT
    {columns}
FROM counted
ORDER BY at_ms NULLS LAST, request_id"""

# A cell that a spreadsheet would run gets an apostrophe, and so does what begins with one: nothing is ambiguous. Where
# the separator is a semicolon, a cell may hold another one: it is encoded as a whole.
GUARDED = r"""CASE
        WHEN regexp_like({0}, '[;\t\r\n][=+\-@＝＋－＠]') THEN '''%' || url_encode({0})
        WHEN regexp_like({0}, '\A(?:[ \t-\r\x00]*[=+\-@＝＋－＠]|[\t-\r\x00''])') THEN '''' || {0}
        ELSE {0}
    END"""  # noqa: RUF001
COUNTS = (
    "'rows=' || CAST(row_count AS varchar) || ' unreadable=' || CAST(unreadable AS varchar)"
    " || ' copies_left_out=' || CAST(left_out AS varchar)"
)
SHOWN = {
    "time": "to_iso8601(from_unixtime(at_ms / 1e3))",
    "kind": "CASE WHEN at_ms IS NULL THEN 'end' ELSE kind END",
    "details": f"CASE WHEN at_ms IS NULL THEN {COUNTS} ELSE {GUARDED} END",
}
UNTOUCHED = {"user_verified", "patient_id", "outcome", "status", "attempts", "bytes_sent", "duration_seconds"}


def statement(source: Source, wanted: Filters) -> Statement:
    lines, span = _lines(source, wanted)
    conditions, given = _conditions(wanted)
    group = ", ".join(["at_ms", *(_quoted(name) for name in COLUMNS if name != "time")])
    sql = QUERY.format(
        lines=lines,
        values=", ".join(_value(name) for name in FIELDS if name != "kind"),
        entries=ENTRIES,
        group=group,
        conditions=" AND ".join(conditions) or "true",
        columns=",\n    ".join(f"{_shown(name)} AS {_quoted(name)}" for name in COLUMNS),
    )
    return Statement(sql, [*span, str(wanted.from_ms), str(wanted.to_ms), *given])


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _lines(source: Source, wanted: Filters) -> tuple[str, list[str]]:
    """Where the lines are that may be of the period; the entries' own times decide."""
    last_ms = wanted.to_ms + source.late_seconds * 1000
    if source.kind == "parquet":
        fields = ", ".join(_typed(name, _quoted(name)) for name in FIELDS)
        return PARQUET.format(source=source.name, fields=fields), [_day(wanted.from_ms), _day(last_ms - 1)]
    fields = ", ".join(_typed(name, f"json_extract_scalar(entry, '$.{name}')") for name in FIELDS)
    # An agent that reads the line's time may read its whole seconds only.
    first_ms = wanted.from_ms // 1000 * 1000
    return CLOUDWATCH.format(source=source.name, fields=fields), [str(first_ms), str(last_ms)]


def _conditions(wanted: Filters) -> tuple[list[str], list[str]]:
    conditions, given = [], []

    def one_of(column: str, values: Iterable[str]) -> None:
        if literals := [literal(value) for value in values]:
            conditions.append(f"{column} IN ({', '.join('?' * len(literals))})")
            given.extend(literals)

    one_of('"user"', filter(None, [wanted.user]))
    one_of("patient_id", filter(None, [wanted.patient]))
    one_of("method", wanted.methods)
    one_of("outcome", wanted.outcomes)
    return conditions, given


def _typed(name: str, value: str) -> str:
    return f"try_cast({value} AS {FIELDS[name]}) AS {_quoted(name)}"


def _value(name: str) -> str:
    """A field of an entry: NGINX says "" for what there is none of."""
    return f"nullif({_quoted(name)}, '') AS {_quoted(name)}" if FIELDS[name] == "varchar" else _quoted(name)


def _shown(name: str) -> str:
    quoted = _quoted(name)
    return quoted if name in UNTOUCHED else SHOWN.get(name, GUARDED).format(quoted)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(name: str) -> str:
    """`user` means something else without."""
    return _identifier(name) if name == "user" else name


def _day(ms: int) -> str:
    return literal(datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d"))
