"""What one query has read so far, and how much it may."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from sqlglot import exp

from athena import sql
from athena.errors import LimitError, QueryError


class Scan:
    """Counts bytes; ends the query when they are too many, or when it was stopped. ``folder`` is the query's own."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path, limit: int | None) -> None:
        self.connection, self.folder = connection, folder
        self.bytes = 0
        self.stopped = threading.Event()
        self._limit = limit

    def count(self, size: int) -> None:
        """Before what has this size is read. Raises QueryError."""
        if self.stopped.is_set():
            raise QueryError("Query was stopped")
        self.bytes += size
        if self._limit is not None and self.bytes > self._limit:
            raise LimitError("Bytes scanned limit was exceeded")


def chosen(
    connection: DuckDBPyConnection, rows: list[Mapping[str, Any]], conditions: list[exp.Expr]
) -> list[Mapping[str, Any]]:
    """Those of the rows for which the conditions hold, as far as these are about their columns only."""
    if not rows:
        return []
    columns = {name.lower() for name in rows[0]}
    known = [
        f"({sql.for_duckdb(condition)})"
        for condition in conditions
        if {column.name.lower() for column in condition.find_all(exp.Column)} <= columns
    ]
    listed = ", ".join(f'unnest(?) AS "{name}"' for name in rows[0])
    statement = f"SELECT n FROM (SELECT unnest(?) AS n, {listed}) WHERE {' AND '.join(known or ['true'])} ORDER BY n"
    values = [list(range(len(rows))), *([row[name] for row in rows] for name in rows[0])]
    return [rows[n] for (n,) in connection.execute(statement, values).fetchall()]
