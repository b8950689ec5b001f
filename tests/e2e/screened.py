"""Screenings in the running lab: how they are asked for, and where their results lie until they are notes."""

from __future__ import annotations

import secrets
import time
from typing import Any

import boto3
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Pace
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.screenings import Screenings
from running_lab import AWS, CA, DOMAIN, FRONT

QUEUES = f"{AWS}/000000000000"
NOTES, DEAD_LETTERS = f"{QUEUES}/notes", f"{QUEUES}/notes-dead"
BUCKET = "steadyfront-screenings"


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    return boto3.client(service, endpoint_url=AWS, region_name="eu-central-1", **keys)


def screenings(pace: Pace) -> Screenings:
    """A nurse's, through the front."""
    nurse = basic_authorization("nurse", "nurse")
    front = Target("through the front", FRONT, host_header=DOMAIN, headers=nurse, ca_path=str(CA))
    return Screenings(front, pace, 90, f"screening-{secrets.token_hex(4)}")


def waiting(queue: str) -> int:
    """How many messages are in it, those included that somebody has or that rest."""
    counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=list(counted))["Attributes"]
    return sum(int(found[name]) for name in counted)


def undelivered() -> int:
    """How many results lie where the queue could not be reached."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="undelivered/")
    return sum(page["KeyCount"] for page in pages)


def wait_until_all_are_delivered(seconds: float = 600) -> None:
    """Until no message waits any more."""
    end = time.monotonic() + seconds
    while waiting(NOTES):
        assert time.monotonic() < end, f"{waiting(NOTES)} messages still wait after {seconds} s"
        time.sleep(1)
