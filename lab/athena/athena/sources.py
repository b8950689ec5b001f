"""Where the rows of a query's tables come from: log groups by the connector, and S3 by what Glue says of it."""

import base64
import json
import re
from dataclasses import dataclass

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from sqlglot import exp

from athena import sql
from athena.connector import LogStreams
from athena.errors import QueryError, RefusedError
from athena.s3_table import S3Table
from athena.store import Store

VIEW = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")


@dataclass(frozen=True)
class Context:
    """Where a query looks for a table that does not say where it is."""

    catalog: str
    database: str


class Sources:
    """The tables of all catalogs."""

    def __init__(self, store: Store, s3: BaseClient, glue: BaseClient, logs: BaseClient) -> None:
        self._store, self._s3, self._glue, self._logs = store, s3, glue, logs

    def resolve(self, query: exp.Query, context: Context) -> dict[str, "Source"]:
        """Give each table of the query a name of its own in the query, and say what it is. Views are replaced by what
        they say. Raises QueryError."""
        found: dict[str, Source] = {}
        for table in sql.tables(query):
            self._replace(table, context, found)
        return found

    def _replace(self, table: exp.Table, context: Context, found: dict[str, "Source"]) -> None:
        catalog, database = table.catalog or context.catalog, table.db or context.database
        alias = table.alias or table.name
        source = self._source(catalog, database, table.name)
        if isinstance(source, exp.Query):
            for inner in sql.tables(source):
                self._replace(inner, Context(catalog, database), found)
            put: exp.Expr = exp.Subquery(this=source, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        else:
            name = f"t{len(found)}"
            found[name] = source
            put = exp.alias_(exp.to_table(name), alias, table=True, quoted=True)
        table.replace(put)

    def _source(self, catalog: str, database: str, name: str) -> "Source | exp.Query":
        if not database:
            raise QueryError(f"MISSING_SCHEMA_NAME: Schema must be specified for {name} when session schema is not set")
        if catalog.lower() == "awsdatacatalog":
            return self._of_glue(database, name)
        if not self._store.get("catalog", catalog):
            raise QueryError(f"CATALOG_NOT_FOUND: Catalog '{catalog}' does not exist")
        return LogStreams(self._logs, database, name)

    def _of_glue(self, database: str, name: str) -> "Source | exp.Query":
        try:
            table = self._glue.get_table(DatabaseName=database.lower(), Name=name.lower())["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            raise QueryError(f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist") from None
        view = VIEW.fullmatch(table.get("ViewOriginalText", ""))
        if table.get("TableType") != "VIRTUAL_VIEW":
            return S3Table(self._s3, table)
        if not view:
            raise QueryError(f"INVALID_VIEW: {database}.{name} is no view of Athena")
        try:
            return sql.read(json.loads(base64.b64decode(view.group(1)))["originalSql"])
        except (ValueError, KeyError, RefusedError) as error:
            raise QueryError(f"INVALID_VIEW: {database}.{name}: {error}") from None


Source = LogStreams | S3Table
