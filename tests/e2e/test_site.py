"""`site.yml` as an operator runs it against the lab that is up."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from running_lab import CHECKOUT, INVENTORY, changes, playbook


def test_a_check_after_a_change_of_policy_shows_that_change_and_makes_none():
    facts = yaml.safe_load((INVENTORY / "group_vars" / "all" / "fleet.yml").read_text())
    policy = {"fleet_retry_policy": {**facts["fleet_retry_policy"], "attempts": 2}}
    checked = playbook("site.yml", "--check", "--diff", "-e", json.dumps(policy))
    assert checked.returncode == 0, checked.stdout
    assert re.search(r"^- +attempts = 3,$", checked.stdout, re.MULTILINE)
    assert re.search(r"^\+ +attempts = 2,$", checked.stdout, re.MULTILINE)
    assert {host for host, count in changes(checked).items() if count} == {"proxy1", "proxy2"}
    # Nor is there anything to do for a second run.
    again = playbook("site.yml")
    assert again.returncode == 0, again.stdout
    assert set(changes(again).values()) == {0}, again.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"fleet_retry_policy": {"attempts": 0}}, ["fleet_retry_policy.attempts is 0", "1 to 5"]),
        ({"fleet_routes": [{"path": "/a", "class": "sfae"}]}, ["fleet_routes[0].class is 'sfae'", "once"]),
        ({"fleet_routes": [{"path": "a", "class": "once"}]}, ["fleet_routes[0].path is 'a'", "slash"]),
        (
            {"fleet_routes": [{"path": "/a", "class": "once"}, {"path": "/a", "class": "never"}]},
            ["fleet_routes[1] (/a) collides with fleet_routes[0] (/a)"],
        ),
        (
            {"fleet_routes": [{"path": "/a", "methods": ["POST"], "class": "verified", "verify": {"match": []}}]},
            ["fleet_routes[0].verify.match is []", "at least one field", "fleet_routes[0].verify.list is None"],
        ),
        ({"fleet_proxy_addresses": {"proxy1": "198.18.0.11"}}, ["fleet_proxy_addresses is", "proxy1, proxy2"]),
        ({"fleet_upstream_url": "hosp"}, ["fleet_upstream_url is 'hosp'", "http://HOST"]),
        ({"audit_trail_admins": "admin"}, ["audit_trail_admins is str", "list of names, or [] for nobody"]),
        ({"fleet_audit": {"workgruop": "audit"}}, ["fleet_audit is dict of workgruop", "log_group, retention_days"]),
        ({"lab_subnet": "127.0.0.0/24"}, ["lab_subnet", "127.0.0.0/24"]),
    ],
)
def test_bad_input_is_refused_before_anything_changes(variables, words):
    result = playbook("site.yml", "-e", json.dumps(variables))
    assert result.returncode != 0
    output = " ".join(result.stdout.split() + result.stderr.split())
    assert all(word in output for word in words), output
    assert sum(changes(result).values()) == 0


def test_the_measured_traffic_keeps_its_limits():
    result = playbook("playbooks/verify.yml")
    assert result.returncode == 0, result.stdout
    straight, front = json.loads((CHECKOUT / ".lab" / "verify.json").read_text())["targets"]
    assert front["upstream"]["duplicated_writes"] == 0
    assert front["upstream"]["most_attempts"] == 3
    assert front["classes"]["verified"]["failed"] < straight["classes"]["verified"]["failed"] / 5
    assert front["classes"]["safe"]["failed_percent"] <= 0.15
    assert straight["classes"]["safe"]["failed_percent"] > 5, "without faults the front has nothing to prevent"
