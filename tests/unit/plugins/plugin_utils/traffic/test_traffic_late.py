"""How late an API writes: what is seen of it, and what is said. Against the simulator of HOSP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.late import (
    Outcome,
    Watch,
    measure,
    report,
    summary,
)
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import (
    InputError,
    Request,
    requests,
    templates,
)
from hosp_process import HEALTHY, NOTE, Hosp

pytestmark = pytest.mark.slow

# HOSP knows it under both names; its faults only under the second.
ENTRY = {"method": "POST", "path": "/notes.json", "weight": 1, "body": {**NOTE, "body": "{unique}"}}
WATCH = Watch("/notes?patient_id={patient_id}", seconds=1.5, every_seconds=0.05)


@pytest.fixture
def hosp(tmp_path: Path) -> Iterator[Hosp]:
    running = Hosp(tmp_path)
    running.put(
        **HEALTHY,
    )
    yield running
    running.process.terminate()
    running.process.wait(timeout=60)


def plan(count: int) -> list[Request]:
    return requests(templates([ENTRY], writes=True), count, 1, "late")


def measured(hosp: Hosp, writes: list[Request], password: str = "nurse") -> dict[str, Any]:
    target = Target("hosp", f"http://127.0.0.1:{hosp.api_port}", headers=basic_authorization("nurse", password))
    return summary(asyncio.run(measure(writes, target, 3, 2, WATCH)), WATCH)


def figures(hosp: Hosp, count: int = 6, **faults: Any) -> dict[str, Any]:
    hosp.put(only="/notes.json", mix={"500": 1}, **faults)
    return measured(hosp, plan(count))


def test_the_latest_write_is_found(hosp: Hosp) -> None:
    seen = figures(hosp, rate=1, applied=0, late=1, late_seconds=[0.5, 0.6])
    assert (seen["failures"], seen["written_late"], seen["written_at_once"], seen["never_seen"]) == (6, 6, 0, 0)
    assert 0.5 <= seen["latest_seconds"] < 1.2


def test_what_was_written_before_its_failure_is_not_late(hosp: Hosp) -> None:
    seen = figures(hosp, rate=1, applied=1)
    assert (seen["written_at_once"], seen["latest_seconds"]) == (6, None)


def test_what_is_never_written_is_watched_to_the_end(hosp: Hosp) -> None:
    assert figures(hosp, count=2, rate=1, applied=0)["never_seen"] == 2


def test_what_succeeds_is_not_watched(hosp: Hosp) -> None:
    seen = figures(hosp, rate=0)
    assert (seen["sent"], seen["failures"]) == (6, 0)


def test_a_list_that_cannot_be_read_says_nothing(hosp: Hosp) -> None:
    hosp.put(rate=1, mix={"502": 1}, only="/notes*", applied=1)
    seen = measured(hosp, plan(1))
    assert (seen["not_read"], seen["never_seen"]) == (1, 0)


@pytest.mark.parametrize(
    ("wrong", "password", "status"),
    [({}, "wrong", 401), ({"path": "/note"}, "nurse", 404), ({"body": b"{}"}, "nurse", 422)],
)
def test_a_first_write_that_is_refused_is_an_error_and_the_only_one(
    hosp: Hosp, wrong: dict[str, Any], password: str, status: int
) -> None:
    with pytest.raises(InputError, match=rf"^http://127.* answered {status} to POST /note.*: check late_writes_path"):
        measured(hosp, [replace(write, **wrong) for write in plan(6)], password)
    assert hosp.totals()["requests"] == 1


def test_a_later_write_that_is_refused_is_no_failure(hosp: Hosp) -> None:
    first, second = plan(2)
    seen = measured(hosp, [first, replace(second, body=b"{}")])
    assert (seen["sent"], seen["refused"], seen["failures"], seen["not_read"]) == (2, 1, 0, 0)
    assert "1 were refused (3xx or 4xx), and say nothing." in report(seen)


def test_it_says_what_to_do_with_the_figure() -> None:
    late = Outcome("a", "500", 4.2, seen_at_once=False, reads=9)
    said = report(summary([late, Outcome("b", None)], WATCH))
    assert "2 writes, 1 failed" in said
    assert "The latest was seen 4.2 s after its failed answer. Choose max_write_seconds well above that" in said


def test_it_says_that_nothing_late_is_no_proof() -> None:
    assert "no proof" in report(summary([Outcome("b", None)], WATCH))
