"""AWS Lambda's entry: a batch of messages in, those that must come again out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from notes_writer import settings
from notes_writer.delivery import BEFORE, Delivery, RefusedError, Rests
from notes_writer.log import metric
from notes_writer.note import UnreadableError, note

if TYPE_CHECKING:
    from notes_writer.messages import Messages

# What remains of the function's time after the last write, to say what became of it.
MARGIN_SECONDS = 5
# Somebody should look why a message still rests. SQS's own age of the oldest leaves out what was received thrice.
LATE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class NotesWriter:
    """What the function works with."""

    settings: settings.Settings
    messages: Messages
    delivery: Delivery
    log: Any

    def take(self, record: dict[str, Any], ends_at: float) -> bool:
        """Whether this message is done with. Never raises, so that one message does not harm another."""
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        try:
            return self._take(record, ends_at, receives)
        except Exception as error:
            # The names of errors alone: their texts may hold a patient's data.
            self.log.error("message failed", error=type(error).__name__, receives=receives, **metric("MessagesFailed"))
            return False

    def _take(self, record: dict[str, Any], ends_at: float, receives: int) -> bool:
        about: dict[str, Any] = {"receives": receives}
        try:
            wanted = note(self.messages.text(record), self.settings.note_title, self.settings.staff_id)
            about["reference"] = wanted.reference
            outcome = self.delivery.deliver(wanted, ends_at, receives)
        except (RefusedError, UnreadableError) as error:
            self.messages.bury(record, str(error))
            self.log.error("message buried", reason=str(error), **about, **metric("MessagesBuried"))
            return True
        if outcome.removed:
            self.log.error("younger note removed", count=outcome.removed, **about, **metric("NotesTwice"))
        if isinstance(outcome, Rests):
            self.messages.rest(record, outcome.seconds)
            is_late = time.time() - int(record["attributes"]["SentTimestamp"]) / 1000 > LATE_SECONDS
            counted = metric("MessagesLate") if is_late else {}
            self.log.info("message rests", why=outcome.why, seconds=round(outcome.seconds), **about, **counted)
            return False
        if outcome.kept:
            self.log.error("younger note was changed, and stays", count=outcome.kept, **about, **metric("NotesTwice"))
        counted = {} if outcome.how == BEFORE else metric("NotesDelivered")
        self.log.info("note delivered", how=outcome.how, **about, **counted)
        return True


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """An empty batch shows that settings and packages are there: a release tests a version with it."""
    ends_at = time.time() + context.get_remaining_time_in_millis() / 1000
    writer = function()
    failed = [record["messageId"] for record in event["Records"] if not writer.take(record, ends_at)]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


@cache
def function() -> NotesWriter:
    import boto3

    from notes_writer.claims import S3Claims
    from notes_writer.hosp import NotesOfHosp
    from notes_writer.log import logger
    from notes_writer.messages import Messages

    configured = settings.read(os.environ)
    s3 = boto3.client("s3")
    hosp = NotesOfHosp(configured, credentials(boto3.client("secretsmanager"), configured.hosp_secret_id))
    return NotesWriter(
        settings=configured,
        messages=Messages(boto3.client("sqs"), s3, configured),
        delivery=Delivery(
            claims=S3Claims(s3, configured.bucket),
            hosp=hosp,
            clock=time.time,
            settle_seconds=configured.settle_seconds,
            send_seconds=configured.hosp_timeout_seconds + MARGIN_SECONDS,
        ),
        log=logger(),
    )


def credentials(secrets: Any, secret_id: str) -> Callable[[], tuple[str, str]]:
    """Reads HOSP's user and password from a secret `{"username": ..., "password": ...}`."""

    def read() -> tuple[str, str]:
        given = json.loads(secrets.get_secret_value(SecretId=secret_id)["SecretString"])
        return given["username"], given["password"]

    return read
