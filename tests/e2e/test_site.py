"""`site.yml` as an operator runs it against the lab that is up."""

from __future__ import annotations

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor

import yaml
from proof import size
from running_lab import CHECKOUT, INVENTORY, changes, playbook

FLEET = yaml.safe_load((INVENTORY / "group_vars" / "all" / "fleet.yml").read_text())
VERIFY = yaml.safe_load((INVENTORY / "group_vars" / "all" / "verify.yml").read_text())
BAD_ROUTES = [
    {"path": "/a", "class": "sfae"},
    {"path": "b", "class": "once"},
    {"path": "/c", "methods": ["POST"], "class": "verified", "verify": {"match": []}},
]
# site.yml begins with the preflight, which is the shorter of the two.
PREFLIGHT = size(test="playbooks/preflight.yml", prove="site.yml")
# What is refused, by which playbook, and the words that say so.
REFUSED = [
    ("site.yml", {"fleet_retry_policy": {"attempts": 0}}, ["fleet_retry_policy.attempts is 0", "1 to 5"]),
    ("site.yml", {"lab_subnet": "127.0.0.0/24"}, ["lab_subnet", "127.0.0.0/24"]),
    (
        PREFLIGHT,
        {"fleet_routes": BAD_ROUTES},
        [
            *("fleet_routes[0].class is 'sfae'", "once"),
            *("fleet_routes[1].path is 'b'", "slash"),
            *("fleet_routes[2].verify.match is []", "at least one field", "fleet_routes[2].verify.list is None"),
        ],
    ),
    (
        PREFLIGHT,
        {"fleet_routes": [{"path": "/a", "class": "once"}, {"path": "/a", "class": "never"}]},
        ["fleet_routes[1] (/a) collides with fleet_routes[0] (/a)"],
    ),
    (PREFLIGHT, {"fleet_upstream_url": "hosp"}, ["fleet_upstream_url is 'hosp'", "http://HOST"]),
    (PREFLIGHT, {"fleet_proxy_addresses": {"proxy1": "198.18.0.11"}}, ["fleet_proxy_addresses is", "proxy1, proxy2"]),
    (PREFLIGHT, {"audit_trail_admins": "admin"}, ["audit_trail_admins is str", "list of names, or [] for nobody"]),
    (
        PREFLIGHT,
        {"fleet_audit": {"workgruop": "audit"}},
        ["fleet_audit is dict of workgruop", "log_group, retention_days"],
    ),
]


def test_a_check_after_a_change_of_policy_shows_that_change_and_makes_none():
    policy = {"fleet_retry_policy": {**FLEET["fleet_retry_policy"], "attempts": 2}}
    checked = playbook(
        size(test="playbooks/proxies.yml", prove="site.yml"), "--check", "--diff", "-e", json.dumps(policy)
    )
    assert checked.returncode == 0, checked.stdout
    assert re.search(r"^- +attempts = 3,$", checked.stdout, re.MULTILINE)
    assert re.search(r"^\+ +attempts = 2,$", checked.stdout, re.MULTILINE)
    assert {host for host, changed in changes(checked).items() if changed} == {"proxy1", "proxy2"}


def test_a_second_run_changes_nothing():
    again = playbook("site.yml")
    assert again.returncode == 0, again.stdout
    assert set(changes(again).values()) == {0}, again.stdout


def test_bad_input_is_refused_before_anything_changes():
    with ThreadPoolExecutor(2) as side_by_side:
        results = side_by_side.map(lambda refused: playbook(refused[0], "-e", json.dumps(refused[1])), REFUSED)
    for (_, variables, words), result in zip(REFUSED, results, strict=True):
        output = " ".join(result.stdout.split() + result.stderr.split())
        assert result.returncode != 0, variables
        assert [word for word in words if word not in output] == [], output
        assert sum(changes(result).values()) == 0, output


def max_by_chance(requests: int, failing: float, risk: float = 1e-4) -> int:
    """More failures than this have less than this risk, where each request fails alone with this probability."""
    at_most = 0.0
    for failures in range(requests + 1):
        at_most += math.comb(requests, failures) * failing**failures * (1 - failing) ** (requests - failures)
        if at_most > 1 - risk:
            return failures
    return requests


def test_the_measured_traffic_keeps_its_limits(record_property):
    requests = size(test=1200, prove=VERIFY["verify_count"])
    weights = {request["method"]: 0 for request in VERIFY["verify_requests"]}
    for request in VERIFY["verify_requests"]:
        weights[request["method"]] += request["weight"]
    safe = requests * (weights["GET"] + weights["PUT"]) // sum(weights.values())
    # What tries that fail one by one leave.
    failing = VERIFY["verify_faults"]["rate"] ** FLEET["fleet_retry_policy"]["attempts"]
    wanted = {
        "verify_count": requests,
        "verify_screenings": {**VERIFY["verify_screenings"], "count": size(test=30, prove=100)},
        "verify_max_safe_failures_percent": 100 * max_by_chance(safe, failing) / safe,
    }
    result = playbook("playbooks/verify.yml", "-e", json.dumps(wanted))
    assert result.returncode == 0, result.stdout
    straight, front = json.loads((CHECKOUT / ".lab" / "verify.json").read_text())["targets"]
    assert front["upstream"]["duplicated_writes"] == 0
    assert front["upstream"]["most_attempts"] == 3
    assert front["classes"]["verified"]["failed"] < straight["classes"]["verified"]["failed"] / 5
    assert front["classes"]["safe"]["failed"] <= max_by_chance(front["classes"]["safe"]["requests"], failing)
    assert straight["classes"]["safe"]["failed_percent"] > 5, "without faults the front has nothing to prevent"
    measured = [f"{target['classes']['safe']['failed_percent']:.2f} %" for target in (straight, front)]
    record_property(
        "measured", f"of {requests} requests, {measured[0]} of the safe ones fail straight, {measured[1]} by the front"
    )
