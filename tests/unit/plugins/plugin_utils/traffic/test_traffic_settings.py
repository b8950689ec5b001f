"""Settings are refused before anything is sent, by variable, value and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.notes import announcement, closing
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import InputError
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.settings import settings

if TYPE_CHECKING:
    from conftest import Certified


def target(name: str = "front", url: str = "http://h", baseline: bool = False) -> dict[str, Any]:
    return {"name": name, "url": url, "host_header": None, "baseline": baseline}


GOOD: dict[str, Any] = {
    "targets": [target("straight at it", baseline=True), target("through the front")],
    "requests": [{"method": "GET", "path": "/", "weight": 9}, {"method": "POST", "path": "/", "weight": 1}],
    "writes": True,
    "count": 4000,
    "concurrency": 50,
    "seed": 1,
    "timeout_seconds": 12.0,
    "user": "nurse",
    "password": "secret",
    "headers": {"X-Site": "1"},
    "ca_path": None,
    "controls_url": "http://h:9000",
    "faults": {"rate": 0.1},
    "attempts": 3,
    "max_safe_failures_percent": 0.15,
    "report_path": None,
}


def test_good_settings() -> None:
    wanted = settings(GOOD)
    assert wanted.baseline == "straight at it"
    assert wanted.targets[1].headers == {"Authorization": "Basic bnVyc2U6c2VjcmV0", "X-Site": "1"}


def test_nothing_but_targets_and_requests_is_needed() -> None:
    optional = ("user", "password", "ca_path", "controls_url", "attempts", "max_safe_failures_percent")
    wanted = settings({**GOOD, **dict.fromkeys(optional), "headers": {}, "faults": {}})
    assert (wanted.targets[0].headers, wanted.controls_url) == ({}, None)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("count", 0, "verify_count is 0: a number from 1 to"),
        ("concurrency", 0, "verify_concurrency is 0: a number from 1 to"),
        ("seed", -1, "verify_seed is -1: a number from 0"),
        ("timeout_seconds", 0.0, "verify_timeout_seconds is 0.0: a number from 0.1"),
        ("attempts", 0, "fleet_retry_policy.attempts is 0: a number from 1"),
        ("max_safe_failures_percent", 101.0, "verify_max_safe_failures_percent is 101.0: a number from 0 to 100"),
        ("targets", [], "verify_targets is empty"),
        ("targets", [target(), target()], "verify_targets[1].name is 'front' once more"),
        ("targets", [target("a", baseline=True), target("b", baseline=True)], "more than one baseline"),
        ("targets", [target(url="ftp://h")], "verify_targets[0].url is 'ftp://h'"),
        ("targets", [target(url="http://h:99999")], "verify_targets[0].url is 'http://h:99999'"),
        ("targets", [target(url="http://h/?q")], "verify_targets[0].url is 'http://h/?q'"),
        ("targets", [target(url="http://u:secret@h")], "verify_targets[0].url holds a user or a password"),
        ("password", None, "verify_password is missing"),
        ("password", "", "verify_password is missing"),
        ("user", None, "verify_user is missing"),
        ("user", "", "verify_user is missing"),
        ("user", "a:b", "verify_user holds a colon"),
        ("headers", {"X-A": "a\r\nX-B: secret"}, "verify_headers: 'X-A' holds a line break"),
        ("headers", {"X-Key": ["secret"]}, "verify_headers: 'X-Key' is not text"),
        ("headers", {1: "secret"}, "verify_headers: 1 is not text"),
        ("ca_path", "/nowhere/ca.pem", "verify_ca_path is '/nowhere/ca.pem': No such file"),
        ("ca_path", __file__, f"verify_ca_path is {__file__!r}: it holds no certificate"),
        ("controls_url", None, "verify_faults is given without verify_controls_url"),
        ("controls_url", "h:9000", "verify_controls_url is 'h:9000'"),
        ("faults", {"rate": "0.1"}, "verify_faults.rate is '0.1'"),
        ("requests", [], "verify_requests is empty"),
    ],
)
def test_a_faulty_setting_is_refused_by_name_and_value(option: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        settings({**GOOD, option: value})
    assert len(refused.value.faults) == 1
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as refused:
        settings({**GOOD, "count": 0, "requests": [], "ca_path": "/nowhere"})
    assert len(refused.value.faults) == 3


def test_a_ca_file_with_a_certificate_is_taken(certified: Certified) -> None:
    assert settings({**GOOD, "ca_path": certified.ca_path}).targets[0].ca_path == certified.ca_path


def test_what_is_sent_is_said_before() -> None:
    assert announcement(settings(GOOD), check_mode=False) == (
        "Sending 4 000 requests (3 600 GET, 400 POST) straight at it, then through the front; seed 1, 50 at a time;"
        " faults injected upstream into 10 %, and set back at the end or by Ctrl-C."
    )


def test_safe_failures_are_said_beside_the_limit() -> None:
    classes = {"safe": {"requests": 3200, "failed": 3}, "once": {"requests": 800, "failed": 80}}
    measured = [{"name": "straight at it", "classes": classes}, {"name": "through the front", "classes": classes}]
    assert closing(measured, settings(GOOD)) == [
        "Safe requests that failed through the front: 0.09 % (limit with 3 tries at 10 % faults: 0.1 %)"
    ]
    assert closing(measured, settings({**GOOD, "faults": {}})) == [
        "Safe requests that failed through the front: 0.09 %"
    ]
