from __future__ import annotations

import functools
import json
import random
import zlib
from base64 import b64encode

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import notes_replay
from aws_in_memory import error
from botocore.client import BaseClient
from cloud_in_memory import BUCKET, DEAD_LETTERS, QUEUE, Cloud

OPTIONS = {"queue_url": QUEUE, "dead_letter_queue_url": DEAD_LETTERS, "bucket": BUCKET, "log_group": "/aws/lambda/s"}


@pytest.fixture
def cloud(monkeypatch, aws, run) -> Cloud:
    """SQS, S3 and a log; `cloud.run(…)` runs the module."""
    memory = Cloud()
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda client, name, given: memory.answer(client, name, given))
    memory.run = functools.partial(run, notes_replay.main, **OPTIONS)
    return memory


def message(reference: str, size: int = 10) -> str:
    return json.dumps({"reference": reference, "patient_id": 7, "result_base64": "x" * size})


def bury(cloud: Cloud, body: str, reason: str | None) -> None:
    attributes = {"reason": {"DataType": "String", "StringValue": reason}} if reason else None
    cloud._SendMessage(None, DEAD_LETTERS, body, attributes)


def log(cloud: Cloud, text: str, part_size: int = 10**6) -> None:
    packed = b64encode(zlib.compress(text.encode())).decode()
    parts = [packed[n : n + part_size] for n in range(0, len(packed), part_size)]
    for number, part in enumerate(parts, 1):
        line = {"message": "result kept in this log alone", "reference": json.loads(text)["reference"]}
        cloud.log.append(json.dumps({**line, "part": number, "parts": len(parts), "kept": part}))


def write_note(cloud: Cloud, reference: str, done: bool = True) -> None:
    cloud.objects[f"claims/{reference}.json"] = json.dumps({"done": done}).encode()


@pytest.fixture
def everywhere(cloud) -> Cloud:
    """One result in every place."""
    bury(cloud, message("a"), "HOSP answered 422: body")
    bury(cloud, message("b"), None)
    cloud.objects["undelivered/c.json"] = message("c").encode()
    log(cloud, message("d"))
    return cloud


def test_what_there_is_is_shown_and_left_where_it_is(everywhere):
    result = everywhere.run(check=True)
    assert result["changed"]
    assert [(found["place"], found["reason"], found["count"]) for found in result["counts"]] == [
        ("bucket", "the queue did not take it in time", 1),
        ("dead-letter queue", "HOSP answered 422: body", 1),
        ("dead-letter queue", "it was received too often", 1),
        ("log", "neither queue nor bucket took it", 1),
    ]
    assert sorted(found["reference"] for found in result["undelivered"]) == ["a", "b", "c", "d"]
    assert "patient_id" not in json.dumps(result["undelivered"])
    assert len(everywhere.receive(DEAD_LETTERS)) == 2
    assert (everywhere.bodies(), list(everywhere.objects)) == ([], ["undelivered/c.json"])


def test_patients_are_named_when_they_are_asked_for(everywhere):
    result = everywhere.run(check=True, show_patients=True)
    assert [found["patient_id"] for found in result["undelivered"]] == [7] * 4


def test_all_is_queued_again_and_taken_away_and_what_became_of_it_is_told(everywhere):
    def writes(operation, given):
        if operation == "SendMessage" and json.loads(given["MessageBody"])["reference"] != "b":
            write_note(everywhere, json.loads(given["MessageBody"])["reference"])

    everywhere.interfere = writes
    result = everywhere.run(wait_seconds=0)
    assert sorted(everywhere.bodies()) == sorted(message(name) for name in "abcd")
    assert everywhere.bodies(DEAD_LETTERS) == []
    assert "undelivered/c.json" not in everywhere.objects
    assert (result["delivered"], result["waiting"]) == (["a", "c", "d"], ["b"])


def test_a_second_run_finds_nothing(everywhere):
    everywhere.run(wait_seconds=0)
    for name in "abcd":
        write_note(everywhere, name)
    result = everywhere.run(wait_seconds=0)
    assert (result["changed"], result["undelivered"], result["delivered"]) == (False, [], [])


def test_a_message_is_queued_before_it_is_taken_away(everywhere):
    everywhere.run(wait_seconds=0)
    order = [name for name, _ in everywhere.calls if name in ("SendMessage", "DeleteMessage", "DeleteObject")]
    assert order == ["SendMessage", "DeleteObject", "SendMessage"] + ["SendMessage", "DeleteMessage"] * 2


@pytest.mark.parametrize(
    ("operation", "call", "left"),
    [
        ("FilterLogEvents", 1, 2),
        ("ListObjectsV2", 1, 2),
        ("ReceiveMessage", 2, 2),
        ("SendMessage", 1, 2),
        ("SendMessage", 4, 1),
        ("DeleteMessage", 1, 2),
        ("DeleteMessage", 2, 1),
    ],
)
def test_after_a_failure_the_dead_letters_that_were_not_replayed_are_not_hidden(everywhere, operation, call, left):
    def fail(name, given):
        if name == operation and [name for name, _ in everywhere.calls].count(name) == call:
            raise error("AccessDenied", operation, 403)

    everywhere.interfere = fail
    assert everywhere.run(wait_seconds=0)["failed"]
    assert len(everywhere.receive(DEAD_LETTERS)) == left


def test_a_large_one_goes_by_way_of_the_bucket(cloud):
    text = json.dumps({"reference": "large", "result_base64": random.Random(1).randbytes(300_000).hex()})
    log(cloud, text, part_size=200_000)
    assert len(cloud.log) > 1
    cloud.run(wait_seconds=0)
    assert [json.loads(body) for body in cloud.bodies()] == [{"reference": "large", "stored_at": "results/large.json"}]
    assert cloud.objects["results/large.json"].decode() == text


def test_half_of_a_logged_result_and_lines_that_are_none_are_left_out(cloud):
    text = json.dumps({"reference": "half", "result_base64": random.Random(1).randbytes(1000).hex()})
    log(cloud, text, part_size=500)
    cloud.log.pop(0)
    cloud.log += ["result kept in this log alone", '{"message": "result kept in this log alone"}']
    assert cloud.run(check=True)["undelivered"] == []


def test_a_message_that_cannot_be_read_is_shown_and_queued_all_the_same(cloud):
    bury(cloud, "[]", "the message is no JSON object")
    result = cloud.run(wait_seconds=0)
    assert [found["reference"] for found in result["undelivered"]] == [""]
    assert (cloud.bodies(), result["delivered"], result["waiting"]) == (["[]"], [], [])


def test_what_is_replayed_is_understood_by_the_function(cloud):
    """What the log holds is what `screening` writes there."""
    from screening.keeper import Keeper
    from screening.result import Message

    lines = []

    class Log:
        def critical(self, text, **facts):
            lines.append(json.dumps({"message": text, **facts}))

    Keeper._to_log(type("Logging", (), {"_log": Log()})(), Message("a", message("a")), {"request_id": "r"})
    cloud.log = lines
    cloud.run(wait_seconds=0)
    assert cloud.bodies() == [message("a")]
