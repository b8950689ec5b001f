"""The times of events, as the agent finds them."""

import os
import time
from datetime import UTC, datetime

import pytest
from cloudwatch_agent.timestamp import Timestamp


def ms(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("wanted", "line", "found"),
    [
        ('"time":"%Y-%m-%dT%H:%M:%S', '{"time":"2026-01-31T23:59:58+00:00","x":1}', ms(2026, 1, 31, 23, 59, 58)),
        ("%Y-%m-%d %H:%M:%S.%f", "at 2026-01-31 23:59:58.12 it", ms(2026, 1, 31, 23, 59, 58) + 120),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-01-31 23:59:58.123456789", ms(2026, 1, 31, 23, 59, 58) + 123),
        ("%d/%b/%Y:%H:%M:%S %z", "[ 3/Feb/2026:01:00:00 +0200]", ms(2026, 2, 2, 23, 0, 0)),
        ("%-m/%-d/%y %I:%M:%S %p", "2/3/26 01:02:03 PM", ms(2026, 2, 3, 13, 2, 3)),
        ("(%Y-%m-%d)", "(2026-01-31)", ms(2026, 1, 31)),
        ("%Y-%m-%d", "no time", None),
        ("%Y-%m-%d", "2026-13-31", None),
        ("%Y-%m-%d", "२०२६-01-31", None),
    ],
    ids=["nginx", "fraction", "nanoseconds", "zone", "twelve hours", "literals", "none", "no month", "other digits"],
)
def test_the_first_time_in_a_line_is_found(wanted, line, found):
    assert Timestamp(wanted, "UTC").find(line) == found


def test_without_utc_it_is_this_machines_time(monkeypatch):
    before = os.environ.get("TZ")
    try:
        monkeypatch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        assert Timestamp("%Y-%m-%dT%H:%M:%S", "LOCAL").find("2026-07-01T02:00:00") == ms(2026, 7, 1)
    finally:
        monkeypatch.undo()
        assert os.environ.get("TZ") == before
        time.tzset()


@pytest.mark.parametrize(("wanted", "words"), [("%Q", "%Q is not one of %A"), ("%H:%M", "it has no year")])
def test_a_format_that_is_none_is_refused(wanted, words):
    with pytest.raises(ValueError, match=words):
        Timestamp(wanted, "UTC")
