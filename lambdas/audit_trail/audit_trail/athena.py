"""Athena's queries, and the bucket in which it leaves their results. Raises BotoCoreError and ClientError."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from audit_trail.query import Statement

# The last row, without which the file is not whole; see query.py. Text in a cell has its quotes doubled.
END = re.compile(rb'\n,"end",+"rows=(\d+) unreadable=(\d+) copies_left_out=(\d+)"\r?\n?\Z')
END_BYTES = 512


class GoneError(Exception):
    """Athena no longer knows the query, or its result has been deleted."""


class FailedError(Exception):
    """The query ended without a result, or with half of one; the text says why, in words for everybody."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Progress:
    """`place` is where the result is, once it is there: bucket and key."""

    bytes_read: int
    seconds: float
    place: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """`rows` without the last one, which has these; `unreadable` of them are lines that are no entries."""

    rows: int
    unreadable: int
    copies_left_out: int


class Athena:
    def __init__(self, athena: Any, s3: Any, workgroup: str) -> None:
        self._athena = athena
        self._s3 = s3
        self._workgroup = workgroup

    def start(self, statement: Statement) -> str:
        """The query's id. The workgroup says where results go, and how much may be read."""
        answer = self._athena.start_query_execution(
            QueryString=statement.sql, ExecutionParameters=list(statement.parameters), WorkGroup=self._workgroup
        )
        return str(answer["QueryExecutionId"])

    def stop(self, query_id: str) -> None:
        self._athena.stop_query_execution(QueryExecutionId=query_id)

    def progress(self, query_id: str) -> Progress:
        """Raises GoneError, FailedError."""
        try:
            query = self._athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        except self._athena.exceptions.InvalidRequestException:
            raise GoneError from None
        status, spent = query["Status"], query.get("Statistics", {})
        progress = Progress(
            bytes_read=spent.get("DataScannedInBytes", 0),
            seconds=spent.get("TotalExecutionTimeInMillis", spent.get("EngineExecutionTimeInMillis", 0)) / 1000,
        )
        if status["State"] in ("QUEUED", "RUNNING"):
            return progress
        if status["State"] == "SUCCEEDED":
            bucket, _, key = query["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
            return Progress(progress.bytes_read, progress.seconds, (bucket, key))
        # Athena's own words may repeat what was asked for.
        if "bytes scanned limit" in status.get("StateChangeReason", "").lower():
            raise FailedError("It would have read more than is allowed. Choose a shorter period.", "limit")
        if status["State"] == "CANCELLED":
            raise FailedError("It was stopped before it had a result.", "cancelled")
        error = status.get("AthenaError", {})
        raise FailedError("Athena could not run it.", f"{error.get('ErrorCategory')}/{error.get('ErrorType')}")

    def counts(self, place: tuple[str, str]) -> Counts:
        """Read from the end of the file, however large it is. Raises GoneError, FailedError."""
        bucket, key = place
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=-{END_BYTES}")
        except self._s3.exceptions.NoSuchKey:
            raise GoneError from None
        end = END.search(answer["Body"].read())
        if end is None:
            raise FailedError("Its result is not whole.", "no end")
        return Counts(*map(int, end.groups()))

    def link(self, place: tuple[str, str], name: str, seconds: int) -> str:
        """The result's URL, for whoever has it, for so long at most."""
        bucket, key = place
        wanted = {
            "Bucket": bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
            "ResponseContentType": "text/csv; charset=utf-8",
        }
        return str(self._s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))


def clients() -> tuple[Any, Any, Any]:
    """Athena, S3 and CloudWatch Logs. URLs are signed for the bucket's own region: for the global host S3 redirects."""
    import boto3
    from botocore.config import Config

    hasty = {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 2}}
    regional = Config(**hasty, signature_version="s3v4", s3={"addressing_style": "virtual"})
    return (
        boto3.client("athena", config=Config(**hasty)),
        boto3.client("s3", config=regional),
        boto3.client("logs", config=Config(**hasty)),
    )
