"""What records amount to, what of it is not acceptable, and how it reads."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic import table
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.figures import figures, percentile, prevented
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.limits import Limits, problems
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Record, Result


def result(name: str, *statuses: tuple[str, str, int], seconds: float = 0.1) -> Result:
    """One record for each (method, class, status), with ids <name>-0, <name>-1 …"""
    records = [
        Record(f"{name}-{n}", method, cls, status, None if status else "timeout", 0.0, seconds if status else 12.0)
        for n, (method, cls, status) in enumerate(statuses)
    ]
    return Result(name, len(records), seconds=2.0, records=records)


GET, POST, PUT = ("GET", "safe"), ("POST", "once"), ("PUT", "safe")


def ledger(*entries: tuple[str, int, int]) -> dict[str, dict[str, int]]:
    return {identity: {"attempts": attempts, "applied": applied} for identity, attempts, applied in entries}


def test_a_4xx_is_neither_success_nor_failure() -> None:
    share = figures(result("t", (*GET, 200), (*GET, 404), (*GET, 500), (*GET, 0)), None)["all"]
    assert (share["succeeded"], share["unexpected"], share["failed"], share["success_percent"]) == (1, 1, 2, 25.0)
    assert (share["failures"], share["unexpected_answers"]) == ({"500": 1, "timeout": 1}, {"404": 1})


def test_classes_are_counted_apart() -> None:
    classes = figures(result("t", (*GET, 200), (*PUT, 500), (*POST, 201)), None)["classes"]
    assert {cls: (share["methods"], share["failed"]) for cls, share in classes.items()} == {
        "safe": (["GET", "PUT"], 1),
        "once": (["POST"], 0),
    }


def test_a_time_out_counts_in_the_percentiles_with_its_wait() -> None:
    share = figures(result("t", *[(*GET, 200)] * 98, (*GET, 0), (*GET, 0)), None)["all"]
    assert (share["p50_seconds"], share["p99_seconds"]) == (0.1, 12.0)


def test_a_percentile_is_a_measured_value() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (50, 99)] == [50, 99]
    assert percentile([3.0], 99) == 3.0


def test_without_a_ledger_the_upstream_is_unknown() -> None:
    assert figures(result("t", (*GET, 200)), None)["upstream"] is None


def test_attempts_are_those_of_the_targets_own_requests() -> None:
    seen = figures(
        result("t", (*GET, 200), (*GET, 200), (*POST, 0)), ledger(("t-0", 3, 0), ("t-1", 1, 0), ("other-0", 9, 9))
    )["upstream"]
    assert (seen["attempts_per_request"], seen["most_attempts"], seen["most_attempts_id"]) == (4 / 3, 3, "t-0")
    assert seen["missing"] == 0  # t-2 failed: it need not have arrived


def test_a_write_that_took_effect_twice_is_a_duplicate_unless_repeating_it_changes_nothing() -> None:
    seen = figures(result("t", (*PUT, 200), (*POST, 201)), ledger(("t-0", 2, 2), ("t-1", 2, 2)))["upstream"]
    assert (seen["duplicated_writes"], seen["duplicated_ids"]) == (1, ["t-1"])


LIMITS = Limits(attempts=3, safe_failures_percent=0.15)


def found(measured: Result, entries: dict[str, Any] | None, limits: Limits = LIMITS) -> list[str]:
    return list(problems(figures(measured, entries), limits))


def test_what_is_within_the_limits_is_no_problem() -> None:
    at_the_limit = result("t", *[(*GET, 200)] * 1997, *[(*GET, 502)] * 3, (*POST, 500))
    assert found(at_the_limit, ledger(*[(f"t-{n}", 3, 0) for n in range(2001)])) == []


def test_too_many_safe_failures() -> None:
    assert found(result("t", *[(*GET, 200)] * 1996, *[(*GET, 502)] * 4), None) == [
        "t: 0.20 % of the safe requests failed (4 of 2 000); verify_max_safe_failures_percent allows 0.15."
    ]


def test_unexpected_answers_by_status_with_or_without_a_ledger() -> None:
    refused = result("t", (*GET, 200), (*GET, 429), (*GET, 404), (*POST, 404))
    problem = (
        "t: 3 unexpected answers (404: 2, 429: 1); allowed are 0."
        " Check verify_requests and what verify_user may do; with 429 also lower verify_concurrency."
    )
    assert found(refused, None) == found(refused, ledger(("t-0", 1, 0))) == [problem]


def test_an_unset_limit_is_not_applied() -> None:
    assert found(result("t", (*GET, 502)), ledger(("t-0", 4, 0)), Limits(None, None)) == []


def test_a_duplicated_write() -> None:
    (problem,) = found(result("t", (*POST, 201)), ledger(("t-0", 2, 2)))
    assert problem == "t: 1 writes took effect twice; allowed are 0. X-Request-Id: t-0."


def test_too_many_attempts() -> None:
    (problem,) = found(result("t", (*GET, 200)), ledger(("t-0", 4, 0)))
    assert problem == (
        "t: one request reached the upstream 4 times (t-0); the most that fleet_retry_policy or a route allows is 3."
    )


def test_a_ledger_of_something_else() -> None:
    (problem,) = found(result("t", (*GET, 200)), ledger(("u-0", 1, 0)))
    assert problem.startswith("t: 1 requests were answered, but the upstream's ledger does not know them:")


STRAIGHT = result("straight at HOSP", *[(*GET, 200)] * 1050, *[(*GET, 502)] * 100, *[(*POST, 201)] * 250, (*POST, 0))
FRONT = result(
    "through the front", *[(*GET, 200)] * 1149, (*GET, 500), *[(*POST, 201)] * 250, (*POST, 404), seconds=1.2
)


def test_the_table() -> None:
    attempts = ledger(
        *[(f"straight at HOSP-{n}", 1, 0) for n in range(1401)],
        *[(f"through the front-{n}", 1, 0) for n in range(1400)],
    )
    attempts["through the front-1400"] = {"attempts": 281, "applied": 2}
    straight, front = figures(STRAIGHT, attempts), figures(FRONT, attempts)
    assert prevented(straight, front) == 100
    assert (
        table.table([straight, front], "straight at HOSP", ["A note."])
        == """\
                                 ─────── straight at HOSP ──────   ────── through the front ──────
