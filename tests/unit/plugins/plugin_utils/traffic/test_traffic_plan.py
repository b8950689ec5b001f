"""Which requests are sent."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import InputError, requests, templates

GET = {"method": "GET", "path": "/patients/{1-200}", "weight": 70}
PUT = {"method": "PUT", "path": "/patients/{1-9}", "weight": 10, "body": {"name": "Rex {1-9}", "hospital_id": "{1-20}"}}
POST = {"method": "POST", "path": "/notes", "weight": 20, "body": {"texts": ["{unique}"], "urgent": True}}
SCREEN = {"method": "POST", "path": "/patients/1/screen", "weight": 1, "class": "always"}


def test_the_proportions_are_kept_exactly() -> None:
    plan = requests(templates([GET, PUT, POST], writes=True), 1001, 1, "p")
    assert Counter(request.method for request in plan) == {"GET": 701, "PUT": 100, "POST": 200}


def test_a_plan_is_mixed_and_the_same_for_the_same_seed() -> None:
    chosen = templates([GET, PUT, POST], writes=True)
    assert requests(chosen, 100, 1, "p") == requests(chosen, 100, 1, "p")
    assert requests(chosen, 100, 1, "p") != requests(chosen, 100, 2, "p")
    assert len({request.method for request in requests(chosen, 100, 1, "p")[:30]}) == 3


def test_request_n_differs_between_two_targets_by_its_id_alone() -> None:
    chosen = templates([GET, PUT, POST], writes=True)
    one, other = requests(chosen, 200, 1, "a"), requests(chosen, 200, 1, "b")
    assert [(r.seed, r.method, r.path) for r in one] == [(r.seed, r.method, r.path) for r in other]
    assert len({request.id for request in one + other}) == 400
    assert len({request.seed for request in one}) == 200


def test_ranges_are_drawn_from_end_to_end() -> None:
    paths = {request.path for request in requests(templates([{**GET, "path": "/{3-5}"}], writes=False), 100, 1, "p")}
    assert paths == {"/3", "/4", "/5"}


def test_a_text_that_is_a_range_becomes_a_number_and_others_stay_texts() -> None:
    request = requests(templates([PUT], writes=True), 1, 1, "p")[0]
    body = json.loads(request.body or b"")
    assert isinstance(body["hospital_id"], int)
    assert body["name"].startswith("Rex ")
    assert body["name"].split()[1].isdigit()


def test_unique_is_the_requests_own_id() -> None:
    request = requests(templates([POST], writes=True), 1, 1, "p")[0]
    assert json.loads(request.body or b"") == {"texts": [request.id], "urgent": True}


def test_without_writes_what_changes_nothing_is_left() -> None:
    chosen = templates([GET, PUT, POST, SCREEN], writes=False)
    assert [(template.method, template.cls) for template in chosen] == [("GET", "safe"), ("POST", "always")]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"method": "get"}, "verify_requests[0].method is 'get'"),
        ({"method": None}, "verify_requests[0].method is None"),
        ({"path": "patients"}, "verify_requests[0].path is 'patients'"),
        ({"path": "/a b"}, "verify_requests[0].path is '/a b'"),
        ({"path": "/{5-1}"}, "verify_requests[0].path holds {5-1}"),
        ({"path": "/{id}"}, "verify_requests[0].path holds {id}"),
        ({"body": {"a": [{"b": "{x}"}]}}, "verify_requests[0].body.a[0].b holds {x}"),
        ({"weight": -1}, "verify_requests[0].weight is -1"),
        ({"weight": 0}, "verify_requests[0].weight is 0"),
        ({"weight": True}, "verify_requests[0].weight is True"),
        ({"class": "sure"}, "verify_requests[0].class is 'sure': one of safe"),
        ({"clas": "safe"}, "verify_requests[0].clas is unknown"),
    ],
)
def test_a_faulty_request_is_refused_by_name_and_value(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        templates([{**GET, **entry}], writes=False)
    assert len(refused.value.faults) == 1
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("entries", "writes", "message"),
    [
        ([], False, "verify_requests is empty"),
        ([POST], False, "verify_requests holds only writes, and verify_writes is false"),
        ([GET, SCREEN], True, "verify_writes is true, but verify_requests holds no write"),
        (["GET /"], False, "verify_requests[0] is 'GET /'"),
    ],
)
def test_a_list_that_cannot_be_sent_is_refused(entries: list[Any], writes: bool, message: str) -> None:
    with pytest.raises(InputError) as refused:
        templates(entries, writes)
    assert message in str(refused.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as refused:
        templates([{**GET, "weight": -1, "path": "x"}, {**GET, "method": ""}], writes=False)
    assert len(refused.value.faults) == 3
