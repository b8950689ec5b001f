"""Every screening has exactly one note, whatever HOSP, the queue and the function's own death do: the function's code
and HOSP's simulator in virtual time. And without any one of the rules it would not be so."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import boto3
import pytest
from cloud_in_memory import BUCKET, DEAD_LETTERS, QUEUE, Cloud
from notes_writer import delivery
from notes_writer.claims import S3Claims
from notes_writer.delivery import Delivered, Delivery
from notes_writer.handler import NotesWriter
from notes_writer.hosp import NotesOfHosp
from notes_writer.messages import Messages
from notes_writer.settings import Settings
from proof import size
from virtual_hosp import VirtualHosp
from virtual_time import VirtualTime

WORKERS = 6
LIFE_SECONDS = 120
FAULTS = {
    "rate": 0.2,
    "mix": {"500": 0.4, "502": 0.3, "reset": 0.2, "stall": 0.1},
    "applied": 0.4,
    "late": 0.5,
    "late_seconds": [0, 5],
    "latency_ms": [20, 2000],
}
SETTINGS = Settings(
    hosp_url="http://proxies",
    hosp_timeout_seconds=12,
    hosp_ca="",
    hosp_secret_id="hosp",
    origin_secret="s" * 32,
    staff_id=1,
    note_title="Screening",
    settle_seconds=6,
    queue_url=QUEUE,
    dead_letter_queue_url=DEAD_LETTERS,
    bucket=BUCKET,
)


class Killed(BaseException):
    """The function is gone, and says nothing any more."""


class Quiet:
    def info(self, *_, **facts): ...

    error = info


@dataclass(frozen=True)
class World:
    """Everything there is, in one virtual time."""

    time: VirtualTime
    cloud: Cloud
    hosp: VirtualHosp
    chance: random.Random

    def screened(self, number: int) -> list[str]:
        """Put so many results into the queue within a minute; their references."""
        references = [f"screening-{n:032d}" for n in range(number)]
        sqs = boto3.client("sqs")
        for n, reference in enumerate(references):
            document = {
                "reference": reference,
                "patient_id": n % 200 + 1,
                "screening": str(n),
                "screened_at": "2026-11-25T12:00:00+00:00",
                "content_type": "application/json",
                "content_encoding": "",
                "result_base64": b64encode(json.dumps({"results": [n]}).encode()).decode(),
            }
            send = {"QueueUrl": QUEUE, "MessageBody": json.dumps(document)}
            self.time.later(60 * n / number, lambda send=send: sqs.send_message(**send))
        return references

    def writer(self, settings: Settings) -> NotesWriter:
        s3 = boto3.client("s3")
        return NotesWriter(
            settings=settings,
            messages=Messages(boto3.client("sqs"), s3, settings),
            delivery=Delivery(
                claims=S3Claims(s3, BUCKET),
                hosp=NotesOfHosp(settings, lambda: ("nurse", "nurse")),
                clock=self.time.now,
                settle_seconds=settings.settle_seconds,
                send_seconds=settings.hosp_timeout_seconds + 5,
            ),
            log=Quiet(),
        )

    def work(self, writer: NotesWriter, deaths: float = 0) -> None:
        """Lambda's part: several functions at a time that take batches, and die at any moment of a share of them."""

        def die(_: str = "") -> None:
            if self.chance.random() < deaths:
                raise Killed

        def function() -> None:
            while True:
                batch = self.cloud.receive(most=self.chance.randint(1, 3))
                if not batch and self.time.now() > sent_at:
                    if not self.cloud.queues[QUEUE]:
                        return
                    due = min(message.visible_at for message in self.cloud.queues[QUEUE].values())
                    self.time.sleep(due - self.time.now())
                elif not batch:
                    self.time.sleep(1)
                ends_at = self.time.now() + LIFE_SECONDS
                try:
                    done = [message for message in batch if writer.take(message.record(), ends_at)]
                    die()
                    for message in done:
                        del self.cloud.queues[QUEUE][message.id]
                except Killed:
                    continue
                assert self.time.now() <= ends_at

        sent_at = self.time.now() + 60
        self.hosp.before = self.hosp.after = die
        self.time.run(*[function] * WORKERS)

    def notes(self) -> Counter[str]:
        """How many notes there are, by reference."""
        rows = self.hosp.store.connection.execute("SELECT members FROM notes").fetchall()
        return Counter(json.loads(json.loads(text)["body"])["reference"] for (text,) in rows)

    def written(self) -> Counter[str]:
        """How often a note took effect, by the ledger."""
        requests = json.loads(self.hosp.ledger.read())["requests"]
        return Counter({name: entry["applied"] for name, entry in requests.items() if entry["method"] == "POST"})


