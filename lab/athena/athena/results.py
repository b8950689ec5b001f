"""Results as Athena keeps them: a CSV file, and the pages that GetQueryResults makes of it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

# DuckDB's types by the names that Athena gives them.
NAMES = {"VARCHAR": "varchar", "BIGINT": "bigint", "HUGEINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint",
         "TINYINT": "tinyint", "DOUBLE": "double", "FLOAT": "float", "BOOLEAN": "boolean", "DATE": "date",
         "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "JSON": "json"}  # fmt: skip
# Every cell stands in quotes but NULL, which is nothing at all.
CELL = re.compile(r'(?:"((?:[^"]|"")*)")?(,|\n|\Z)')


def write(connection: DuckDBPyConnection, statement: str, file: Path) -> list[dict[str, Any]]:
    """Run a query into a CSV file as Athena writes it. Returns its columns, by the API's ColumnInfo."""
    columns = [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {statement}").fetchall()]
    names = [f"c{n}" for n in range(len(columns))]
    with file.open("w", newline="") as target:
        target.write(",".join('"' + name.replace('"', '""') + '"' for name, _ in columns) + "\n")
    # The header is apart, for two columns may have the same name.
    body = file.with_suffix(".rows")
    texts = ", ".join(f"trino_text({name})" for name in names)
    connection.execute(
        f"COPY (SELECT {texts} FROM ({statement}) AS r({', '.join(names)})) TO '{body}'"
        " (FORMAT csv, HEADER false, FORCE_QUOTE *)"
    )
    with file.open("ab") as target, body.open("rb") as rows:
        shutil.copyfileobj(rows, target)
    return [_info(name, kind) for name, kind in columns]


def page(text: str, columns: list[dict[str, Any]], offset: int, most: int) -> dict[str, Any]:
    """Rows from a CSV file on, the first of which are the columns' names; shaped as the answer of GetQueryResults."""
    rows: list[list[str | None]] = []
    for n, cells in enumerate(_rows(text)):
        if n == offset + most:
            return {"ResultSet": _set(rows, columns), "UpdateCount": 0, "NextToken": str(n)}
        if n >= offset:
            rows.append(cells)
    return {"ResultSet": _set(rows, columns), "UpdateCount": 0}


def _set(rows: list[list[str | None]], columns: list[dict[str, Any]]) -> dict[str, Any]:
    shown = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    return {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": columns}}


def _rows(text: str) -> Iterator[list[str | None]]:
    """
    >>> list(_rows('"a","b"\\n"x""y",\\n"",""\\n'))
    [['a', 'b'], ['x"y', None], ['', '']]
    """
    row: list[str | None] = []
    at = 0
    while at < len(text):
        cell = CELL.match(text, at)
        assert cell is not None
        value, end = cell.groups()
        row.append(None if value is None else value.replace('""', '"'))
        at = cell.end()
        if end != ",":
            yield row
            row = []


def _info(name: str, kind: str) -> dict[str, Any]:
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    precision, scale = (int(part) for part in decimal.groups()) if decimal else (0, 0)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": "decimal" if decimal else NAMES.get(kind, kind.lower()),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "VARCHAR",
    }
