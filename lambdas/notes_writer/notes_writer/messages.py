"""The queue's messages: what they hold, how long they rest, and where those end that can never become notes."""

from __future__ import annotations

import json
from math import ceil
from typing import Any

from notes_writer.note import UnreadableError
from notes_writer.settings import Settings

# SQS lets a message rest for 12 hours at most.
LONGEST_REST = 12 * 3600 - 600


class Messages:
    """`record` is one of an event's, as Lambda gets it from SQS. Raises ClientError."""

    def __init__(self, sqs: Any, s3: Any, settings: Settings) -> None:
        self._sqs = sqs
        self._s3 = s3
        self._settings = settings

    def text(self, record: dict[str, Any]) -> str:
        """The message, fetched from the bucket when it was too large for the queue. Raises UnreadableError."""
        try:
            pointer = json.loads(record["body"]).get("stored_at")
        except (ValueError, AttributeError, RecursionError):
            raise UnreadableError("the message is no JSON object") from None
        if pointer is None:
            return str(record["body"])
        if not str(pointer).startswith("results/"):
            raise UnreadableError("the message names no place of a result")
        try:
            answer = self._s3.get_object(Bucket=self._settings.bucket, Key=pointer)
        except self._s3.exceptions.NoSuchKey:
            raise UnreadableError("the result that the message names is not in the bucket") from None
        return str(answer["Body"].read().decode())

    def rest(self, record: dict[str, Any], seconds: float) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._settings.queue_url,
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=min(ceil(seconds), LONGEST_REST),
        )

    def bury(self, record: dict[str, Any], reason: str) -> None:
        self._sqs.send_message(
            QueueUrl=self._settings.dead_letter_queue_url,
            MessageBody=record["body"],
            MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
        )