@pytest.fixture
def world(cloud, monkeypatch, request) -> World:
    time = VirtualTime()
    cloud.clock, cloud.copies, cloud.visibility_seconds = time.now, 3, 6 * LIFE_SECONDS
    hosp = VirtualHosp(time)
    seed = getattr(request, "param", 1)
    hosp.fates.put({**FAULTS, "seed": seed})
    monkeypatch.setattr("urllib3.PoolManager", lambda **_: hosp)
    return World(time, cloud, hosp, random.Random(seed))


def each_once(references: Sequence[str]) -> Counter[str]:
    return Counter(dict.fromkeys(references, 1))


@pytest.mark.parametrize("world", [1, 2, 3], indirect=True)
def test_each_screening_has_one_note_with_each_message_three_times_and_functions_that_die(world):
    references = world.screened(200)
    world.work(world.writer(SETTINGS), deaths=0.03)
    assert world.notes() == each_once(references) == world.written()
    assert world.cloud.bodies(DEAD_LETTERS) == []


@pytest.mark.slow
def test_very_many_screenings_at_twenty_percent_faults(world, record_property):
    references = world.screened(size(test=500, prove=2000))
    world.work(world.writer(SETTINGS), deaths=0.01)
    record_property("measured", f"{len(references)} screenings, {sum(world.notes().values())} notes")
    assert world.notes() == each_once(references) == world.written()


def test_nothing_is_lost_while_the_notes_cannot_be_reached_for_two_minutes(world):
    world.hosp.fates.put({"burst": {"after_seconds": 10, "seconds": 120}})
    references = world.screened(100)
    world.work(world.writer(SETTINGS))
    assert world.notes() == each_once(references) == world.written()


def test_a_claim_that_cannot_be_kept_keeps_the_note_from_being_sent(world):
    references = world.screened(50)

    def fail(operation, parameters):
        if operation in ("PutObject", "GetObject") and world.chance.random() < 0.3:
            raise ConnectionError

    world.cloud.interfere = fail
    world.work(world.writer(SETTINGS))
    assert world.notes() == each_once(references) == world.written()


def test_writes_that_land_later_than_they_ever_should_leave_two_notes_of_which_the_younger_is_removed(world):
    world.hosp.fates.put({"late_seconds": [10, 30]})
    references = world.screened(300)
    world.work(world.writer(SETTINGS))
    assert max(world.written().values()) > 1
    assert world.notes() == each_once(references)


def test_without_the_last_look_such_notes_stay(world, monkeypatch):
    world.hosp.fates.put({"late_seconds": [10, 30]})
    world.screened(300)
    monkeypatch.setattr(delivery, "CHECK_SECONDS", 0)
    world.work(world.writer(SETTINGS))
    assert max(world.notes().values()) > 1


def test_without_claims_what_is_delivered_three_times_is_written_three_times(world, monkeypatch):
    world.screened(50)
    monkeypatch.setattr(S3Claims, "begin", lambda *_: "version")
    monkeypatch.setattr(S3Claims, "change", lambda *_: "version")
    world.work(world.writer(SETTINGS))
    assert min(world.notes().values()) == 3


def test_without_the_condition_two_functions_send_one_note(world, monkeypatch):
    put = S3Claims._put
    monkeypatch.setattr(S3Claims, "_put", lambda self, reference, claim, **condition: put(self, reference, claim))
    world.screened(50)
    world.work(world.writer(SETTINGS))
    assert max(world.written().values()) > 1


def test_without_a_look_what_was_written_in_spite_of_its_answer_is_written_again(world, monkeypatch):
    world.screened(100)
    monkeypatch.setattr(NotesOfHosp, "notes", lambda *_: [])
    world.work(world.writer(SETTINGS))
    assert max(world.notes().values()) > 1


def test_without_doubt_what_was_not_written_is_lost(world, monkeypatch):
    world.cloud.copies = 1
    references = world.screened(100)
    send = Delivery._send
    monkeypatch.setattr(Delivery, "_send", lambda *given: (send(*given), Delivered("surely"))[1])
    world.work(world.writer(SETTINGS))
    assert world.notes().keys() < set(references)