class                 requests    success failed     p50     p99    success failed     p50     p99
safe GET                 1 150    91.30 %    100  100 ms  100 ms    99.91 %      1  1.20 s  1.20 s
once POST                  251    99.60 %      1  100 ms  100 ms    99.60 %      0  1.20 s  1.20 s
all                      1 401    92.79 %    101  100 ms  100 ms    99.85 %      1  1.20 s  1.20 s

unexpected answers (4xx)                       0                                 1
attempts per request                        1.00                              1.20
most attempts of one request                   1                               281
writes that took effect twice                  0                                 1
failures prevented                                                             100

A note."""
    )


def test_the_table_of_one_target_without_a_ledger() -> None:
    assert (
        table.table([figures(FRONT, None)], None)
        == f"""\
                                 ────── through the front ──────
class                 requests    success failed     p50     p99
safe GET                 1 150    99.91 %      1  1.20 s  1.20 s
once POST                  251    99.60 %      0  1.20 s  1.20 s
all                      1 401    99.85 %      1  1.20 s  1.20 s

unexpected answers (4xx)                       1
attempts per request                           {table.UNKNOWN}
most attempts of one request                   {table.UNKNOWN}
writes that took effect twice                  {table.UNKNOWN}"""
    )


def test_the_table_fits_100_columns_whatever_is_in_it() -> None:
    many = result("a name that is much longer than its columns are wide", *[(*GET, 0)] * 5)
    wide = [{**figures(many, None), "name": many.target + str(n)} for n in range(3)]
    wide[0]["all"] |= {"requests": 1_000_000, "failed": 999_999, "success_percent": 100.0, "p99_seconds": 3600.0}
    lines = table.table(wide, wide[0]["name"]).splitlines()
    assert max(len(line) for line in lines) <= 100
    assert len({len(line) for line in lines if line.startswith(("class", "all", "safe"))}) == 2  # a pair, and the third


@pytest.mark.parametrize(
    ("done", "sent", "line"),
    [
        (1, 51, "front  1 of 60  (0/s)  1 failed"),
        (12, 60, "front  12 of 60  (6/s)  12 failed, waiting for the last 48"),
        (60, 60, "front  60 of 60  (30/s)  60 failed"),
    ],
)
def test_progress(done: int, sent: int, line: str) -> None:
    running = result("front", *[(*GET, 500)] * done)
    running.planned, running.sent = 60, sent
    assert " ".join(table.progress(running, 5).split()) == " ".join(line.split())
