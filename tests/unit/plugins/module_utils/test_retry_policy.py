"""The retry policy: what is accepted, and what is refused with which words."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import (
    DEFAULT_POLICY,
    PolicyError,
    checked_routes,
    path_regex,
    resolved_policy,
    upstream_address,
)


def refused(call, *args):
    with pytest.raises(PolicyError) as error:
        call(*args)
    return error.value.faults


def test_what_a_policy_does_not_mention_has_its_default():
    assert resolved_policy({"attempts": 5}, "policy") == {**DEFAULT_POLICY, "attempts": 5}


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"attempts": 0}, "policy.attempts is 0: allowed is a whole number of tries from 1 to 5."),
        ({"attempts": 6}, "policy.attempts is 6: allowed is a whole number of tries from 1 to 5."),
        ({"attempts": True}, "policy.attempts is True: allowed is a whole number of tries from 1 to 5."),
        ({"attempts": "3"}, "policy.attempts is '3': allowed is a whole number of tries from 1 to 5."),
        ({"statuses": [404]}, "policy.statuses[0] is 404: allowed are 429, 500, 502, 503, 504."),
        ({"statuses": 500}, "policy.statuses is 500: allowed is a list of 429, 500, 502, 503, 504."),
        (
            {"try_timeout_seconds": 0},
            "policy.try_timeout_seconds is 0: allowed is a number of seconds from 0.1 to 3600.",
        ),
        (
            {"deadline_seconds": "10s"},
            "policy.deadline_seconds is '10s': allowed is a number of seconds from 0.1 to 3600.",
        ),
        (
            {"connect_timeout_seconds": 1, "try_timeout_seconds": 5, "deadline_seconds": 5.5},
            "policy.deadline_seconds is 5.5: allowed is at least one try, "
            "connect_timeout_seconds + try_timeout_seconds = 6.",
        ),
        (
            {"atempts": 3},
            "policy.atempts is unknown: allowed are attempts, statuses, connect_timeout_seconds, "
            "try_timeout_seconds, deadline_seconds, backoff_seconds, backoff_max_seconds, peak_requests_per_second.",
        ),
        (
            {"statuses": [500]},
            "policy.statuses is [500]: allowed is [] (connection errors and time-outs only) or a list with "
            "502 and 504, for a broken connection and a time-out end as these.",
        ),
        (
            {"connect_timeout_seconds": 1, "try_timeout_seconds": 5, "deadline_seconds": 6.5},
            "policy.deadline_seconds is 6.5: allowed with 3 attempts is at least 6.7, "
            "one try that takes its time, the wait after it and a tenth of another; or attempts: 1.",
        ),
        (
            {"backoff_seconds": -1},
            "policy.backoff_seconds is -1: allowed is a number of seconds from 0 (at once) to 60.",
        ),
        (
            {"peak_requests_per_second": 0},
            "policy.peak_requests_per_second is 0: allowed is a whole number from 1 to 1000000.",
        ),
    ],
)
def test_a_policy_is_refused_by_name_value_and_what_is_allowed(policy, message):
    assert refused(resolved_policy, policy, "policy") == [message]


def test_all_faults_are_reported_at_once():
    assert len(refused(resolved_policy, {"attempts": 0, "statuses": [200], "deadline_seconds": -1}, "policy")) == 3


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (
            {"path": "/a", "class": "sfae"},
            "routes[0].class is 'sfae': allowed are safe, once, always, never, verified.",
        ),
        (
            {"path": "a", "class": "never"},
            "routes[0].path is 'a': allowed is a path that begins with a slash, of printable ASCII without spaces.",
        ),
        (
            {"class": "never"},
            "routes[0].path is None: allowed is a path that begins with a slash, of printable ASCII without spaces.",
        ),
        (
            {"path": "/a\n", "class": "never"},
            "routes[0].path is '/a\\n': allowed is a path that begins with a slash, of printable ASCII without spaces.",
        ),
        (
            {"path": "/a%20b", "class": "never"},
            "routes[0].path is '/a%20b': allowed is the decoded path, without % escapes, double slashes and dots.",
        ),
        (
            {"path": "/a", "class": "never", "methods": ["post"]},
            "routes[0].methods[0] is 'post': allowed is a method in capitals, such as POST.",
        ),
        (
            {"path": "/a", "class": "never", "methods": "POST"},
            "routes[0].methods is 'POST': allowed is a list of methods such as [POST].",
        ),
        (
            {"path": "/a", "class": "safe", "methods": ["GET", "POST"]},
            "routes[0].class is 'safe' for POST: allowed with GET, HEAD, OPTIONS, PUT, DELETE; "
            "a request of another method that only reads is of class 'always'.",
        ),
        (
            {"path": "/a", "class": "never", "retries": 2},
            "routes[0].retries is unknown: allowed are path, methods, class, attempts, try_timeout_seconds, "
            "deadline_seconds, backoff_seconds, stale, verify, edge.",
        ),
        (
            {"path": "/a/../b", "class": "never"},
            "routes[0].path is '/a/../b': allowed is the decoded path, without % escapes, double slashes and dots.",
        ),
        (
            "/a",
            "routes[0] is '/a': allowed is a mapping with path, methods, class, attempts, try_timeout_seconds, "
            "deadline_seconds, backoff_seconds, stale, verify, edge.",
        ),
        (
            {"path": "/a", "class": "never", "attempts": 2},
            "routes[0] has attempts: allowed with any class but 'never', which is tried once.",
        ),
        (
            {"path": "/a", "class": "always", "attempts": 9},
            "routes[0].attempts is 9: allowed is a whole number of tries from 1 to 5.",
        ),
        (
            {"path": "/a", "class": "always", "deadline_seconds": 20},
            "routes[0].deadline_seconds is 20: allowed is at least one try, "
            "connect_timeout_seconds + try_timeout_seconds = 27.",
        ),
        (
            {"path": "/a", "methods": ["GET"], "class": "safe", "stale": {"ttl": 5}},
            "routes[0].stale is {'ttl': 5}: allowed is ttl_seconds with a whole number of seconds from 1 to 86400.",
        ),
        (
            {"path": "/a", "methods": ["GET", "HEAD"], "class": "safe", "stale": {"ttl_seconds": 5}},
            "routes[0].stale is given: allowed with methods [GET] and class 'safe'.",
        ),
    ],
)
def test_a_route_is_refused_by_name_value_and_what_is_allowed(route, message):
    assert refused(checked_routes, [route], "routes", DEFAULT_POLICY) == [message]


def test_what_is_no_list_of_routes_or_no_policy_is_refused_too():
    assert refused(checked_routes, None, "routes", DEFAULT_POLICY) == [
        "routes is None: allowed is a list of routes, or [] for none."
    ]
    assert refused(resolved_policy, 3, "policy")[0].startswith(
        "policy is 3: allowed is a mapping with any of attempts,"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a"}, {"path": "/a"}),
        ({"path": "/a", "methods": ["POST"]}, {"path": "/a", "methods": ["POST", "PUT"]}),
        ({"path": "/a", "methods": ["POST"]}, {"path": "/a"}),
        ({"path": "/a/*"}, {"path": "/a/b"}),
        ({"path": "/a/*"}, {"path": "/a/*/b", "methods": ["POST"]}),
        ({"path": "/a?"}, {"path": "/ab"}),
    ],
)
def test_routes_that_claim_the_same_requests_collide(first, second):
    (fault,) = refused(
        checked_routes, [{**first, "class": "never"}, {**second, "class": "always"}], "routes", DEFAULT_POLICY
    )
    assert re.match(r"routes\[1\] \(.*\) collides with routes\[0\] \(.*\): both claim .+ and the first one wins", fault)


@pytest.mark.parametrize("methods", [{}, {"methods": ["POST", "PUT"]}])
@pytest.mark.parametrize(("first", "second"), [("always", "never"), ("always", "once"), ("once", "never")])
def test_a_route_that_allows_less_is_not_hidden_for_some_methods_either(first, second, methods):
    routes = [{"path": "/a/*", "methods": ["POST"], "class": first}, {"path": "/a/*/b", **methods, "class": second}]
    (fault,) = refused(checked_routes, routes, "routes", DEFAULT_POLICY)
    assert "collides with routes[0] (/a/*): both claim POST" in fault


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a", "methods": ["POST"]}, {"path": "/a", "methods": ["PUT"]}),
        ({"path": "/a/b"}, {"path": "/a/*"}),
        ({"path": "/a/*", "methods": ["POST"]}, {"path": "/a/b"}),
        ({"path": "/a?"}, {"path": "/a*"}),
        ({"path": "/*/b"}, {"path": "/a/*"}),
    ],
)
def test_a_narrower_route_may_come_before_a_wider_one(first, second):
    routes = [{**first, "class": "never"}, {**second, "class": "always"}]
    assert [route["path"] for route in checked_routes(routes, "routes", DEFAULT_POLICY)] == [
        first["path"],
        second["path"],
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/patients/*/screen", "/patients/7/screen", True),
        ("/patients/*/screen", "/patients/7/x/screen", True),
        ("/patients/*/screen", "/patients/7/screened", False),
        ("/v?/x.json", "/v1/x.json", True),
        ("/v?/x.json", "/v1/x_json", False),
    ],
)
def test_wildcards_mean_what_they_mean_to_cloudfront(pattern, path, matches):
    assert bool(re.fullmatch(path_regex(pattern), path)) is matches


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://198.18.0.21", {"host": "198.18.0.21", "port": 80, "is_name": False}),
        ("http://hosp.example.test:8000/", {"host": "hosp.example.test", "port": 8000, "is_name": True}),
        ("http://[2001:db8::1]:81", {"host": "[2001:db8::1]", "port": 81, "is_name": False}),
    ],
)
def test_an_upstream_is_a_host_and_a_port(url, address):
    assert upstream_address(url, "upstream") == address


@pytest.mark.parametrize(
    "url",
    [
        "hosp",
        "https://hosp",
        "http://hosp/api",
        "http://hosp:0",
        "http://hosp:99999",
        "http://u:p@hosp",
        "http://a b",
        "http://h;x{y",
        "http://[1:2",
        None,
    ],
)
def test_anything_else_is_no_upstream(url):
    (fault,) = refused(upstream_address, url, "upstream")
    assert fault.startswith(f"upstream is {url!r}")
    assert fault.endswith("allowed is http://HOST or http://HOST:PORT, without a path.")
