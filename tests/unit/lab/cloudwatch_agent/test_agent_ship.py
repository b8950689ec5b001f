"""When something is sent, and when again; in seconds that only the test lets pass."""

import pytest
from cloudwatch_agent import trail
from cloudwatch_agent.events import MOST_EVENTS, Batch, Reader
from cloudwatch_agent.ship import LONGEST_WAIT_SECONDS, Shipper, UnavailableError, wait_seconds
from cloudwatch_agent.trail import Trail

NOW = 1_800_000_000_000


class Stream:
    """Keeps what it is given, but while it is away."""

    name = "group stream"

    def __init__(self) -> None:
        self.away = False
        self.tries = 0
        self.batches: list[list[str]] = []

    def put(self, batch: Batch) -> None:
        self.tries += 1
        if self.away:
            raise UnavailableError("away")
        self.batches.append([event.message for event in batch.events])


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setattr(trail, "IDLE_SECONDS", 0)
    path = tmp_path / "access.log"
    path.touch()
    return path


@pytest.fixture
def shipper(log, stream, tmp_path) -> Shipper:
    return Shipper(Trail(log, tmp_path / "state"), Reader(None), stream, flush_seconds=5)


def test_events_wait_for_others_until_they_have_waited_long_enough(log, stream, shipper):
    log.write_text("one\n")
    assert not shipper.round(0, NOW)
    log.write_text("one\ntwo\n")
    shipper.round(4.9, NOW)
    assert stream.batches == []
    shipper.round(5, NOW)
    assert stream.batches == [["one", "two"]]


def test_a_full_request_goes_at_once_and_the_next_too(log, stream, shipper):
    log.write_text("x\n" * (2 * MOST_EVENTS + 1))
    rounds = [shipper.round(0, NOW) for _ in range(3)]
    assert rounds == [True, True, False]
    assert [len(batch) for batch in stream.batches] == [MOST_EVENTS, MOST_EVENTS]
    shipper.round(5, NOW)
    assert [len(batch) for batch in stream.batches] == [MOST_EVENTS, MOST_EVENTS, 1]


def test_while_nothing_can_be_delivered_it_is_tried_less_and_less_and_rotations_are_seen(log, stream, shipper):
    stream.away = True
    log.write_text("one\n")
    for quarter in range(4 * 60):
        shipper.round(quarter / 4, NOW)
        if quarter == 100:
            log.rename(log.with_name("access.log.1"))
            log.write_text("two\n")
        if quarter == 200:
            log.with_name("access.log.1").unlink()
            log.rename(log.with_name("access.log.1"))
            log.write_text("three\n")
    assert 6 <= stream.tries <= 20
    stream.away = False
    shipper.round(60 + LONGEST_WAIT_SECONDS, NOW)
    assert stream.batches == [["one", "two", "three"]]


def test_a_wait_doubles_to_its_longest_and_is_never_less_than_half():
    shortest = [wait_seconds(failures, lambda least, most: least) for failures in range(8)]
    longest = [wait_seconds(failures, lambda least, most: most) for failures in range(8)]
    assert longest == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
    assert shortest == [most / 2 for most in longest]
    assert wait_seconds(10_000, lambda least, most: most) == LONGEST_WAIT_SECONDS
