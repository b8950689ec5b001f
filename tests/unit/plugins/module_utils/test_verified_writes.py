"""Writes that can be looked for: what is refused when it is deployed, and what NGINX is told."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.nginx_retries import nginx_retries
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import PolicyError

LIST = "/notes?patient_id={patient_id}&page={page}"
VERIFY = {"list": LIST, "match": ["title", "patient_id"]}
NOTES = {"path": "/notes", "methods": ["POST"], "class": "verified", "verify": VERIFY}
POLICY = {"connect_timeout_seconds": 1, "try_timeout_seconds": 2, "deadline_seconds": 10}


def plan(route, engine="lua"):
    return nginx_retries("http://hosp", [route], POLICY, engine=engine)


def treatment(route, engine="lua"):
    planned = plan(route, engine)
    (rule,) = planned["rules"]
    return next(treated for treated in planned["treatments"] if treated["name"] == rule["treatment"])


def refused(route):
    with pytest.raises(PolicyError) as error:
        plan(route)
    return error.value.faults


def verify(**changes):
    return {**NOTES, "verify": {**VERIFY, **changes}}


def test_a_write_is_looked_for_and_not_sent_again_unless_the_operator_says_when():
    assert treatment(NOTES)["verify"] == {
        **VERIFY,
        "has_pages": True,
        "max_write_seconds": None,
        "app_errors_are_final": False,
    }


def test_a_list_without_pages_is_read_once():
    assert not treatment(verify(list="/notes?patient_id={patient_id}"))["verify"]["has_pages"]


@pytest.mark.parametrize(
    ("route", "engine"), [(NOTES, "plain"), ({**NOTES, "verify": None}, "lua")], ids=["plain engine", "without verify"]
)
def test_what_cannot_be_looked_for_is_sent_once(route, engine):
    route = {key: value for key, value in route.items() if value is not None}
    treated = treatment(route, engine)
    assert (treated["class"], treated["verify"], treated["next_upstream"]) == ("once", None, "error timeout")


def test_a_write_is_sent_three_times_at_most():
    assert treatment({**NOTES, "attempts": 5, "deadline_seconds": 60})["attempts"] == 3


@pytest.mark.parametrize(
    ("request_", "is_named"),
    [("POST /notes /notes", True), ("POST /notes?a=b /notes", True), ("POST /n%6ftes /notes", False)],
)
def test_the_path_must_be_as_it_is_written(request_, is_named):
    (rule,) = plan(NOTES)["rules"]
    regex = "(?s)" + rule["regex"].removeprefix("~(?s)").replace(r"\z", r"\Z")
    assert bool(re.search(regex, request_)) is is_named


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ({**NOTES, "class": "once"}, "routes[0].verify is given: allowed with class 'verified'."),
        (
            {**NOTES, "methods": ["POST", "PUT"]},
            "routes[0].class is 'verified' for POST, PUT: allowed with POST, PATCH.",
        ),
        (
            {key: value for key, value in NOTES.items() if key != "methods"} | {"verify": {"match": ["title"]}},
            "routes[0].class is 'verified' for every method: allowed with POST, PATCH.",
        ),
        (
            {**NOTES, "verify": ["title"]},
            "routes[0].verify is ['title']: allowed is a mapping with list, match, max_write_seconds, "
            "app_errors_are_final.",
        ),
        (
            verify(mach=["title"]),
            "routes[0].verify.mach is unknown: allowed are list, match, max_write_seconds, app_errors_are_final.",
        ),
        (
            verify(match=[], list="/notes"),
            "routes[0].verify.match is []: allowed is a list of at least one field of the request's JSON object.",
        ),
        (
            verify(match=["patient_id", "a b"]),
            "routes[0].verify.match[1] is 'a b': allowed is a field's name, of letters, digits and underscores.",
        ),
        (
            verify(match=["patient_id", "patient_id"]),
            "routes[0].verify.match[1] is 'patient_id' once more: allowed is each field once.",
        ),
        (
            {**NOTES, "verify": {"match": ["title"]}},
            "routes[0].verify.list is None: allowed is a path with its query, without spaces, quotes, backslashes, % "
            "and #, such as /notes?patient_id={patient_id}&page={page}.",
        ),
        (
            verify(list='/notes?"'),
            "routes[0].verify.list is '/notes?\"': allowed is a path with its query, without spaces, quotes, "
            "backslashes, % and #, such as /notes?patient_id={patient_id}&page={page}.",
        ),
        (
            verify(list="/notes?of={hospital}"),
            "routes[0].verify.list is '/notes?of={hospital}', with {hospital}: allowed are the fields of match "
            "(title, patient_id) and {page}.",
        ),
        (
            verify(max_write_seconds=0),
            "routes[0].verify.max_write_seconds is 0: allowed is null (look only) or a number of seconds above 0 and "
            "up to 3600.",
        ),
        (
            verify(max_write_seconds=9.9),
            "routes[0].verify.max_write_seconds is 9.9: allowed with deadline_seconds 10 is at most 9.8, for what is "
            "sent again after it must fit.",
        ),
        (
            verify(app_errors_are_final="yes"),
            "routes[0].verify.app_errors_are_final is 'yes': allowed are true and false.",
        ),
    ],
)
def test_a_route_is_refused_by_name_value_and_what_is_allowed(route, message):
    assert refused(route) == [message]


def test_a_patch_needs_no_list():
    route = {"path": "/notes/*", "methods": ["PATCH"], "class": "verified", "verify": {"match": ["title"]}}
    assert treatment(route)["verify"]["list"] is None
