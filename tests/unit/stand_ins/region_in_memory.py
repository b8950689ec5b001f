"""S3, Glue and CloudWatch Logs in memory, behind real botocore clients. Sources: their API references."""

from __future__ import annotations

import gzip
import io
import itertools
from dataclasses import dataclass, field
from typing import Any

import boto3
from aws_in_memory import Aws, error

CREDENTIALS = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab", "region_name": "eu-central-1"}
# So small that whatever reads pages must ask again.
EVENTS_A_PAGE = 500
OBJECTS_A_PAGE = 3


@dataclass
class Region(Aws):
    """``groups``: log group → stream → events (milliseconds, message). ``objects``: bucket/key → bytes. ``tables``:
    database.table → Glue's Table. ``read``: the keys that were fetched."""

    groups: dict[str, dict[str, list[tuple[int, str]]]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    written: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def client(self, service: str) -> Any:
        """One of boto3's, whose requests end here."""
        client = boto3.client(service, **CREDENTIALS)
        client._make_api_call = lambda operation, given: self.answer(client, operation, given)
        return client

    def answer(self, client, operation, parameters):
        """A body is read as it is sent."""
        body = {"Body": parameters["Body"].read()} if "Body" in parameters else {}
        return super().answer(client, operation, {**parameters, **body})

    def clear(self) -> None:
        self.calls.clear()
        for kept in (self.groups, self.objects, self.tables, self.read, self.written):
            kept.clear()

    def _DescribeLogGroups(self, client, nextToken="0"):
        names = sorted(self.groups)
        here = int(nextToken)
        after = {"nextToken": str(here + 2)} if here + 2 < len(names) else {}
        return {"logGroups": [{"logGroupName": name} for name in names[here : here + 2]], **after}

    def _DescribeLogStreams(self, client, logGroupName, nextToken="0"):
        names = sorted(self.groups[logGroupName])
        here = int(nextToken)
        after = {"nextToken": str(here + 50)} if here + 50 < len(names) else {}
        return {"logStreams": [{"logStreamName": name} for name in names[here : here + 50]], **after}

    def _GetLogEvents(
        self, client, logGroupName, logStreamName, startFromHead, startTime=0, endTime=2**63, nextToken="f/0"
    ):
        events = [event for event in self.groups[logGroupName][logStreamName] if startTime <= event[0] < endTime]
        here = int(nextToken.removeprefix("f/"))
        page = events[here : here + EVENTS_A_PAGE]
        return {
            "events": [{"timestamp": time, "message": message, "ingestionTime": time} for time, message in page],
            "nextForwardToken": f"f/{here + len(page)}",
        }

    def _GetTable(self, client, DatabaseName, Name):
        if f"{DatabaseName}.{Name}" not in self.tables:
            raise error("EntityNotFoundException", "GetTable")
        return {"Table": {"DatabaseName": DatabaseName, **self.tables[f"{DatabaseName}.{Name}"], "Name": Name}}

    def _ListObjectsV2(self, client, Bucket, Prefix, ContinuationToken="0", **encoding):
        keys = [name.partition("/")[2] for name in sorted(self.objects) if name.startswith(f"{Bucket}/{Prefix}")]
        here = int(ContinuationToken)
        more = here + OBJECTS_A_PAGE < len(keys)
        listed = [
            {"Key": key, "Size": len(self.objects[f"{Bucket}/{key}"])} for key in keys[here : here + OBJECTS_A_PAGE]
        ]
        after = {"NextContinuationToken": str(here + OBJECTS_A_PAGE)} if more else {}
        return {"Contents": listed, "IsTruncated": more, **after}

    def _GetObject(self, client, Bucket, Key):
        if f"{Bucket}/{Key}" not in self.objects:
            raise error("NoSuchKey", "GetObject", 404)
        self.read.append(f"{Bucket}/{Key}")
        return {"Body": _Copy(self.objects[f"{Bucket}/{Key}"])}

    def _PutObject(self, client, Bucket, Key, Body, **options):
        if Bucket == "nowhere":
            raise error("NoSuchBucket", "PutObject", 404)
        self.objects[f"{Bucket}/{Key}"] = Body
        self.written[f"{Bucket}/{Key}"] = options
        return {"ETag": '"0"'}


class _Copy(io.BytesIO):
    """A body that may be read by each that asks."""

    def __deepcopy__(self, memo: Any) -> _Copy:
        return _Copy(self.getvalue())


def json_lines(*lines: str, compressed: bool = False) -> bytes:
    text = "".join(f"{line}\n" for line in lines).encode()
    return gzip.compress(text, mtime=0) if compressed else text


def numbered(count: int, start: int = 0) -> list[tuple[int, str]]:
    """Events a millisecond apart."""
    return list(zip(itertools.count(start), (f"line {n}" for n in range(count)), strict=False))
