"""Routes as a distribution's settings."""

from __future__ import annotations

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront_plan import (
    ALL_VIEWER,
    ALL_VIEWER_EXCEPT_HOST_HEADER,
    CACHING_DISABLED,
    cloudfront_plan,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import PolicyError

ARN = "arn:aws:acm:us-east-1:111122223333:certificate/1"
SECRET = "s" * 40
DOMAIN = {"name": "api.example.com", "plain_http": "refuse", "certificate_arn": ARN}
ORIGIN = {"domain": "origin.example.com"}
FUNCTIONS = {"audit": "audit.example.on.aws", "screening": "screening.example.on.aws"}
SCREENING = {"path": "/patients/*/screen", "methods": ["POST"], "class": "always", "edge": {"function": "screening"}}
PAGE = {"path": "/", "methods": ["GET"], "class": "safe", "edge": {"plain_http": "redirect"}}
AUDIT = {"path": "/audit*", "class": "never", "edge": {"function": "audit", "plain_http": "refuse"}}
WITHOUT = {"path": "/search", "class": "always"}


def plan(routes=(), domain=DOMAIN, origin=ORIGIN, policy=None, **options):
    policy = {"deadline_seconds": 55, **(policy or {})}
    return cloudfront_plan(routes, domain, origin, policy, functions=options.pop("functions", FUNCTIONS), **options)


def config(routes=(), **options):
    return plan(routes, **options)["config"]


def behaviors(routes, **options):
    """Pattern → (plain HTTP, origin), in order; the default behaviour last."""
    settings = config(routes, **options)
    every = [*settings["cache_behaviors"], {"path_pattern": "*", **settings["default_cache_behavior"]}]
    return [(one["path_pattern"], one["viewer_protocol_policy"], one["target_origin_id"]) for one in every]


def faults(*routes, **options):
    with pytest.raises(PolicyError) as error:
        plan(routes, **options)
    return error.value.faults


def test_routes_with_edge_become_behaviours_in_their_order():
    assert behaviors([WITHOUT, SCREENING, PAGE, AUDIT]) == [
        ("/patients/*/screen", "https-only", "function-screening"),
        ("/", "redirect-to-https", "fleet"),
        ("/audit*", "https-only", "function-audit"),
        ("*", "https-only", "fleet"),
    ]
    assert [pattern for pattern, *_ in behaviors([AUDIT, PAGE, SCREENING])] == [
        "/audit*",
        "/",
        "/patients/*/screen",
        "*",
    ]


@pytest.mark.parametrize(
    ("plain_http", "default", "screening", "page"),
    [
        ("refuse", "https-only", "https-only", "redirect-to-https"),
        ("redirect", "redirect-to-https", "redirect-to-https", "redirect-to-https"),
        ("serve", "allow-all", "allow-all", "redirect-to-https"),
    ],
)
def test_a_route_says_what_becomes_of_plain_http_else_its_domain_does(plain_http, default, screening, page):
    found = behaviors([SCREENING, PAGE], domain={**DOMAIN, "plain_http": plain_http})
    assert [policy for _, policy, _ in found] == [screening, page, default]


def test_a_domain_that_says_nothing_of_plain_http_refuses_it():
    assert behaviors([], domain={"name": "api.example.com"}) == [("*", "https-only", "fleet")]


def test_nothing_is_cached_and_every_method_goes_through():
    settings = config([SCREENING, PAGE])
    for behavior in (settings["default_cache_behavior"], *settings["cache_behaviors"]):
        assert behavior["cache_policy_id"] == CACHING_DISABLED
        assert len(behavior["allowed_methods"]["items"]) == 7
    ttls = {error["error_code"]: error["error_caching_min_ttl"] for error in settings["custom_error_responses"]}
    assert ttls == dict.fromkeys([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504], 0)


def test_the_load_balancer_gets_the_users_host_and_a_function_its_own():
    settings = config([SCREENING, PAGE])
    assert settings["default_cache_behavior"]["origin_request_policy_id"] == ALL_VIEWER
    assert [one["origin_request_policy_id"] for one in settings["cache_behaviors"]] == [
        ALL_VIEWER_EXCEPT_HOST_HEADER,
        ALL_VIEWER,
    ]


def test_origins_are_asked_once_by_https_and_shown_the_secret():
    origins = config([AUDIT, SCREENING, {**AUDIT, "path": "/trail"}], origin_secret=SECRET)["origins"]
    assert [origin["id"] for origin in origins] == ["fleet", "function-audit", "function-screening"]
    for origin in origins:
        assert origin["connection_attempts"] == 1
        assert origin["custom_headers"] == [{"header_name": "X-Origin-Secret", "header_value": SECRET}]
        assert origin["custom_origin_config"]["origin_protocol_policy"] == "https-only"
        assert origin["custom_origin_config"]["origin_ssl_protocols"] == ["TLSv1.2"]


def test_a_function_that_no_route_names_is_no_origin():
    assert [origin["id"] for origin in config([PAGE])["origins"]] == ["fleet"]


def test_without_a_secret_none_is_sent():
    assert config([])["origins"][0]["custom_headers"] == []


@pytest.mark.parametrize(
    ("policy", "routes", "quota", "read", "keepalive"),
    [
        ({"deadline_seconds": 55}, [], 60, 58, 55),
        ({"deadline_seconds": 57}, [], 60, 60, 57),
        ({"deadline_seconds": 30.5}, [], 60, 34, 30),
        ({"deadline_seconds": 0.5, "connect_timeout_seconds": 0.1, "try_timeout_seconds": 0.1}, [], 60, 4, 1),
        ({"deadline_seconds": 120}, [], 180, 123, 60),
        ({"deadline_seconds": 30}, [{**WITHOUT, "deadline_seconds": 50}], 60, 53, 50),
    ],
)
def test_cloudfront_waits_longer_than_the_proxies_and_keeps_connections_for_less(
    policy, routes, quota, read, keepalive
):
    origin = config(routes, policy=policy, read_timeout_quota_seconds=quota)["origins"][0]["custom_origin_config"]
    assert (origin["origin_read_timeout"], origin["origin_keepalive_timeout"]) == (read, keepalive)


@pytest.mark.parametrize(
    ("since", "today", "seconds"),
    [
        ("", "2026-03-01", 0),
        ("2026-03-02", "2026-03-01", 0),
        ("2026-03-01", "2026-03-01", 300),
        ("2026-03-01", "2026-03-07", 300),
        ("2026-03-01", "2026-03-08", 86400),
        ("2026-03-01", "2026-03-30", 86400),
        ("2026-03-01", "2026-03-31", 30 * 86400),
        ("2026-03-01", "2026-05-29", 30 * 86400),
        ("2026-03-01", "2026-05-30", 365 * 86400),
    ],
)
def test_hsts_grows_with_the_days(since, today, seconds):
    found = plan([PAGE], hsts_since=since, today=today, headers_policy_id="policy")
    assert found["hsts_seconds"] == seconds
    settings = found["config"]
    expected = "policy" if seconds else None
    for behavior in (settings["default_cache_behavior"], *settings["cache_behaviors"]):
        assert behavior["response_headers_policy_id"] == expected


@pytest.mark.parametrize(
    ("domain", "routes"),
    [
        ({**DOMAIN, "plain_http": "serve"}, []),
        ({**DOMAIN, "plain_http": "serve"}, [AUDIT]),
        (DOMAIN, [{**PAGE, "edge": {"plain_http": "serve"}}]),
    ],
)
def test_there_is_no_hsts_where_anything_is_served_by_plain_http(domain, routes):
    assert plan(routes, domain=domain, hsts_since="2026-01-01", today="2026-12-01")["hsts_seconds"] == 0


def test_a_domain_without_a_certificate_yet_says_nothing_of_its_name():
    assert config([])["aliases"] == ["api.example.com"]
    assert config([])["viewer_certificate"]["minimum_protocol_version"] == "TLSv1.2_2021"
    settings = config([], domain={"name": "api.example.com", "certificate_arn": ""})
    assert {"aliases", "viewer_certificate"} & settings.keys() == set()


def test_logs_are_below_the_domains_name():
    assert config([], log_bucket="logs")["logging"] == {
        "enabled": True,
        "bucket": "logs.s3.amazonaws.com",
        "prefix": "api.example.com/",
        "include_cookies": False,
    }
    assert not config([])["logging"]["enabled"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"domain": "api.example.com"}, "cloudfront_domain is 'api.example.com': allowed is a mapping"),
        ({"domain": {"plain_http": "refuse"}}, "cloudfront_domain.name is None: allowed is a full domain name"),
        ({"domain": {"name": "localhost"}}, "cloudfront_domain.name is 'localhost'"),
        (
            {"domain": {**DOMAIN, "plain_http": "deny"}},
            "cloudfront_domain.plain_http is 'deny': allowed are refuse, redir",
        ),
        ({"domain": {**DOMAIN, "aliases": []}}, "cloudfront_domain.aliases is unknown: allowed are name, plain_http"),
        (
            {"domain": {**DOMAIN, "certificate_arn": ARN.replace("us-east-1", "eu-central-1")}},
            "cloudfront_domain.certificate_arn is 'arn:aws:acm:eu-central-1:111122223333:certificate/1': allowed",
        ),
        ({"origin": {}}, "cloudfront_origin.domain is None: allowed is the load balancer's domain name"),
        ({"origin": {"domain": "10.0.0.1"}}, "cloudfront_origin.domain is '10.0.0.1'"),
        ({"origin": {**ORIGIN, "https_port": 22}}, "cloudfront_origin.https_port is 22: allowed are 443 and 1024"),
        ({"origin": {**ORIGIN, "port": 8443}}, "cloudfront_origin.port is unknown: allowed are domain, https_port"),
        (
            {"functions": {"audit": "https://x"}},
            "cloudfront_functions.audit is 'https://x': allowed is the domain name",
        ),
        ({"functions": ["audit"]}, "cloudfront_functions is ['audit']: allowed is a mapping"),
        ({"policy": {"deadline_seconds": 58}}, "cloudfront_retry_policy.deadline_seconds is 58: allowed is at most 57"),
        (
            {"read_timeout_quota_seconds": 181},
            "cloudfront_read_timeout_quota_seconds is 181: allowed is a whole number",
        ),
        ({"hsts_since": "soon", "today": "2026-01-01"}, "cloudfront_hsts_since is 'soon': allowed is a date such as"),
    ],
)
def test_what_cannot_be_served_is_refused(options, words):
    (fault,) = faults(**options)
    assert fault.startswith(words)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (
            {**PAGE, "edge": "refuse"},
            "cloudfront_routes[0].edge is 'refuse': allowed is a mapping with plain_http, func",
        ),
        ({**PAGE, "edge": {"ttl": 1}}, "cloudfront_routes[0].edge.ttl is unknown: allowed are plain_http, function"),
        (
            {**PAGE, "edge": {"plain_http": "no"}},
            "cloudfront_routes[0].edge.plain_http is 'no': allowed are refuse, redir",
        ),
        ({**PAGE, "edge": {"function": "x"}}, "cloudfront_routes[0].edge.function is 'x': allowed are those of"),
        ({**PAGE, "path": "/a(b)"}, "cloudfront_routes[0].path is '/a(b)': allowed with edge are up to 255 letters"),
        ({**PAGE, "path": "/" + "a" * 255}, "cloudfront_routes[0].path is '/aaa"),
        ({**WITHOUT, "deadline_seconds": 58}, "cloudfront_routes[0].deadline_seconds is 58: allowed is at most 57"),
        ({**WITHOUT, "class": "x"}, "cloudfront_routes[0].class is 'x'"),
    ],
)
def test_a_route_that_cannot_be_a_behaviour_is_refused(route, words):
    (fault,) = faults(route)
    assert fault.startswith(words)


