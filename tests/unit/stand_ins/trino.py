"""Athena's SQL run by the engine of the lab's Athena, over rows in memory; the result is Athena's CSV."""

from __future__ import annotations

import atexit
import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from athena import results, sql
from athena.queries import connect
from audit_trail.query import FIELDS, Source, Statement

CLOUDWATCH = Source("cloudwatch", "logs", "/fleet/access", "all_log_streams", late_seconds=3600)
PARQUET = Source("parquet", "lake", "fleet", "access", late_seconds=3600)

# The types of the table's columns are Glue's; one of those that are counted in fractions is a double.
TYPES = {"decimal(13, 3)": "DOUBLE", "decimal(12, 3)": "DOUBLE"}

Line = tuple[int, str]


def run(statement: Statement, source: Source, lines: Iterable[Line]) -> bytes:
    """`lines` are those of the log: when each was filed (ms), and its text."""
    connection, folder = _engine()
    (_as_parquet if source.kind == "parquet" else _as_connector)(connection, source, list(lines))
    file = folder / "result.csv"
    results.write(connection, _translated(statement.sql, tuple(statement.parameters)), file)
    return file.read_bytes()


@cache
def _translated(text: str, parameters: tuple[str, ...]) -> str:
    """Most tests ask the same, and it takes longer to translate than to answer."""
    return sql.for_duckdb(sql.bind(text, parameters))


@cache
def _engine() -> tuple[duckdb.DuckDBPyConnection, Path]:
    """One for all, for its functions take a while to make; with the folder that it may use."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    connection = connect(folder)
    for source in (CLOUDWATCH, PARQUET):
        connection.execute(f"ATTACH ':memory:' AS {source.catalog}")
        connection.execute(f'CREATE SCHEMA {source.catalog}."{source.schema}"')
    return connection, Path(folder)


def rows(text: bytes) -> list[dict[str, str]]:
    """Of a CSV file, by column."""
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def _as_connector(connection: duckdb.DuckDBPyConnection, source: Source, lines: Sequence[Line]) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {source.name} (log_stream VARCHAR, time BIGINT, message VARCHAR)")
    connection.execute(
        f"INSERT INTO {source.name} SELECT 'proxy1', unnest(?), unnest(?)",
        [[filed_ms for filed_ms, _ in lines], [text for _, text in lines]],
    )


def _as_parquet(connection: duckdb.DuckDBPyConnection, source: Source, lines: Sequence[Line]) -> None:
    columns = ", ".join(f'"{name}" {TYPES.get(kind, kind)}' for name, kind in FIELDS.items())
    connection.execute(f"CREATE OR REPLACE TABLE {source.name} ({columns}, message VARCHAR, day VARCHAR)")
    entries = [_entry(text) or {"epoch": filed_ms / 1000, "message": text} for filed_ms, text in lines]
    days = [datetime.fromtimestamp(filed_ms / 1000, UTC).strftime("%Y-%m-%d") for filed_ms, _ in lines]
    values = [[entry.get(name) for entry in entries] for name in (*FIELDS, "message")]
    places = ", ".join(["unnest(?)"] * (len(values) + 1))
    connection.execute(f"INSERT INTO {source.name} SELECT {places}", [*values, days])


def _entry(text: str) -> Mapping[str, Any] | None:
    """What stands in the place of a line in the table; None for what is no entry."""
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    known = isinstance(entry, dict) and isinstance(entry.get("epoch"), float | int) and entry.get("request_id")
    return entry if known and 0 <= entry["epoch"] < 1e10 else None
