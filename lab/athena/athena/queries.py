"""The life of a query: queued, running, then succeeded, failed or cancelled; its result in S3."""

import logging
import re
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from athena import pushdown, results, sql
from athena.errors import LimitError, QueryError, RefusedError
from athena.functions import add_functions
from athena.scan import Scan
from athena.sources import Context, Sources
from athena.store import Document, Store

log = logging.getLogger("athena")
OVER = ("SUCCEEDED", "FAILED", "CANCELLED")
MEMORY = "512MB"
# Of the kinds that Athena tells apart: the user's own fault, or the system's.
SYSTEM, USER = 1, 2


class Queries:
    """Runs ``at_once`` queries at a time; the others wait."""

    def __init__(self, store: Store, sources: Sources, s3: BaseClient, at_once: int) -> None:
        self._store, self._sources, self._s3 = store, sources, s3
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="query")
        self._scans: dict[str, Scan] = {}
        self._changing = threading.RLock()
        for query in store.all("query"):
            if query["execution"]["Status"]["State"] not in OVER:
                self._end(query["execution"]["QueryExecutionId"], "FAILED", "The service was restarted", SYSTEM)

    def end(self) -> None:
        """Wait for no query any more."""
        for scan in list(self._scans.values()):
            scan.stopped.set()
            scan.connection.interrupt()
        self._pool.shutdown(cancel_futures=True)

    def start(self, given: Mapping[str, Any], workgroup: Document) -> str:
        """Accept a query, or the one that was accepted by the same token. Returns its identifier. Raises
        RefusedError."""
        sql.read(given["QueryString"])
        with self._changing:
            token = given.get("ClientRequestToken")
            known = self._store.get("token", token) if token else None
            if known:
                if known["given"] != given:
                    raise RefusedError("Idempotent parameters do not match")
                return str(known["id"])
            id = str(uuid4())
            self._store.put("query", id, {"execution": _execution(id, given, workgroup), "columns": []})
            if token:
                self._store.put("token", token, {"given": dict(given), "id": id})
        limit = workgroup["Configuration"].get("BytesScannedCutoffPerQuery")
        self._pool.submit(self._run, id, limit)
        return id

    def get(self, id: str) -> Document:
        """A query as the API shows it. Raises RefusedError."""
        return dict(self._query(id)["execution"])

    def stop(self, id: str) -> None:
        """Cancel a query that has not ended. Raises RefusedError."""
        with self._changing:
            if self._query(id)["execution"]["Status"]["State"] in OVER:
                return
            self._end(id, "CANCELLED", "Query cancelled by user")
            scan = self._scans.get(id)
        if scan:
            scan.stopped.set()
            scan.connection.interrupt()

    def results(self, id: str, offset: int, most: int) -> Document:
        """A page of a query's rows, read from S3 where they are kept. Raises RefusedError."""
        query = self._query(id)
        state = query["execution"]["Status"]["State"]
        if state != "SUCCEEDED":
            unfinished = f"Query has not yet finished. Current state: {state}"
            failed = f"Query did not finish successfully. Final query state: {state}"
            raise RefusedError(failed if state in OVER else unfinished)
        bucket, key = _place(query["execution"]["ResultConfiguration"]["OutputLocation"])
        try:
            text = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        except ClientError as error:
            raise RefusedError(f"Could not find results: {error}") from None
        return results.page(text, query["columns"], offset, most)

    def _query(self, id: str) -> Document:
        found = self._store.get("query", id)
        if not found:
            raise RefusedError(f"QueryExecution {id} was not found")
        return found

    def _run(self, id: str, limit: int | None) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="athena-") as folder:
                connection = connect(folder)
                scan = self._scans[id] = Scan(connection, Path(folder), limit)
                try:
                    self._answer(id, scan)
                finally:
                    connection.close()
        except LimitError as error:
            self._end(id, "CANCELLED", str(error))
        except (QueryError, duckdb.Error) as error:
            self._end(id, "FAILED", _reason(error), USER)
        except Exception as error:  # whatever it is, the query must end
            log.exception("query %s", id)
            self._end(id, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", SYSTEM)
        finally:
            self._scans.pop(id, None)

    def _answer(self, id: str, scan: Scan) -> None:
        began = time.time()
        with self._changing:
            execution = self.get(id)
            if execution["Status"]["State"] != "QUEUED":
                return
            self._change(id, {"State": "RUNNING"})
        query = sql.bind(execution["Query"], execution.get("ExecutionParameters", []))
        context = execution["QueryExecutionContext"]
        tables = self._sources.resolve(
            query, Context(context.get("Catalog", "AwsDataCatalog"), context.get("Database", ""))
        )
        wanted = pushdown.conditions(query, {name: list(table.columns) for name, table in tables.items()})
        for name, table in tables.items():
            table.load(scan, name, wanted[name])
        file = scan.folder / "result.csv"
        columns = results.write(scan.connection, sql.for_duckdb(query), file)
        with self._changing:
            if scan.stopped.is_set():
                return
            self._deliver(execution["ResultConfiguration"], file)
            self._store.put("query", id, {**self._query(id), "columns": columns})
            self._end(id, "SUCCEEDED", scanned=scan.bytes, seconds=time.time() - began)

    def _deliver(self, configuration: Mapping[str, Any], file: Path) -> None:
        bucket, key = _place(configuration["OutputLocation"])
        encryption = configuration.get("EncryptionConfiguration", {})
        options: dict[str, str] = {}
        if encryption:
            kms = encryption["EncryptionOption"].endswith("KMS")
            options["ServerSideEncryption"] = "aws:kms" if kms else "AES256"
            if encryption.get("KmsKey"):
                options["SSEKMSKeyId"] = encryption["KmsKey"]
        if configuration.get("ExpectedBucketOwner"):
            options["ExpectedBucketOwner"] = configuration["ExpectedBucketOwner"]
        try:
            with file.open("rb") as body:
                self._s3.put_object(Bucket=bucket, Key=key, Body=body, **options)
        except ClientError as error:
            raise QueryError(f"Unable to write to {configuration['OutputLocation']}: {error}") from None

    def _end(
        self, id: str, state: str, reason: str = "", category: int | None = None, scanned: int = 0, seconds: float = 0
    ) -> None:
        """Unless it has ended before."""
        status: Document = {"State": state, "CompletionDateTime": time.time()}
        if reason:
            status["StateChangeReason"] = reason
        if category:
            status["AthenaError"] = {
                "ErrorCategory": category, "ErrorType": 1000, "Retryable": category == SYSTEM, "ErrorMessage": reason
            }  # fmt: skip
        self._change(id, status, {"DataScannedInBytes": scanned, "EngineExecutionTimeInMillis": round(seconds * 1000)})

    def _change(self, id: str, status: Document, statistics: Document | None = None) -> None:
        with self._changing:
            query = self._query(id)
            execution = query["execution"]
            if execution["Status"]["State"] in OVER:
                return
            execution["Status"].update(status)
            if statistics:
                total = round((time.time() - execution["Status"]["SubmissionDateTime"]) * 1000)
                execution["Statistics"] = {**statistics, "TotalExecutionTimeInMillis": total}
            self._store.put("query", id, query)


def connect(folder: str) -> duckdb.DuckDBPyConnection:
    """A database in memory that reaches nothing but a query's own folder, and whose settings nobody changes."""
    connection = duckdb.connect()
    for name, value in (
        ("TimeZone", "'UTC'"),
        ("integer_division", "true"),
        ("memory_limit", f"'{MEMORY}'"),
        ("temp_directory", f"'{folder}'"),
        ("allowed_directories", f"['{folder}']"),
        ("enable_external_access", "false"),
    ):
        connection.execute(f"SET {name} = {value}")
    add_functions(connection)
    connection.execute("SET lock_configuration = true")
    return connection


def _execution(id: str, given: Mapping[str, Any], workgroup: Document) -> Document:
    configuration = workgroup["Configuration"]
    of_workgroup = configuration.get("ResultConfiguration", {})
    enforced = configuration.get("EnforceWorkGroupConfiguration")
    result = of_workgroup if enforced else {**of_workgroup, **given.get("ResultConfiguration", {})}
    folder = result.get("OutputLocation")
    if not folder:
        raise RefusedError(
            "No output location provided. An output location is required either through the Workgroup result"
            " configuration setting or as an API input."
        )
    execution = {
        "QueryExecutionId": id,
        "Query": given["QueryString"],
        "StatementType": "DML",
        "ResultConfiguration": {**result, "OutputLocation": f"{folder.rstrip('/')}/{id}.csv"},
        "QueryExecutionContext": {
            name: value.lower() if name == "Database" else value
            for name, value in given.get("QueryExecutionContext", {}).items()
        },
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {},
        "WorkGroup": workgroup["Name"],
        "EngineVersion": configuration["EngineVersion"],
    }
    if given.get("ExecutionParameters"):
        execution["ExecutionParameters"] = given["ExecutionParameters"]
    return execution


def _place(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def _reason(error: Exception) -> str:
    """DuckDB's errors as Athena would name them, without what surrounds them."""
    text = str(error)
    inner = re.search(r"executing the UDF: ValueError: (.*)", text, re.DOTALL)
    if inner:
        return f"INVALID_FUNCTION_ARGUMENT: {inner.group(1)}"
    kinds = {duckdb.BinderException: "TYPE_MISMATCH", duckdb.ConversionException: "INVALID_CAST_ARGUMENT"}
    name = next((name for kind, name in kinds.items() if isinstance(error, kind)), "GENERIC_USER_ERROR")
    name = "DIVISION_BY_ZERO" if "Division by zero" in text else name
    return text if isinstance(error, QueryError) else f"{name}: {text}"
