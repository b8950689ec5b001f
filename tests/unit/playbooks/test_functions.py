"""What the inventories' functions may do: no more than they must, as parliament sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from parliament import analyze_policy_string

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[3]
POLICIES = (
    "{{ (fleet_notes_functions + fleet_audit_functions)"
    " | map('steadyfront.fleet.function_policy', aws_region, aws_account_id) }}"
)
# Staging and production have none yet.
AUDIT = yaml.safe_load((CHECKOUT / "inventories/lab/group_vars/all/audit.yml").read_text())["fleet_audit"]
GIVEN = [
    "-e",
    "@playbooks/vars/functions.yml",
    "-e",
    json.dumps({"fleet_audit": AUDIT, "fleet_log_shipping": {"group": "/hosp"}}),
]


def faults(policy: dict[str, Any]) -> list[str]:
    return [f"{finding.issue}: {finding.detail}" for finding in analyze_policy_string(json.dumps(policy)).findings]


def shown(inventory: str | Path, template: str, *options: str) -> Any:
    """What an inventory makes of a template."""
    ansible = Path(sys.executable).with_name("ansible")
    path = Path("inventories", inventory)
    asked = [ansible, "-i", path, "localhost", "-m", "debug", "-a", json.dumps({"msg": template})]
    debugged = subprocess.run([*asked, *GIVEN, *options], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return yaml.safe_load(debugged.stdout.partition("=>")[2])["msg"]


@pytest.mark.parametrize("inventory", ["lab", "staging", "production"])
def test_no_policy_allows_more_than_it_must(inventory):
    assert [faults(policy) for policy in shown(inventory, POLICIES)] == [[], [], []]


def test_functions_wait_longer_than_the_longest_deadline():
    routes = [{"path": "/patients/*/screen", "class": "always", "deadline_seconds": 90.5}]
    both = "{{ fleet_answer_seconds | int }} {{ fleet_notes.settle_seconds | int }}"
    assert shown("staging", both, "-e", json.dumps({"fleet_routes": routes})) == "93 220"
    given = json.dumps({"fleet_retry_policy": {}})
    assert shown("staging", "{{ fleet_answer_seconds | int }}", "-e", given) == 62


@pytest.mark.parametrize(
    ("kept", "secrets"),
    [
        ({"pending": "a"}, "a"),
        ({"current": "a"}, "a"),
        ({"pending": "b", "current": "a"}, "a b"),
        ({"previous": "b", "current": "a"}, "a b"),
    ],
)
def test_what_the_front_sends_is_the_first_that_functions_know(kept, secrets):
    given = json.dumps({"fleet_origin_secrets": kept})
    assert shown("staging", "{{ fleet_front_secrets }}", "-e", given) == secrets


def test_functions_come_from_beside_the_playbooks_wherever_the_inventory_is(tmp_path):
    mine = shutil.copytree(CHECKOUT / "inventories" / "staging", tmp_path / "mine")
    assert shown(mine, "{{ fleet_lambdas }}", "--playbook-dir", "playbooks") == str(CHECKOUT / "lambdas")


@pytest.mark.parametrize(
    ("action", "resource", "fault"),
    [
        ("s3:GetObject", "*", "RESOURCE_STAR"),
        ("s3:GetObject", "arn:aws:s3:::kept", "RESOURCE_MISMATCH"),
        ("s3:GetObjekt", "arn:aws:s3:::kept/claims/*", "UNKNOWN_ACTION"),
    ],
)
def test_parliament_sees_what_allows_more_or_nothing(action, resource, fault):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    [found] = faults({"Version": "2012-10-17", "Statement": [statement]})
    assert found.startswith(fault)
