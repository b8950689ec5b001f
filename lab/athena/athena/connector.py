"""Log groups as tables: what the Athena CloudWatch connector reads of them, with its limits.

A log group is a schema; a log stream is a table, and so is ``all_log_streams``. Source: awslabs/aws-athena-query-
federation, athena-cloudwatch.
"""

import math
from collections.abc import Iterator
from typing import Any

from botocore.client import BaseClient
from duckdb import DuckDBPyConnection
from sqlglot import exp

from athena import sql
from athena.errors import QueryError
from athena.scan import Scan, chosen

ALL = "all_log_streams"
# So many streams are asked for at once. The next thousand begins with the last one of those before, whose rows then
# come twice.
SPLITS = 1000
SIGNS = {exp.GT: ">", exp.GTE: ">", exp.LT: "<", exp.LTE: "<", exp.EQ: "<>"}
TURNED = {"<": ">", ">": "<"}


class LogStreams:
    """The rows of one stream or of all streams of a group. Raises QueryError where there is no such table."""

    columns = ("log_stream", "time", "message")

    def __init__(self, logs: BaseClient, group: str, stream: str) -> None:
        self._logs = logs
        # Athena writes names in small letters; the connector looks for the one that is meant.
        groups = logs.get_paginator("describe_log_groups").paginate()
        names = [item["logGroupName"] for page in groups for item in page["logGroups"]]
        self._group = next((name for name in names if name.lower() == group.lower()), "")
        if not self._group:
            raise QueryError(f"SCHEMA_NOT_FOUND: No such schema {group}")
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=self._group)
        streams = [item["logStreamName"] for page in pages for item in page["logStreams"]]
        if stream.lower() != ALL:
            known = next((name for name in streams if name.lower() == stream.lower()), None)
            if known is None:
                raise QueryError(f"TABLE_NOT_FOUND: No such table {stream}")
            # The connector asks for streams that begin with the name, so others may be among them.
            streams = [name for name in streams if name.startswith(known)]
        self._streams = streams

    def load(self, scan: Scan, name: str, conditions: list[exp.Expr]) -> None:
        """Make the table ``name`` with the rows that the connector fetches."""
        connection = scan.connection
        connection.execute(f"CREATE TABLE {name} (log_stream VARCHAR, time BIGINT, message VARCHAR)")
        start, end = span(connection, conditions)
        streams = chosen(connection, [{"log_stream": stream} for stream in self._streams], conditions)
        for stream in as_split([row["log_stream"] for row in streams]):
            for events in self._pages(stream, start, end):
                scan.count(sum(len(event["message"].encode()) + len(stream) + 8 for event in events))
                times, messages = ([event[key] for event in events] for key in ("timestamp", "message"))
                connection.execute(f"INSERT INTO {name} SELECT ?, unnest(?), unnest(?)", [stream, times, messages])

    def _pages(self, stream: str, start: int | None, end: int | None) -> Iterator[list[dict[str, Any]]]:
        """The events of a stream from ``start`` to before ``end``, both in milliseconds."""
        times = {name: value for name, value in (("startTime", start), ("endTime", end)) if value is not None}
        token: dict[str, str] = {}
        while True:
            page = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True, **times, **token
            )
            # CloudWatch Logs leaves the end out; not every stand-in for it does.
            events = [event for event in page["events"] if end is None or event["timestamp"] < end]
            if events:
                yield events
            if page["nextForwardToken"] == token.get("nextToken"):
                return
            token = {"nextToken": page["nextForwardToken"]}


def as_split(streams: list[str]) -> list[str]:
    """The streams in the order in which they are read, some of them twice.

    >>> len(as_split([str(n) for n in range(999)])), len(as_split([str(n) for n in range(1000)]))
    (999, 1001)
    """
    read, begin = [], 0
    while True:
        read += streams[begin : begin + SPLITS]
        if len(streams) - begin < SPLITS:
            return read
        begin += SPLITS - 1


def span(connection: DuckDBPyConnection, conditions: list[exp.Expr]) -> tuple[int | None, int | None]:
    """The first and the last moment that the conditions allow: all that the connector takes from them."""
    lower: list[float] = []
    upper: list[float] = []
    for condition in conditions:
        for sign, bound in _bounds(condition):
            value = connection.execute(f"SELECT CAST(({sql.for_duckdb(bound)}) AS DOUBLE)").fetchall()[0][0]
            if value is not None:
                (lower if sign == ">" else upper).append(value)
    return (max(0, math.floor(max(lower))) if lower else None), (max(0, math.ceil(min(upper))) if upper else None)


def _bounds(condition: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    if isinstance(condition, exp.Between) and _is_time(condition.this):
        yield ">", condition.args["low"]
        yield "<", condition.args["high"]
        return
    if not isinstance(condition, exp.Binary) or type(condition) not in SIGNS:
        return
    turned = _is_time(condition.right)
    time, bound = (condition.right, condition.left) if turned else (condition.left, condition.right)
    if _is_time(time) and not bound.find(exp.Column):
        for sign in SIGNS[type(condition)]:
            yield (TURNED[sign] if turned else sign), bound


def _is_time(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == "time"
