"""Where results are kept until they are notes: in the queue, else in the bucket, else in the log."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from screening.log import metric
from screening.result import Message
from screening.settings import Settings

QUEUE_SECONDS = 0.3
BUCKET_SECONDS = 1.0

# What every SQS queue takes; one made since August 2025 takes four times as much.
LARGEST_MESSAGE = 256 * 1024

# A log event holds 256 KiB, with what stands around it.
LARGEST_LOGGED = 200_000


class Keeper:
    """The clients are made in a thread, from the start: meanwhile HOSP is asked, which takes longer."""

    def __init__(self, settings: Settings, clients: Callable[[], tuple[Any, Any]], log: Any) -> None:
        self._settings = settings
        self._log = log
        self._threads = ThreadPoolExecutor(max_workers=4)
        self._clients = self._threads.submit(clients)

    def keep(self, message: Message, ids: Mapping[str, str]) -> None:
        """Never raises, for the user's answer goes out whatever becomes of the note. `ids` are the request's.

        What takes too long may still be kept where it was sent: the reference makes one note of it all the same.
        """
        places = (("queue", self._to_queue, QUEUE_SECONDS), ("bucket", self._to_bucket, BUCKET_SECONDS))
        for place, keep, seconds in places:
            about = {"reference": message.reference, "place": place, **ids}
            try:
                self._clients.result()
                self._threads.submit(keep, message).result(seconds)
            except Exception as error:
                # The names of errors alone: their texts may hold what was to be kept.
                self._log.error("result not kept", error=type(error).__name__, **about, **metric("ResultsNotKept"))
            else:
                self._log.info("result kept", **about)
                return
        self._to_log(message, ids)

    def _to_queue(self, message: Message) -> None:
        sqs, _ = self._clients.result()
        text = message.text
        if len(text) > LARGEST_MESSAGE:
            key = f"results/{message.reference}.json"
            self._put(key, message)
            text = json.dumps({"reference": message.reference, "stored_at": key})
        sqs.send_message(QueueUrl=self._settings.queue_url, MessageBody=text)

    def _to_bucket(self, message: Message) -> None:
        self._put(f"undelivered/{message.reference}.json", message)

    def _put(self, key: str, message: Message) -> None:
        _, s3 = self._clients.result()
        s3.put_object(Bucket=self._settings.bucket, Key=key, Body=message.text.encode())

    def _to_log(self, message: Message, ids: Mapping[str, str]) -> None:
        """The only lines with a patient's data, packed: without them the result would be lost."""
        packed = b64encode(zlib.compress(message.text.encode())).decode()
        parts = [packed[start : start + LARGEST_LOGGED] for start in range(0, len(packed), LARGEST_LOGGED)]
        for number, part in enumerate(parts, 1):
            facts = {"reference": message.reference, "part": number, "parts": len(parts), "kept": part, **ids}
            self._log.critical("result kept in this log alone", **facts, **metric("ResultsOnlyLogged"))


def clients() -> tuple[Any, Any]:
    """SQS and S3, which answer in time or not at all."""
    import boto3
    from botocore.config import Config

    def hasty(seconds: float) -> Config:
        return Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})

    return (
        boto3.client("sqs", config=hasty(QUEUE_SECONDS)),
        boto3.client("s3", config=hasty(BUCKET_SECONDS)),
    )
