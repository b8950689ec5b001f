"""What the role refuses before it does anything: each fault alone, by one run of the role's own check."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

# One run for all of them: those of a group go to one worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("audit_trail")]

HERE = Path(__file__).parent
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
    """What the check said of a case; nothing, when it let it through."""
    folder = tmp_path_factory.mktemp("said")
    cases = {
        **{f"good{n}": case for n, case in enumerate(GOOD)},
        **{f"bad{n}": {**AUDIT, **fault} for n, (fault, _) in enumerate(BAD)},
    }
    inventory = folder / "cases.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": cases, "vars": {"said_directory": str(folder)}}}))
    result = subprocess.run(
        ["ansible-playbook", "-i", inventory, HERE / "check.yml"],
        env={**os.environ, "ANSIBLE_CONFIG": str(HERE.parents[3] / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return lambda case: (folder / case).read_text() if (folder / case).exists() else ""


@pytest.mark.parametrize("n", range(len(GOOD)))
def test_what_can_be_done_is_let_through(said, n):
    assert said(f"good{n}") == ""


@pytest.mark.parametrize("n", range(len(BAD)), ids=[next(iter(fault)) for fault, _ in BAD])
def test_a_fault_is_refused_with_variable_value_and_what_is_allowed(said, n):
    assert BAD[n][1] in said(f"bad{n}")
