"""The edge as an operator configures it, before the lab's stand-in for AWS, on domains of the test's own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from running_lab import ANSIBLE_PLAYBOOK, AWS, CHECKOUT, changes, playbook

SECRET = "an-origin-secret-0123456789-0123456789"
NEW, OLD = "story.example.test", "old.story.example.test"
ZONE = "example.test."
NO_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
STORY: dict[str, Any] = {
    "fleet_domains": [{"name": NEW, "plain_http": "refuse"}, {"name": OLD, "plain_http": "serve"}],
    "fleet_routes": [
        {"path": "/search", "methods": ["POST"], "class": "always"},
        {"path": "/patients/*/screen", "methods": ["POST"], "class": "always", "edge": {"function": "screening"}},
        {"path": "/", "methods": ["GET"], "class": "safe", "edge": {"plain_http": "redirect"}},
    ],
    "fleet_origin_secrets": {"current": SECRET},
    "cloudfront_functions": {"screening": "screening.lambda-url.eu-central-1.on.aws"},
    "cloudfront_hsts_since": "2026-01-01",
    "cloudfront_log_bucket": "steadyfront-story-logs",
    "cloudfront_tags": {"made_by": "a test"},
}


def edge(*options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    return playbook("playbooks/edge.yml", "-e", json.dumps({**STORY, **variables}), *options)


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    return boto3.client(service, endpoint_url=AWS, region_name="eu-central-1", **keys)


def distribution(name: str) -> dict[str, Any] | None:
    """Its settings and its own name in the DNS."""
    for summary in client("cloudfront").list_distributions()["DistributionList"].get("Items", []):
        config = client("cloudfront").get_distribution_config(Id=summary["Id"])["DistributionConfig"]
        if config["CallerReference"] == name:
            return {**config, "DomainName": summary["DomainName"]}
    return None


def zone() -> str:
    (found,) = [one["Id"] for one in client("route53").list_hosted_zones()["HostedZones"] if one["Name"] == ZONE]
    return found


def records() -> list[dict[str, Any]]:
    """The records of the story's names."""
    sets = client("route53").list_resource_record_sets(HostedZoneId=zone())["ResourceRecordSets"]
    return [one for one in sets if one["Name"].endswith(f"{NEW}.")]


def leads_to() -> dict[str, str]:
    """Names with types, and where they lead."""
    return {f"{one['Name']} {one['Type']}": one["AliasTarget"]["DNSName"] for one in records() if "AliasTarget" in one}


def shown(result: subprocess.CompletedProcess[str]) -> str:
    """The diff of the distributions. A secret is another word in every run."""
    tasks = re.findall(r"Serve the domain\] \*+\n(.*?)\n\n", result.stdout, flags=re.DOTALL)
    return re.sub(r"hidden-\w+", "hidden", "\n".join(tasks))


