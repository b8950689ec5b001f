"""SQS, S3, Secrets Manager and a log in memory, behind real botocore clients. Sources: their API references."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from aws_in_memory import Aws, error

QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/notes"
DEAD_LETTERS = f"{QUEUE}-dead"
BUCKET = "screening-results"


@dataclass
class Message:
    """One message of a queue; it is hidden until `visible_at`."""

    id: str
    body: str
    attributes: dict[str, Any]
    sent_at: float
    visible_at: float
    receives: int = 0

    def record(self) -> dict[str, Any]:
        """As a function gets it."""
        return {
            "messageId": self.id,
            "receiptHandle": f"receipt of {self.id}",
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": str(self.receives),
                "SentTimestamp": str(int(self.sent_at * 1000)),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }


@dataclass
class Cloud(Aws):
    """What is sent arrives `copies` times. Without a `clock` it is always the same moment."""

    clock: Callable[[], float] = lambda: 1_790_000_000.0
    copies: int = 1
    visibility_seconds: float = 30
    objects: dict[str, bytes] = field(default_factory=dict)
    queues: dict[str, dict[str, Message]] = field(default_factory=lambda: {QUEUE: {}, DEAD_LETTERS: {}})
    secrets: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._ids = (f"message-{n}" for n in itertools.count(1))
        self._order = random.Random(1)

    def receive(self, url: str = QUEUE, most: int = 10) -> list[Message]:
        """As Lambda takes messages from a queue, which keeps no order."""
        visible = [message for message in self.queues[url].values() if message.visible_at <= self.clock()]
        taken = self._order.sample(visible, min(most, len(visible)))
        for message in taken:
            message.receives += 1
            message.visible_at = self.clock() + self.visibility_seconds
        return taken

    def bodies(self, url: str = QUEUE) -> list[str]:
        return [message.body for message in self.queues[url].values()]

    def _SendMessage(self, client, QueueUrl, MessageBody, MessageAttributes=None):
        for _ in range(self.copies if QueueUrl == QUEUE else 1):
            id = next(self._ids)
            now = self.clock()
            self.queues[QueueUrl][id] = Message(id, MessageBody, MessageAttributes or {}, now, now)
        return {"MessageId": id}

    def _ReceiveMessage(self, client, QueueUrl, MaxNumberOfMessages=1, **options):
        taken = self.receive(QueueUrl, MaxNumberOfMessages)
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.record()["receiptHandle"],
                    "Body": message.body,
                    "Attributes": message.record()["attributes"],
                    "MessageAttributes": message.attributes,
                }
                for message in taken
            ]
        }

    def _DeleteMessage(self, client, QueueUrl, ReceiptHandle):
        self.queues[QueueUrl].pop(ReceiptHandle.removeprefix("receipt of "), None)
        return {}

    def _ChangeMessageVisibility(self, client, QueueUrl, ReceiptHandle, VisibilityTimeout):
        assert 0 <= VisibilityTimeout <= 43200
        self.queues[QueueUrl][ReceiptHandle.removeprefix("receipt of ")].visible_at = self.clock() + VisibilityTimeout
        return {}

    def _PutObject(self, client, Bucket, Key, Body, IfNoneMatch=None, IfMatch=None):
        assert Bucket == BUCKET
        if IfMatch and Key not in self.objects:
            raise error("NoSuchKey", "PutObject", 404)
        if (IfNoneMatch and Key in self.objects) or (IfMatch and IfMatch != _etag(self.objects[Key])):
            raise error("PreconditionFailed", "PutObject", 412)
        self.objects[Key] = bytes(Body)
        return {"ETag": _etag(self.objects[Key])}

    def _GetObject(self, client, Bucket, Key):
        if Key not in self.objects:
            raise client.exceptions.NoSuchKey({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": _etag(self.objects[Key])}

    def _DeleteObject(self, client, Bucket, Key):
        del self.objects[Key]
        return {}

    def _ListObjectsV2(self, client, Bucket, Prefix, **page):
        modified = datetime.fromtimestamp(self.clock(), UTC)
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        return {"Contents": [{"Key": key, "LastModified": modified} for key in keys]}

    def _FilterLogEvents(self, client, logGroupName, filterPattern, startTime):
        words = filterPattern.strip('"')
        return {"events": [{"timestamp": startTime, "message": line} for line in self.log if words in line]}

    def _GetSecretValue(self, client, SecretId):
        return {"SecretString": self.secrets[SecretId]}


def _etag(content: bytes) -> str:
    return f'"{md5(content).hexdigest()}"'
