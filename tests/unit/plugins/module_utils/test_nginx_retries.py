"""Classes, routes and times in NGINX's terms."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.nginx_retries import nginx_retries


def plan(routes=(), engine="lua", **policy):
    return nginx_retries("http://hosp", routes, policy, engine=engine)


def treatment(routes, request, engine="lua"):
    """What the map says of "METHOD TARGET PATH", as NGINX reads it: the first rule that matches."""
    rules = plan(routes, engine)["rules"]
    return next((rule["treatment"] for rule in rules if re.search(_python(rule["regex"]), request)), None)


def _python(regex):
    return "(?s)" + regex.removeprefix("~(?s)").replace(r"\z", r"\Z")


def named(plan_):
    return {treated["name"]: treated for treated in plan_["treatments"]}


def test_only_the_class_always_repeats_what_was_sent_and_may_have_been_done():
    repeating = [treated["name"] for treated in plan()["treatments"] if "non_idempotent" in treated["next_upstream"]]
    assert repeating == ["always"]


def test_once_is_never_repeated_for_a_status():
    settings = {name: treated["next_upstream"] for name, treated in named(plan(statuses=[500, 502, 504])).items()}
    assert settings == {
        "safe": "error timeout http_500 http_502 http_504",
        "once": "error timeout",
        "always": "error timeout http_500 http_502 http_504 non_idempotent",
        "never": "off",
    }


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("POST /patients/1/screen /patients/1/screen", "always"),
        ("POST /patients/1/screen?a=%2F&b=/c?d /patients/1/screen", "always"),
        ("POST /patients/1/scree%6e /patients/1/screen", None),
        ("POST /patients//1/screen /patients/1/screen", None),
        ("POST /patients/1/screen%3F /patients/1/screen?", None),
        ("POST /patients/1/screen%20 /patients/1/screen ", None),
        ("POST /patients/1/x%20/patients/1/x%3F/screen /patients/1/x /patients/1/x?/screen", None),
        ("PATCH /patients/1/screen /patients/1/screen", None),
        ("POST /patients/1/screen%0A /patients/1/screen\n", None),
        ("XPOST /patients/1/screen /patients/1/screen", None),
    ],
)
def test_what_may_always_be_repeated_must_be_named_as_it_is_written(request_, expected):
    assert treatment([{"path": "/patients/*/screen", "methods": ["POST"], "class": "always"}], request_) == expected


@pytest.mark.parametrize(
    "target_and_path",
    ["/pay/1 /pay/1", "/pay/1?a=b /pay/1", "/p%61y/1 /pay/1", "/x/..//pay/1 /pay/1", "/pay/%0A /pay/\n"],
)
def test_what_must_never_be_repeated_is_recognised_in_any_spelling(target_and_path):
    assert treatment([{"path": "/pay/*", "class": "never"}], f"GET {target_and_path}") == "never"


@pytest.mark.parametrize(
    ("engine", "request_", "expected"),
    [
        ("plain", "POST /a /a", "once"),
        ("plain", "PATCH /a /a", "once"),
        ("plain", "PUT /a /a", "never"),
        ("plain", "BREW /a /a", "never"),
        ("lua", "PUT /a /a", "once"),
        ("lua", "BREW /a /a", "once"),
    ],
)
def test_once_is_for_methods_that_the_engine_can_hold_back(engine, request_, expected):
    assert treatment([{"path": "/a", "class": "once"}], request_, engine) == expected


def test_a_method_that_nobody_listed_is_tried_once_and_by_nginx_alone_never_again():
    assert plan()["unlisted"] == "once"
    assert plan(engine="plain")["unlisted"] == "never"


def test_a_route_with_limits_of_its_own_is_treated_apart():
    routes = [{"path": "/a", "class": "always", "attempts": 2}, {"path": "/b", "class": "always"}]
    assert treatment(routes, "POST /a /a") == "always_0"
    assert treatment(routes, "POST /b /b") == "always"
    assert named(plan(routes))["always_0"]["attempts"] == 2
    assert named(plan(routes))["always"]["attempts"] == 3


def test_only_a_try_timeout_of_its_own_needs_other_settings_for_a_first_try():
    routes = [
        {"path": "/a", "class": "always", "deadline_seconds": 40},
        {"path": "/b", "class": "always", "try_timeout_seconds": 5},
    ]
    treatments = named(plan(routes))
    assert (treatments["always_0"]["own_timeouts"], treatments["always_1"]["own_timeouts"]) == (False, True)


def test_stale_answers_have_a_treatment_for_each_route_and_locations_for_each_ttl():
    routes = [{"path": f"/{x}", "methods": ["GET"], "class": "safe", "stale": {"ttl_seconds": 9}} for x in "ab"]
    assert plan(routes)["ttls"] == [9]
    assert [treatment(routes, f"GET /{x} /{x}") for x in "ab"] == ["safe_0", "safe_1"]


def test_the_most_of_policy_and_routes_is_known():
    assert (plan()["longest_deadline_seconds"], plan()["most_attempts"]) == (60, 3)
    routes = [{"path": "/a", "class": "always", "attempts": 5}, {"path": "/b", "class": "once", "deadline_seconds": 90}]
    assert (plan(routes)["longest_deadline_seconds"], plan(routes)["most_attempts"]) == (90, 5)


def test_what_must_not_be_repeated_has_one_attempt():
    assert named(plan())["never"]["attempts"] == 1


@pytest.mark.parametrize(
    ("policy", "longest"),
    [
        ({}, [0.2, 0.4, 0.8]),
        ({"attempts": 5}, [0.2, 0.4, 0.8, 1, 1]),
        ({"backoff_seconds": 0}, [0, 0, 0]),
    ],
)
def test_waits_double_up_to_the_longest(policy, longest):
    assert named(plan(**policy))["safe"]["backoff_max_seconds"] == longest


@pytest.mark.parametrize(
    ("peak", "capacity", "open_above", "floor"), [(1000, 200, 100, 87.5), (10, 20, 10, 8.75), (400, 80, 40, 35)]
)
def test_the_throttle_is_sized_by_the_traffic(peak, capacity, open_above, floor):
    assert plan(peak_requests_per_second=peak)["throttle"] == {
        "capacity": capacity,
        "open_above": open_above,
        "floor": floor,
    }


@pytest.mark.parametrize(
    ("policy", "milliseconds"),
    [
        ({"deadline_seconds": 60}, 33_000),
        ({"connect_timeout_seconds": 1, "try_timeout_seconds": 2, "deadline_seconds": 10.5}, 7_500),
        ({"attempts": 1, "connect_timeout_seconds": 5, "try_timeout_seconds": 5, "deadline_seconds": 10}, 1),
    ],
)
def test_nginx_alone_begins_the_last_try_early_enough_to_end_within_the_deadline(policy, milliseconds):
    assert named(plan(**policy))["safe"]["next_upstream_timeout_ms"] == milliseconds
