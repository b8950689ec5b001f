"""What the filter makes of real route lists, as the module brings it before CloudFront."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront_plan import cloudfront_plan
from ansible_collections.steadyfront.fleet.plugins.modules import cloudfront_distribution
from aws_in_memory import SECRET

ARN = "arn:aws:acm:us-east-1:111122223333:certificate/1"
SCREENING = {"path": "/patients/*/screen", "methods": ["POST"], "class": "always"}
ROUTES = {
    "none": [],
    "only for the proxies": [SCREENING, {"path": "/search", "methods": ["POST"], "class": "always"}],
    "screening by a function": [{**SCREENING, "edge": {"function": "screening"}}],
    "pages, an audit and screening": [
        {"path": "/audit/export", "class": "never", "edge": {"function": "audit"}},
        {"path": "/audit*", "class": "never", "edge": {"function": "audit", "plain_http": "refuse"}},
        {**SCREENING, "edge": {"function": "screening"}},
        {"path": "/", "methods": ["GET"], "class": "safe", "edge": {"plain_http": "redirect"}},
        {"path": "/docs/*.html", "methods": ["GET"], "class": "safe", "edge": {"plain_http": "redirect"}},
        {"path": "/reports/*", "methods": ["GET"], "class": "safe", "deadline_seconds": 57},
    ],
    "as many as there may be": [{"path": f"/v1/{n}/*", "class": "once", "edge": {}} for n in range(25)],
}


def config(routes: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    given = {"plain_http": "refuse", "origin_secret": SECRET, "headers_policy_id": "policy", **options}
    return cloudfront_plan(
        routes,
        {"name": "api.example.com", "plain_http": given.pop("plain_http"), "certificate_arn": ARN},
        {"domain": "origin.example.com", "https_port": 8443},
        {"deadline_seconds": 55},
        functions={"audit": "audit.example.on.aws", "screening": "screening.example.on.aws"},
        today="2026-06-01",
        **given,
    )["config"]


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, cloudfront_distribution.main, name="api.example.com")
    aws.has_certificate(ARN, "api.example.com", Status="ISSUED")
    return aws


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize(
    "options",
    [{}, {"plain_http": "serve"}, {"hsts_since": "2026-05-01", "log_bucket": "logs"}],
    ids=["plain", "old", "everything"],
)
def test_made_once_and_then_left_alone(aws, routes, options):
    wanted = config(routes, **options)
    checked = aws.run(check=True, config=wanted, wait=True)
    assert checked["changed"]
    assert aws.writes() == []
    assert aws.run(config=wanted, wait=True)["changed"]
    assert aws.writes() == ["CreateDistributionWithTags"]
    assert not aws.run(config=wanted, wait=True)["changed"]
    assert aws.writes() == []


def test_one_becomes_any_other(aws):
    last = None
    for routes in [*ROUTES.values(), *reversed(ROUTES.values())]:
        wanted = config(routes)
        assert aws.run(config=wanted)["changed"] == (wanted != last)
        assert not aws.run(config=wanted)["changed"]
        last = wanted


def test_a_new_secret_is_a_change_and_shown_nowhere(aws):
    routes = ROUTES["pages, an audit and screening"]
    aws.run(config=config(routes))
    result = aws.run(config=config(routes, origin_secret="another-secret-of-the-origin-0123456789"), wait=True)
    assert result["changed"]
    assert "another-secret" not in str(result)
    (sent,) = [given for name, given in aws.calls if name == "UpdateDistribution"]
    headers = [origin["CustomHeaders"]["Items"][0] for origin in sent["DistributionConfig"]["Origins"]["Items"]]
    assert {header["HeaderValue"] for header in headers} == {"another-secret-of-the-origin-0123456789"}
    assert len(headers) == 3


def test_hsts_that_is_taken_back_leaves_no_policy_in_use(aws):
    aws.run(config=config([], hsts_since="2026-05-01"))
    assert aws.run(config=config([]))["changed"]
    kept = aws.distributions["EDIST0"]["config"]["DefaultCacheBehavior"]
    assert "ResponseHeadersPolicyId" not in kept


def test_one_that_was_disabled_half_way_serves_again(aws):
    aws.run(config=config([]))
    aws.run(config={"enabled": False})
    assert aws.run(config=config([]))["changed"]
    assert aws.distributions["EDIST0"]["config"]["Enabled"]
