"""What is sent, how often, at what pace, and what is recorded of it. Against a real server."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import Request, requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.probe import ProbeError, probe
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Arrivals, Record, Result, Users, run

if TYPE_CHECKING:
    from conftest import Certified, FlakyServer


def plan(path: str, count: int = 1, method: str = "GET") -> list[Request]:
    entry = {"method": method, "path": path, "weight": 1, "body": None if method == "GET" else {"n": 1}}
    return requests(templates([entry], writes=method != "GET"), count, 1, "t")


def record(server: FlakyServer, path: str, method: str = "GET") -> Record:
    return run(plan(path, method=method), Target("t", server.url), Users(1), timeout_seconds=0.3).records[0]


@pytest.mark.parametrize(
    ("path", "status", "error", "succeeded", "failed"),
    [
        ("/status/200", 200, None, True, False),
        ("/status/302", 302, None, True, False),
        ("/status/404", 404, None, False, False),
        ("/status/429", 429, None, False, False),
        ("/status/502", 502, None, False, True),
        ("/reset", 0, "reset", False, True),
        ("/half", 0, "reset", False, True),
        ("/garbage", 0, "broken", False, True),
        ("/stall", 0, "timeout", False, True),
    ],
)
def test_every_end_of_a_request_is_told_apart(
    server: FlakyServer, path: str, status: int, error: str | None, succeeded: bool, failed: bool
) -> None:
    seen = record(server, path)
    assert (seen.status, seen.error, seen.succeeded, seen.failed) == (status, error, succeeded, failed)


def test_nothing_listens() -> None:
    seen = run(plan("/"), Target("t", "http://127.0.0.1:1"), Users(1), timeout_seconds=1).records[0]
    assert (seen.error, seen.failed) == ("unreachable", True)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
@pytest.mark.parametrize("path", ["/reset", "/half", "/garbage"])
def test_a_request_that_breaks_arrives_once_all_the_same(server: FlakyServer, method: str, path: str) -> None:
    run(plan(path, 5, method), Target("t", server.url), Users(2), timeout_seconds=1)
    assert Counter(arrival.headers["x-request-id"] for arrival in server.arrivals) == {f"t-{n}": 1 for n in range(5)}


def test_a_time_out_counts_with_its_full_wait(server: FlakyServer) -> None:
    assert 0.3 <= record(server, "/stall").seconds < 0.5


def test_a_request_arrives_byte_for_byte_with_its_headers(server: FlakyServer) -> None:
    target = Target("t", server.url, host_header="api.example.com", headers=basic_authorization("nurse", "ñ:x"))
    run(plan("/a%2Fb//c?d=%20+e", method="PUT"), target, Users(1), timeout_seconds=1)
    (arrival,) = server.arrivals
    assert (arrival.method, arrival.path, arrival.body) == ("PUT", "/a%2Fb//c?d=%20+e", b'{"n": 1}')
    wanted = {
        "host": "api.example.com",
        "authorization": "Basic bnVyc2U6w7E6eA==",
        "content-type": "application/json",
        "x-request-id": "t-0",
        "x-request-seed": "1000000",
    }
    assert wanted.items() <= arrival.headers.items()


def test_https_trusts_the_given_authority_for_the_name_asked_for(certified: Certified) -> None:
    target = Target("t", certified.server.url, host_header="api.example.com", ca_path=certified.ca_path)
    assert run(plan("/"), target, Users(1), timeout_seconds=2).records[0].status == 200


@pytest.mark.parametrize("fault", [{"ca_path": None}, {"host_header": None}, {"host_header": "other.example.com"}])
def test_https_trusts_nothing_else(certified: Certified, fault: dict[str, Any]) -> None:
    target = Target("t", certified.server.url, host_header="api.example.com", ca_path=certified.ca_path)
    with pytest.raises(ProbeError, match=r"cannot be reached at https://.*certificate"):
        probe(replace(target, **fault), plan("/"), timeout_seconds=2)


def test_secrets_are_no_part_of_a_targets_text() -> None:
    assert "Basic" not in repr(Target("t", "http://h", headers=basic_authorization("u", "p")))


def test_users_are_so_many_at_a_time(server: FlakyServer) -> None:
    result = run(plan("/stall", 6), Target("t", server.url), Users(3), timeout_seconds=0.2)
    assert sorted(round(record.start, 1) for record in result.records) == [0, 0, 0, 0.2, 0.2, 0.2]


def test_arrivals_do_not_wait_for_answers(server: FlakyServer) -> None:
    result = run(plan("/stall", 5), Target("t", server.url), Arrivals(per_second=20), timeout_seconds=0.5)
    assert [record.start for record in result.records] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2], abs=1e-3)
    # How much longer it took is for the machine to say.
    assert 0.7 <= result.seconds < 5
    assert abs(result.began + result.seconds - time.time()) < 1


def test_600_requests_a_second(server: FlakyServer) -> None:
    result = run(plan("/", 300), Target("t", server.url), Arrivals(per_second=600), timeout_seconds=30)
    assert (len(result.records), result.failures) == (300, 0)
    # None begins before it is due. How late one begins is the machine's.
    assert [n for n, start in enumerate(sorted(record.start for record in result.records)) if start < n / 600] == []


def test_progress_is_told_while_it_runs_and_when_there_is_news(server: FlakyServer) -> None:
    told: list[tuple[int, int, int]] = []

    def tell(result: Result) -> None:
        told.append((len(result.records), result.sent, result.planned))

    run(plan("/stall", 2), Target("t", server.url), Users(1), 0.5, tell, progress_seconds=0.1)
    assert told == [(0, 1, 2), (1, 2, 2)]


def test_a_probe_says_which_target_cannot_be_reached_and_where() -> None:
    with pytest.raises(ProbeError, match=r"the front cannot be reached at http://127.0.0.1:1 .*verify_targets"):
        probe(Target("the front", "http://127.0.0.1:1"), plan("/"), 1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_probe_names_the_user_when_it_is_refused(server: FlakyServer, status: int) -> None:
    with pytest.raises(ProbeError, match=rf"answered {status} to GET /status/{status}: check verify_user"):
        probe(Target("the front", server.url), plan(f"/status/{status}"), 1)


@pytest.mark.parametrize("path", ["/status/404", "/status/500", "/reset", "/garbage", "/stall"])
def test_a_probe_leaves_other_failures_to_the_measurement(server: FlakyServer, path: str) -> None:
    probe(Target("the front", server.url), plan(path), 0.2)
    assert [arrival.path for arrival in server.arrivals] == [path]


def test_a_probe_never_writes(server: FlakyServer) -> None:
    probe(Target("the front", server.url), plan("/notes", method="POST"), 1)
    assert [(arrival.method, arrival.path) for arrival in server.arrivals] == [("GET", "/")]
