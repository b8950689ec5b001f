"""How the tests of the running lab tell what a proxy lost from what a stalled machine or chance made fail."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Record
from lab_load import Break, Load, Stall, assert_steady
from running_lab import until

KILLED = Break("proxy1", begin=100.0, end=101.0)


def failed(start: float = 50.0, seconds: float = 1.0, cls: str = "safe") -> Record:
    return Record("r-1", "GET", cls, 502, None, start, seconds)


def line(statuses: str, proxy: str = "proxy2", note: str = "", epoch: float = 100.5, **more: Any) -> dict[str, Any]:
    return {
        "proxy": proxy,
        "upstream_statuses": statuses,
        "retry_note": note,
        "throttle": 1,
        "epoch": epoch,
        "seconds": 0.1,
        **more,
    }


def load(record: Record, lines: list[dict[str, Any]], statuses: tuple[int, ...] = (500,)) -> Load:
    entry = {"attempts": len(statuses), "applied": 0, "statuses": list(statuses)}
    return Load(name="r", records=[record], ledger={record.id: entry}, lines={record.id: lines}, breaks=[KILLED])


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        ([line("500")], (500,)),
        ([line("500, 502")], (500, 502)),
        # Timed out, and there was room for another try.
        ([line("504")], (0,)),
        # Throttled, and there is nothing that shut it.
        ([line("500", note="throttled")], (500,)),
        ([], (500,)),
    ],
)
def test_a_request_that_had_tries_left_was_given_up(lines, statuses):
    given_up = load(failed(), lines, statuses)
    assert len(given_up.given_up) == 1
    with pytest.raises(AssertionError):
        assert_steady(given_up)


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        ([line("500, 502 : 500")], (500, 502, 500)),
        # HOSP was never reached once: the machine stalled.
        ([line("504, 504 : 504", note="attempts")], (0, 0)),
        ([line("504, 504", note="deadline")], (0,)),
        ([line("500", note="throttled"), *([line("504")] * 10)], (500,)),
    ],
)
def test_a_request_whose_tries_were_used_up_was_not(lines, statuses):
    assert load(failed(), lines, statuses).given_up == []


def test_what_was_in_flight_on_a_killed_host_is_lost_with_it():
    assert len(load(failed(99.5), []).lost_with_a_host) == 1
    assert load(failed(99.5), []).given_up == []


def test_what_was_over_before_or_came_after_or_was_in_other_hands_is_not_lost_with_it():
    for record, lines in ((failed(98.0), []), (failed(101.5), []), (failed(99.5), [line("502")])):
        assert load(record, lines, (0,)).lost_with_a_host == []
        assert len(load(record, lines, (0,)).given_up) == 1


def test_what_was_on_its_way_while_the_machine_stalled_was_not_given_up_unless_a_proxy_had_it():
    def stalled(start: float, lines: list[dict[str, Any]]) -> Load:
        return replace(load(failed(start), lines), stalls=[Stall(60.0, 70.0)])

    assert stalled(59.5, []).given_up == []
    assert len(stalled(58.0, []).given_up) == len(stalled(70.5, []).given_up) == 1
    assert len(stalled(59.5, [line("500")]).given_up) == 1


def test_a_stall_is_seen(monkeypatch):
    monkeypatch.setattr("lab_load.STALL_SECONDS", -1)
    seen, over = Load(), threading.Event()
    watching = threading.Thread(target=seen.watch, args=[over])
    watching.start()
    until(lambda: len(seen.stalls) > 0)
    over.set()
    watching.join()
    assert seen.stalls[0].begin < seen.stalls[0].end


def test_a_host_has_as_much_in_hand_as_the_other():
    busy = load(failed(), [line("200")] * 7 + [line("200", epoch=90.0)] + [line("200", proxy="proxy1")])
    assert busy.most_in_hand(KILLED) == 2 * 7 + 10


def test_a_write_that_took_effect_twice_is_found():
    twice = load(Record("r-1", "POST", "verified", 201, None, 1.0, 1.0), [line("201")])
    twice.ledger["r-1"]["applied"] = 2
    with pytest.raises(AssertionError):
        assert_steady(twice)
