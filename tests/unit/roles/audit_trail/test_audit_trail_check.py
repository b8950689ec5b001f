"""What the role refuses before it does anything: each fault alone, by one run of the role's own check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from role_checks import check

pytestmark = pytest.mark.slow

AUDIT = {
    "audit_trail_account_id": "111122223333",
    "audit_trail_region": "eu-central-1",
    "audit_trail_log_group": "/fleet/requests",
    "audit_trail_result_bucket": "results",
    "audit_trail_connector_arn": "arn:aws:lambda:eu-central-1:111122223333:function:connector",
}
GOOD = [AUDIT, {**AUDIT, "audit_trail_archive_bucket": "archive", "audit_trail_scan_limit_bytes": 10_000_000}]
BAD = [
    ({"audit_trail_archive_bucket": "results"}, "results, results-access, results: allowed are different ones"),
    ({"audit_trail_access_log_bucket": "results"}, "audit_trail_archive_bucket are results, results: allowed are"),
    ({"audit_trail_scan_limit_bytes": 9_999_999}, "audit_trail_scan_limit_bytes is 9999999: allowed are 10000000"),
    ({"audit_trail_result_days": 0}, "audit_trail_result_days is 0: allowed is 1 and more"),
    ({"audit_trail_archive_days": -1}, "audit_trail_archive_days is -1: allowed is 1 and more"),
    ({"audit_trail_archive_table": "Requests"}, "audit_trail_archive_table is Requests: allowed are small letters"),
    ({"audit_trail_archive_database": 'a"b'}, 'audit_trail_archive_database is a"b: allowed are small letters'),
    ({"audit_trail_connector_arn": "connector"}, "audit_trail_connector_arn is connector: allowed is the ARN"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return check("audit_trail", tmp_path_factory.mktemp("said"), GOOD, [{**AUDIT, **fault} for fault, _ in BAD])


@pytest.mark.parametrize("n", range(len(GOOD)))
def test_what_can_be_done_is_let_through(said, n):
    assert said(f"good{n}") == ""


@pytest.mark.parametrize("n", range(len(BAD)), ids=[next(iter(fault)) for fault, _ in BAD])
def test_a_fault_is_refused_with_variable_value_and_what_is_allowed(said, n):
    assert BAD[n][1] in said(f"bad{n}")
