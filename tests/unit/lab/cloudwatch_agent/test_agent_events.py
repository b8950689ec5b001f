"""What lines become, and how many of them go into one request."""

import pytest
from cloudwatch_agent.events import MOST_MESSAGE_BYTES, Batch, Event, Reader
from cloudwatch_agent.timestamp import Timestamp

NOW = 1_800_000_000_000
DAY = 24 * 3600 * 1000


def read(*lines: bytes, timestamp: Timestamp | None = None) -> list[Event]:
    reader = Reader(timestamp)
    return [event for line in lines for event in reader.events(line, NOW)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"as it is\n", "as it is"),
        (b"by Windows\r\n", "by Windows"),
        (b"first\n  second\n", "first\n  second"),
        (b"n\xc3\xa4h\n", "näh"),
        (b"\xff \xc3( \xed\xa0\x80\n", "\ufffd \ufffd( \ufffd\ufffd\ufffd"),
        (b'"\\ \x00\x1b\n', '"\\ \x00\x1b'),
    ],
    ids=["plain", "carriage return", "continued", "utf-8", "no utf-8", "controls"],
)
def test_an_event_has_the_text_of_its_line(line, message):
    assert [event.message for event in read(line)] == [message]


def test_a_line_with_nothing_in_it_is_no_event():
    assert read(b"\n", b"\r\n") == []


def test_a_line_that_is_too_long_becomes_several_events_and_loses_nothing():
    # Each byte that is no UTF-8 becomes three, and none of them may be cut off.
    events = read(b"a" + b"\xff" * MOST_MESSAGE_BYTES)
    assert "".join(event.message for event in events) == "a" + "\ufffd" * MOST_MESSAGE_BYTES
    assert all(len(event.message.encode()) <= MOST_MESSAGE_BYTES for event in events)
    assert len(events) == 4


def test_an_event_without_a_time_has_that_of_the_one_before_or_of_its_arrival():
    timestamp = Timestamp("%Y-%m-%dT%H:%M:%S", "UTC")
    events = read(b"none\n", b"2027-01-15T07:59:59\n", b"none again\n", timestamp=timestamp)
    assert [event.time_ms for event in events] == [NOW, NOW - 1000, NOW - 1000]


def test_what_cloudwatch_would_reject_is_discarded_and_counted():
    reader = Reader(Timestamp("%Y-%m-%dT%H:%M:%S", "UTC"))
    lines = [b"2026-12-31T00:00:00 too old", b"2027-01-15T11:00:00 too far ahead", b"2027-01-15T09:00:00 right"]
    events = [event for line in lines for event in reader.events(line, NOW)]
    assert [event.message[20:] for event in events] == ["right"]
    assert reader.discarded == 2


def filled(*events: Event) -> Batch:
    batch = Batch(0)
    for event in events:
        assert batch.fits(event)
        batch.add(event)
    return batch


def test_a_request_has_ten_thousand_events_at_most():
    batch = filled(*[Event(NOW, "x", 27)] * 10_000)
    assert not batch.fits(Event(NOW, "x", 27))


def test_a_request_has_a_mebibyte_at_most_with_26_bytes_for_each_event():
    [event] = read(b"x" * 1000)
    assert event.size == 1026
    most = 1024 * 1024 // 1026
    assert not filled(*[event] * most).fits(event)


def test_a_request_spans_less_than_a_day_whichever_way():
    batch = filled(Event(NOW, "x", 27))
    assert batch.fits(Event(NOW + DAY - 1, "x", 27))
    assert not batch.fits(Event(NOW + DAY, "x", 27))
    assert not batch.fits(Event(NOW - DAY, "x", 27))


def test_a_request_is_by_time_and_keeps_the_order_within_one_time():
    batch = filled(Event(NOW, "b", 27), Event(NOW - 5, "a", 27), Event(NOW, "c", 27))
    assert [event["message"] for event in batch.request()] == ["a", "b", "c"]
