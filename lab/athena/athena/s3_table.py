"""Tables over objects in S3, as Glue describes them: JSON or Parquet, with projected partitions or without any."""

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.client import BaseClient
from duckdb import DuckDBPyConnection
from sqlglot import exp

from athena import projection
from athena.errors import QueryError
from athena.scan import Scan, chosen

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
JSON = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "TINYINT",
         "double": "DOUBLE", "float": "FLOAT", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP",
         "date": "DATE"}  # fmt: skip


class S3Table:
    """One table of Glue. Raises QueryError where the lab cannot read it."""

    def __init__(self, s3: BaseClient, table: Mapping[str, Any]) -> None:
        self._s3, self._storage = s3, table["StorageDescriptor"]
        self._properties = table.get("Parameters", {})
        self._fields = {item["Name"]: duckdb_type(item["Type"]) for item in self._storage["Columns"]}
        self._keys = {item["Name"]: duckdb_type(item["Type"]) for item in table.get("PartitionKeys", [])}
        if self._keys and self._properties.get("projection.enabled") != "true":
            raise QueryError(f"NOT_SUPPORTED: {table['Name']} has partitions that are not projected")
        self.columns = (*self._fields, *self._keys)

    def load(self, scan: Scan, name: str, conditions: list[exp.Expr]) -> None:
        """Make the view ``name`` of the objects that may hold what the conditions ask for."""
        # For the types, when nothing is there.
        parts = [_select(self._fields, [], self._keys, {}) + " WHERE false"]
        for n, partition in enumerate(self._partitions(scan.connection, conditions)):
            files = self._fetch(scan, self._location(partition), f"{name}-{n}")
            if files:
                rows = self._rows(files)
                there = {row[0].lower() for row in scan.connection.execute(f"DESCRIBE FROM {rows}").fetchall()}
                parts.append(_select(self._fields, there, self._keys, partition) + f" FROM {rows}")
        scan.connection.execute(f"CREATE VIEW {name} AS " + " UNION ALL ".join(parts))

    def _partitions(self, connection: DuckDBPyConnection, conditions: list[exp.Expr]) -> list[Mapping[str, Any]]:
        """Those that the conditions do not rule out; a table without partitions is one."""
        if not self._keys:
            return [{}]
        promised = projection.partitions([*self._keys], self._properties, datetime.now(UTC))
        return chosen(connection, list(promised), conditions)

    def _location(self, partition: Mapping[str, Any]) -> str:
        base = self._storage["Location"].rstrip("/")
        folders = "".join(f"/{key}={value}" for key, value in partition.items())
        return projection.location(self._properties.get("storage.location.template", base + folders), partition)

    def _fetch(self, scan: Scan, location: str, prefix: str) -> list[str]:
        """The objects below a location as files of the query's folder."""
        bucket, _, folder = location.removeprefix("s3://").partition("/")
        folder = folder.rstrip("/") + "/"
        files: list[str] = []
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for item in page.get("Contents", []):
                # Hidden ones are no data: that is how Hive sees them, and Athena.
                if item["Key"].rpartition("/")[2].startswith(("_", ".")) or not item["Size"]:
                    continue
                scan.count(item["Size"])
                file = scan.folder / f"{prefix}-{len(files)}{'.gz' if item['Key'].endswith('.gz') else ''}"
                with file.open("wb") as target:
                    shutil.copyfileobj(self._s3.get_object(Bucket=bucket, Key=item["Key"])["Body"], target)
                files.append(str(file))
        return files

    def _rows(self, files: list[str]) -> str:
        """How DuckDB reads the files."""
        library = self._storage["SerdeInfo"]["SerializationLibrary"]
        if library == PARQUET:
            return f"read_parquet({files}, union_by_name = true)"
        if library in JSON:
            lenient = self._storage["SerdeInfo"].get("Parameters", {}).get("ignore.malformed.json", "false")
            columns = "{" + ", ".join(f"'{field}': '{kind}'" for field, kind in self._fields.items()) + "}"
            return f"read_json({files}, format = 'newline_delimited', columns = {columns}, ignore_errors = {lenient})"
        raise QueryError(f"NOT_SUPPORTED: the lab reads JSON and Parquet, not {library}")


def duckdb_type(text: str) -> str:
    """A type of Hive as DuckDB's. Raises QueryError.

    >>> duckdb_type("array<struct<id:string,n:bigint>>")
    'STRUCT("id" VARCHAR, "n" BIGINT)[]'
    """
    text = text.strip().lower()
    if text in TYPES:
        return TYPES[text]
    if found := re.fullmatch(r"array<(.+)>", text):
        return duckdb_type(found.group(1)) + "[]"
    if found := re.fullmatch(r"struct<(.+)>", text):
        members = [part.partition(":") for part in _split(found.group(1))]
        return "STRUCT(" + ", ".join(f'"{name.strip()}" {duckdb_type(kind)}' for name, _, kind in members) + ")"
    if re.fullmatch(r"decimal\(\d+,\s*\d+\)", text):
        return text.upper()
    if re.fullmatch(r"(varchar|char)\(\d+\)", text):
        return "VARCHAR"
    raise QueryError(f"NOT_SUPPORTED: the lab does not know the type {text}")


def _split(text: str) -> list[str]:
    """At the commas that are in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "<(") - (sign in ">)")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _select(fields: Mapping[str, str], there: Any, keys: Mapping[str, str], partition: Mapping[str, Any]) -> str:
    """The columns of the table; those that a file does not have are NULL."""
    own = [f'CAST({_quoted(name) if name.lower() in there else "NULL"} AS {kind}) AS {_quoted(name)}'
           for name, kind in fields.items()]  # fmt: skip
    values = {key: "'" + str(value).replace("'", "''") + "'" for key, value in partition.items()}
    return "SELECT " + ", ".join(
        own + [f"CAST({values.get(key, 'NULL')} AS {kind}) AS {_quoted(key)}" for key, kind in keys.items()]
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
