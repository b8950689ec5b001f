#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Screening results that are no notes yet are given to their queue again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: notes_replay
short_description: Deliver screening results that are no notes yet
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Shows which screening results lie in the dead-letter queue, in the bucket or in the log of the function
    C(screening), gives them to the queue of C(notes_writer) again, and waits until their notes are there.
  - Each note is written once, however often its result is replayed.
options:
  queue_url:
    description: The queue of C(notes_writer).
    type: str
    required: true
  dead_letter_queue_url:
    description: Where C(notes_writer) puts messages that HOSP refuses.
    type: str
    required: true
  bucket:
    description: The bucket of both functions.
    type: str
    required: true
  log_group:
    description:
      - The log group of C(screening). Without it the log is not searched.
      - Lines cannot be taken out of a log. A result of which a note was made is not shown again.
    type: str
  log_days:
    description: How many days the log is searched back.
    type: int
    default: 14
  show_patients:
    description: Whether the patients' numbers are returned.
    type: bool
    default: false
  wait_seconds:
    description: How long to wait at most until the notes are there.
    type: int
    default: 300
attributes:
  check_mode:
    description: Shows what there is, and leaves it where it is.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Deliver what could not be delivered
  steadyfront.fleet.notes_replay:
    queue_url: https://sqs.eu-central-1.amazonaws.com/111122223333/notes
    dead_letter_queue_url: https://sqs.eu-central-1.amazonaws.com/111122223333/notes-dead
    bucket: screening-results
    log_group: /aws/lambda/screening
    region: eu-central-1
"""

RETURN = r"""
counts:
  description: How many were found where, and why they lie there.
  type: list
  elements: dict
  returned: always
  sample: [{place: dead-letter queue, reason: "HOSP answered 422: patient_id", count: 2, oldest_seconds: 5400}]
