"""Athena as its users have it."""

from __future__ import annotations

import time
from typing import Any

from athena.queries import OVER
from region_in_memory import Region

OUTPUT = "s3://results/queries/"


class Athena:
    """A client, and what most tests do with it."""

    def __init__(self, client: Any, region: Region) -> None:
        self.client, self.region = client, region

    def start(self, query: str, *parameters: str, **more: Any) -> str:
        given = {"ExecutionParameters": list(parameters)} if parameters else {}
        more.setdefault("ResultConfiguration", {"OutputLocation": OUTPUT})
        return str(self.client.start_query_execution(QueryString=query, **given, **more)["QueryExecutionId"])

    def ended(self, id: str, seconds: float = 300) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            execution = self.client.get_query_execution(QueryExecutionId=id)["QueryExecution"]
            if execution["Status"]["State"] in OVER:
                return dict(execution)
            time.sleep(0.01)
        raise AssertionError(f"query {id} has not ended after {seconds} s")

    def run(self, query: str, *parameters: str, **more: Any) -> dict[str, Any]:
        return self.ended(self.start(query, *parameters, **more))

    def csv(self, query: str, *parameters: str, **more: Any) -> str:
        """The result's file."""
        execution = self.run(query, *parameters, **more)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        return self.region.objects[execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")].decode()

    def value(self, expression: str, *parameters: str) -> str | None:
        """What an expression is; None for NULL."""
        rows = self.csv(f"SELECT {expression} AS value", *parameters).split("\n", 1)[1].removesuffix("\n")
        return None if rows == "" else rows[1:-1].replace('""', '"')

    def reason(self, query: str, *parameters: str, **more: Any) -> str:
        """Why a query failed."""
        execution = self.run(query, *parameters, **more)
        assert execution["Status"]["State"] == "FAILED", execution["Status"]
        return str(execution["Status"]["StateChangeReason"])