def test_a_path_that_cloudfront_cannot_have_is_the_proxies_matter_without_edge():
    assert config([{"path": "/a(b)", "class": "once"}])["cache_behaviors"] == []


def test_a_behaviour_behind_a_wider_one_is_refused_whatever_the_methods():
    wide = {"path": "/a*", "methods": ["GET"], "class": "safe", "edge": {}}
    narrow = {"path": "/a/b", "methods": ["POST"], "class": "once", "edge": {}}
    (fault,) = faults(WITHOUT, wide, narrow)
    assert fault.startswith(
        "cloudfront_routes[2].edge is never reached: cloudfront_routes[1].edge has every path of /a/b"
    )
    assert len(config([narrow, wide])["cache_behaviors"]) == 2


def test_more_behaviours_than_the_quota_are_refused():
    routes = [{"path": f"/{n}", "class": "once", "edge": {}} for n in range(26)]
    (fault,) = faults(*routes)
    assert fault.startswith("cloudfront_routes has 26 routes with edge: allowed are 25")
    assert len(config(routes, behaviors_quota=26)["cache_behaviors"]) == 26


def test_all_faults_are_told_at_once_by_the_names_that_were_given():
    found = faults(
        {**PAGE, "edge": {"plain_http": "no", "function": "x"}},
        domain={"name": ""},
        names={"routes": "fleet_routes", "domain": "fleet_domains[1]"},
    )
    assert [fault.partition(" ")[0] for fault in found] == [
        "fleet_domains[1].name",
        "fleet_routes[0].edge.plain_http",
        "fleet_routes[0].edge.function",
    ]


def test_no_fault_tells_the_secret():
    assert SECRET not in str(faults(domain={"name": ""}, origin={}, origin_secret=SECRET))
