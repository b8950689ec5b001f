"""Athena, its results and the trail's log group in memory, behind real botocore clients."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audit_trail.query import Statement
from cloud_in_memory import Cloud
from trino import CLOUDWATCH, Line, run

RESULTS = "audit-results"


@dataclass
class AuditCloud(Cloud):
    """`lines` are the log's: when each was filed (ms), and its text. Queries end by `status`."""

    lines: list[Line] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=lambda: {"State": "SUCCEEDED"})
    streams: set[str] = field(default_factory=lambda: {"proxy1"})
    queries: dict[str, Statement] = field(default_factory=dict)
    cut: Callable[[bytes], bytes] = bytes

    def __post_init__(self) -> None:
        super().__post_init__()
        self._numbers = itertools.count(1)

    def _StartQueryExecution(self, client, QueryString, ExecutionParameters, WorkGroup):
        id = f"00000000-0000-4000-8000-{next(self._numbers):012}"
        statement = self.queries[id] = Statement(QueryString, ExecutionParameters)
        self.objects[f"{RESULTS}/results/{id}.csv"] = self.cut(run(statement, CLOUDWATCH, self.lines))
        return {"QueryExecutionId": id}

    def _GetQueryExecution(self, client, QueryExecutionId):
        if QueryExecutionId not in self.queries:
            raise named(client, "InvalidRequestException")
        return {
            "QueryExecution": {
                "QueryExecutionId": QueryExecutionId,
                "Status": self.status,
                "Statistics": {"DataScannedInBytes": 12_300_000, "TotalExecutionTimeInMillis": 20_400},
                "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/results/{QueryExecutionId}.csv"},
            }
        }

    def _StopQueryExecution(self, client, QueryExecutionId):
        self.queries.pop(QueryExecutionId)
        return {}

    def _GetObject(self, client, Bucket, Key, Range):
        if f"{Bucket}/{Key}" not in self.objects:
            raise named(client, "NoSuchKey")
        return {"Body": io.BytesIO(self.objects[f"{Bucket}/{Key}"][int(Range.removeprefix("bytes=")) :])}

    def _PutLogEvents(self, client, logGroupName, logStreamName, logEvents):
        assert logGroupName == CLOUDWATCH.schema
        if logStreamName not in self.streams:
            raise named(client, "ResourceNotFoundException")
        self.lines += [(event["timestamp"], event["message"]) for event in logEvents]
        return {}

    def _CreateLogStream(self, client, logGroupName, logStreamName):
        if logStreamName in self.streams:
            raise named(client, "ResourceAlreadyExistsException")
        self.streams.add(logStreamName)
        return {}


def named(client: Any, code: str) -> Exception:
    """An error by its own class, as botocore raises it."""
    raised: Exception = client.exceptions.from_code(code)({"Error": {"Code": code}}, "")
    return raised