def interrupt_when_there_is(name: str) -> None:
    """Kill a run as soon as there is this distribution."""
    run = [*ANSIBLE_PLAYBOOK, "playbooks/edge.yml", "-e", json.dumps(STORY)]
    running = subprocess.Popen(run, cwd=CHECKOUT, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        while distribution(name) is None:
            assert running.poll() is None, f"the run ended before there was {name}"
            time.sleep(0.05)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@pytest.fixture(scope="module")
def nothing_left() -> Iterator[None]:
    yield
    removed = playbook("tests/e2e/cloudfront_down.yml", "-e", json.dumps(STORY))
    assert removed.returncode == 0, removed.stdout
    deleted = [{"Action": "DELETE", "ResourceRecordSet": record} for record in records()]
    client("route53").change_resource_record_sets(HostedZoneId=zone(), ChangeBatch={"Changes": deleted})


def test_a_fresh_account_is_checked_then_configured_past_interruptions_and_then_left_alone(nothing_left):
    with ThreadPoolExecutor(2) as side_by_side:
        check = side_by_side.submit(edge, "--check", "--diff")
        domains = [{**STORY["fleet_domains"][0], "certificate_arn": NO_CERTIFICATE}]
        refused = side_by_side.submit(edge, fleet_domains=domains).result()
        checked = check.result()
    assert checked.returncode == 0, checked.stdout
    assert "+        caller_reference: story.example.test" in shown(checked)
    assert refused.returncode != 0
    assert "there is no such certificate" in refused.stdout
    assert distribution(NEW) is None

    interrupt_when_there_is(NEW)
    assert distribution(OLD) is None
    completed = edge("-vvv")
    assert completed.returncode == 0, completed.stdout
    assert SECRET not in completed.stdout + completed.stderr

    new, old = distribution(NEW), distribution(OLD)
    assert new["Aliases"]["Items"] == [NEW]
    assert [one["PathPattern"] for one in new["CacheBehaviors"]["Items"]] == ["/patients/*/screen", "/"]
    policies = [one["ViewerProtocolPolicy"] for one in (new["DefaultCacheBehavior"], *new["CacheBehaviors"]["Items"])]
    assert policies == ["https-only", "https-only", "redirect-to-https"]
    assert old["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "allow-all"
    for origin in new["Origins"]["Items"]:
        assert origin["CustomHeaders"]["Items"] == [{"HeaderName": "X-Origin-Secret", "HeaderValue": SECRET}]
    assert new["Logging"]["Bucket"] == "steadyfront-story-logs.s3.amazonaws.com"
    assert leads_to() == {
        f"{name}. {kind}": f"{made['DomainName']}." for name, made in ((NEW, new), (OLD, old)) for kind in ("A", "AAAA")
    }

    cloudfront, s3 = client("cloudfront"), client("s3")
    policy = cloudfront.get_response_headers_policy(Id=new["DefaultCacheBehavior"]["ResponseHeadersPolicyId"])
    security = policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 365 * 86400
    assert not old["DefaultCacheBehavior"].get("ResponseHeadersPolicyId")
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="steadyfront-story-logs")["Rules"]
    assert rule["Expiration"]["Days"] == 90


def test_a_check_shows_what_the_run_then_changes(nothing_left):
    if not leads_to():
        assert edge().returncode == 0
    # Nothing but what is another is changed: what the run before has made is left alone.
    changed = {
        "fleet_routes": STORY["fleet_routes"][:2],
        "fleet_retry_policy": {"try_timeout_seconds": 4, "deadline_seconds": 20},
        "fleet_origin_secrets": {"current": SECRET[::-1]},
        "cloudfront_hsts_since": "",
        "cloudfront_log_days": 30,
    }
    checked = edge("--check", "--diff", **changed)
    done = edge("--diff", **changed)
    assert checked.returncode == done.returncode == 0, done.stdout
    # Expiry, both distributions, and the policy that is gone.
    assert changes(done) == {"localhost": 4}, done.stdout
    # The domains have one bucket: in a check, the first does not change what the second finds.
    assert changes(checked) == {"localhost": 5}, checked.stdout
    assert shown(checked) == shown(done)
    assert re.search(r"\+ +origin_read_timeout: 23", shown(done))
    again = edge(**changed, fleet_dns_zone="")
    assert changes(again) == {"localhost": 0}, again.stdout
    # Without a zone it is somebody else who leads the name there.
    output = " ".join(again.stdout.split())
    for name in (NEW, OLD):
        assert f"Lead {name} to {distribution(name)['DomainName']}, by CNAME" in output


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"fleet_domains": NEW}, ["fleet_domains is", "allowed is a list of mappings"]),
    (
        {
            "fleet_domains": [{"plain_http": "no", "certificate_arn": "arn:aws:acm:eu-west-1:1:certificate/1"}],
            "fleet_origin": {"https_port": 8443},
            "fleet_retry_policy": {"deadline_seconds": 60},
            "fleet_functions": [],
            "cloudfront_behaviors_quota": 1,
            "cloudfront_hsts_since": "soon",
        },
        [
            "fleet_domains[0].name is None: allowed is a full domain name",
            "fleet_domains[0].plain_http is 'no': allowed are refuse, redirect, serve",
            "fleet_domains[0].certificate_arn is 'arn:aws:acm:eu-west-1:1:certificate/1'",
            "fleet_origin.domain is None",
            "fleet_routes[1].edge.function is 'screening': allowed are those of fleet_functions",
            "fleet_routes has 2 routes with edge: allowed are 1",
            "fleet_retry_policy.deadline_seconds is 60: allowed is at most 57",
            "cloudfront_hsts_since is 'soon'",
        ],
    ),
    ({"fleet_domains": [{"name": NEW}, {"name": NEW}]}, ["fleet_domains has", "allowed is each name once"]),
    (
        {"fleet_domains": [{"name": "hosp.clinic.example"}]},
        ["fleet_domains has hosp.clinic.example", "example.test"],
    ),
    ({"aws_secret_key": ""}, ["aws_access_key is set alone"]),
]


def test_bad_input_is_refused_before_anything_changes():
    def preflight(variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        return playbook("playbooks/preflight.yml", "-e", json.dumps({**STORY, **variables}))

    with ThreadPoolExecutor(2) as side_by_side:
        results = side_by_side.map(preflight, [variables for variables, _ in REFUSED])
    for (variables, words), result in zip(REFUSED, results, strict=True):
        assert result.returncode != 0, variables
        output = " ".join(result.stdout.split() + result.stderr.split())
        assert [word for word in words if word not in output] == [], output