undelivered:
  description: What was found, one by one.
  type: list
  elements: dict
  returned: always
  contains:
    place: {description: "V(dead-letter queue), V(bucket) or V(log).", type: str, returned: always}
    reason: {description: Why it lies there., type: str, returned: always}
    age_seconds: {description: For how long., type: int, returned: always}
    reference: {description: What its note bears; empty when the message cannot be read., type: str, returned: always}
    patient_id: {description: The patient's number., type: int, returned: with O(show_patients)}
delivered:
  description: The references of the replayed results whose notes are there.
  type: list
  elements: str
  returned: always
waiting:
  description: The references of those whose notes are not there yet.
  type: list
  elements: str
  returned: always
"""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import connect
from ansible_collections.steadyfront.fleet.plugins.module_utils.undelivered import (
    LARGEST_MESSAGE,
    LOGGED,
    Undelivered,
    counts,
    logged,
)

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule says so

# For so long nobody else gets a message that is being replayed.
HIDDEN_SECONDS = 900
BURIED = "dead-letter queue"
BUCKET = "bucket"


class Results:
    """Where results wait."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self._options = module.params
        self._sqs, self._s3, self._logs = (connect(module, name) for name in ("sqs", "s3", "logs"))

    def undelivered(self) -> Iterator[Undelivered]:
        """Messages of the dead-letter queue come last, for each is hidden until it is replayed or left."""
        yield from self._kept()
        yield from (found for found in self._logged() if not self.noted(found.reference))
        yield from self._buried()

    def replay(self, found: Undelivered) -> None:
        """Queued first, then taken away: in between it is there twice, and makes one note all the same."""
        text = found.text
        if len(text) > LARGEST_MESSAGE:
            key = f"results/{found.reference}.json"
            self._s3.put_object(Bucket=self._options["bucket"], Key=key, Body=text.encode(), aws_retry=True)
            text = json.dumps({"reference": found.reference, "stored_at": key})
        self._sqs.send_message(QueueUrl=self._options["queue_url"], MessageBody=text, aws_retry=True)
        if found.place == BURIED:
            queue = self._options["dead_letter_queue_url"]
            self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=found.handle, aws_retry=True)
        if found.place == BUCKET:
            self._s3.delete_object(Bucket=self._options["bucket"], Key=found.handle, aws_retry=True)

    def leave(self, found: Iterable[Undelivered]) -> None:
        """Show messages of the dead-letter queue to others again; all that can be, before an error is raised."""
        queue = self._options["dead_letter_queue_url"]
        errors = []
        for handle in [one.handle for one in found if one.place == BURIED]:
            try:
                self._sqs.change_message_visibility(
                    QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0, aws_retry=True
                )
            except ClientError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def noted(self, reference: str) -> bool:
        """Whether the note is there, as `notes_writer` has written down."""
        try:
            claim = self._read(f"claims/{reference}.json")
        except is_boto3_error_code("NoSuchKey"):
            return False
        return bool(json.loads(claim)["done"])

    def _buried(self) -> Iterator[Undelivered]:
        while messages := self._receive():
            for message in messages:
                attributes = message.get("MessageAttributes", {})
                reason = attributes.get("reason", {}).get("StringValue", "it was received too often")
                since = int(message["Attributes"]["SentTimestamp"]) / 1000
                yield Undelivered(BURIED, reason, since, message["Body"], message["ReceiptHandle"])

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._options["dead_letter_queue_url"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=2,
            MessageAttributeNames=["reason"],
            MessageSystemAttributeNames=["SentTimestamp"],
            aws_retry=True,
        )
        return list(answer.get("Messages", []))

    def _kept(self) -> list[Undelivered]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._options["bucket"], Prefix="undelivered/"
        )
        kept = [item for page in pages for item in page.get("Contents", [])]
        reason = "the queue did not take it in time"
        return [
            Undelivered(BUCKET, reason, item["LastModified"].timestamp(), self._read(item["Key"]), item["Key"])
            for item in kept
        ]

    def _logged(self) -> list[Undelivered]:
        if not self._options["log_group"]:
            return []
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._options["log_group"],
            filterPattern=f'"{LOGGED}"',
            startTime=int((time.time() - self._options["log_days"] * 86400) * 1000),
        )
        return list(logged(event for page in pages for event in page["events"]))

    def _read(self, key: str) -> str:
        answer = self._s3.get_object(Bucket=self._options["bucket"], Key=key, aws_retry=True)
        return str(answer["Body"].read().decode())


def delivered(results: Results, references: set[str], seconds: int) -> set[str]:
    """Those whose notes are there, after so long at most."""
    end = time.monotonic() + seconds
    there: set[str] = set()
    while True:
        there |= {reference for reference in references - there if results.noted(reference)}
        if there == references or time.monotonic() >= end:
            return there
        time.sleep(5)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "queue_url": {"type": "str", "required": True},
            "dead_letter_queue_url": {"type": "str", "required": True},
            "bucket": {"type": "str", "required": True},
            "log_group": {"type": "str"},
            "log_days": {"type": "int", "default": 14},
            "show_patients": {"type": "bool", "default": False},
            "wait_seconds": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    found: list[Undelivered] = []
    replayed = 0
    try:
        results = Results(module)
        try:
            for one in results.undelivered():
                found.append(one)
            if not module.check_mode:
                for one in found:
                    results.replay(one)
                    replayed += 1
        except (BotoCoreError, ClientError):
            # What went wrong first matters more.
            with suppress(ClientError):
                results.leave(found[replayed:])
            raise
        results.leave(found[replayed:])
        references = {one.reference for one in found if one.reference}
        there = delivered(results, references, 0 if module.check_mode else module.params["wait_seconds"])
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="AWS did not do it; what was not replayed is where it was")
    now = time.time()
    module.exit_json(
        changed=bool(found),
        counts=counts(found, now),
        undelivered=[one.shown(now, module.params["show_patients"]) for one in found],
        delivered=sorted(there),
        waiting=sorted(references - there),
    )


if __name__ == "__main__":
    main()
