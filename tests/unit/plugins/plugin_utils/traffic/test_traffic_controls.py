"""A test upstream's faults and ledger. Against a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls, ControlsError

if TYPE_CHECKING:
    from conftest import FlakyServer


def test_faults_are_laid_over_and_set_back(server: FlakyServer) -> None:
    said: list[str] = []
    with Controls(server.url).faults({"rate": 0.1}, said.append):
        assert server.faults == {"rate": 0.1, "seed": 7}
    assert server.faults == {"rate": 0.0, "seed": 7}
    assert said == ["The upstream's faults are again what they were (rate 0.0)."]


def test_faults_are_set_back_after_a_failure_and_an_interrupt(server: FlakyServer) -> None:
    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure), Controls(server.url).faults({"rate": 0.1}, lambda _: None):
            raise failure
        assert server.faults_seen[-2:] == [{"rate": 0.1, "seed": 7}, {"rate": 0.0, "seed": 7}]


def test_nothing_is_deleted_where_there_is_no_ledger(server: FlakyServer) -> None:
    with pytest.raises(ControlsError, match="answered 404: check verify_controls_url"):
        Controls(f"{server.url}/status/404").clear_ledger()
    assert [arrival.method for arrival in server.arrivals] == ["GET"]


def test_an_answer_that_is_no_ledger_is_refused(server: FlakyServer) -> None:
    with pytest.raises(ControlsError, match="no requests in the answer; check verify_controls_url"):
        Controls(f"{server.url}/other").ledger()


def test_controls_that_are_down_are_named() -> None:
    with pytest.raises(ControlsError, match=r"^GET http://127.0.0.1:1/ledger: .*refused.* verify_controls_url"):
        Controls("http://127.0.0.1:1").ledger()


def test_faults_that_the_upstream_refuses_point_to_their_variable(server: FlakyServer) -> None:
    with pytest.raises(ControlsError, match="answered 422: check verify_faults"):
        Controls(f"{server.url}/status/422").ledger()
