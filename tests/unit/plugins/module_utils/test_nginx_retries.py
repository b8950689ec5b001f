"""Classes, routes and times in NGINX's terms."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.nginx_retries import nginx_retries


def plan(routes=(), **policy):
    return nginx_retries("http://hosp", routes, policy)


def location(routes, request):
    """Where the map sends "PLAIN METHOD PATH", as NGINX reads it: the first rule that matches."""
    rules = plan(routes)["rules"]
    return next((rule["location"] for rule in rules if re.search(_python(rule["regex"]), request)), None)


def _python(regex):
    return "(?s)" + regex.removeprefix("~(?s)").replace(r"\z", r"\Z")


def test_only_the_class_always_repeats_what_was_sent_and_may_have_been_done():
    repeating = [place["name"] for place in plan()["locations"] if "non_idempotent" in place["next_upstream"]]
    assert repeating == ["always"]


def test_once_is_never_repeated_for_a_status():
    settings = {place["name"]: place["next_upstream"] for place in plan(statuses=[500, 503])["locations"]}
    assert settings == {
        "safe": "error timeout http_500 http_503",
        "once": "error timeout",
        "always": "error timeout http_500 http_503 non_idempotent",
        "never": "off",
    }


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("1 POST /patients/1/screen", "always"),
        ("0 POST /patients/1/screen", None),
        ("1 PATCH /patients/1/screen", None),
        ("1 POST /patients/1/screen\n", None),
        ("1 POST /patients/1\n/screen", "always"),
        ("1 XPOST /patients/1/screen", None),
    ],
)
def test_what_may_always_be_repeated_must_be_named_as_it_is_written(request_, expected):
    assert location([{"path": "/patients/*/screen", "methods": ["POST"], "class": "always"}], request_) == expected


@pytest.mark.parametrize("plain", ["0", "1"])
def test_what_must_never_be_repeated_is_recognised_in_any_spelling(plain):
    assert location([{"path": "/pay/*", "class": "never"}], f"{plain} GET /pay/1") == "never"


@pytest.mark.parametrize(
    ("methods", "method", "expected"),
    [
        ([], "POST", "once"),
        ([], "GET", "never"),
        (["GET", "PATCH"], "GET", "never"),
        (["GET", "PATCH"], "PATCH", "once"),
    ],
)
def test_once_is_never_for_a_method_that_nginx_would_not_hold_back(methods, method, expected):
    assert location([{"path": "/x", "class": "once", "methods": methods}], f"1 {method} /x") == expected


def test_the_last_try_may_begin_while_a_whole_one_fits_into_the_deadline():
    times = {"connect_timeout_seconds": 1, "try_timeout_seconds": 2, "deadline_seconds": 10}
    assert plan(**times)["next_upstream_timeout_ms"] == 7000


def test_no_time_for_a_second_try_is_not_taken_for_no_limit():
    times = {"connect_timeout_seconds": 1, "try_timeout_seconds": 2, "deadline_seconds": 3}
    assert plan(**times)["next_upstream_timeout_ms"] == 1
