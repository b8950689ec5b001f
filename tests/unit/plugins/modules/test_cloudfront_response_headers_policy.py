from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import cloudfront_response_headers_policy


def hsts(seconds):
    return {
        "security_headers_config": {
            "strict_transport_security": {"access_control_max_age_sec": seconds, "override": True}
        }
    }


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, cloudfront_response_headers_policy.main, name="hsts")
    return aws


def test_its_story_each_step_first_checked_then_done_then_left_alone(aws):
    for options in (
        {"config": hsts(300)},
        {"config": hsts(86400)},
        {"config": {"custom_headers_config": [{"header": "X-A", "value": "a", "override": False}]}},
        {"config": {"custom_headers_config": None, "comment": "Only by HTTPS"}},
        {"state": "absent"},
    ):
        checked = aws.run(check=True, **options)
        assert checked["changed"]
        assert aws.writes() == []
        done = aws.run(**options)
        assert done["changed"]
        assert done["diff"] == checked["diff"]
        assert not aws.run(**options)["changed"]
        assert aws.writes() == []
    assert aws.headers_policies == {}


def test_what_is_not_given_stays(aws):
    aws.run(config={**hsts(300), "comment": "a note"})
    policy = aws.run(config=hsts(86400))["response_headers_policy"]
    assert policy == {"id": "policy-0", "config": {"name": "hsts", "comment": "a note", **hsts(86400)}}


def test_a_change_that_somebody_else_makes_after_the_list_is_kept(aws):
    aws.run(config=hsts(300))

    def another(operation, given):
        if operation == "GetResponseHeadersPolicy":
            aws.headers_policies["policy-0"]["config"]["Comment"] = "theirs"

    aws.interfere = another
    policy = aws.run(config=hsts(86400))["response_headers_policy"]
    assert policy["config"] == {"name": "hsts", "comment": "theirs", **hsts(86400)}
    assert aws.headers_policies["policy-0"]["config"]["Comment"] == "theirs"


def test_it_is_found_by_its_name_on_any_page(aws):
    aws.run(name="other", config=hsts(1))
    aws.run(name="another", config=hsts(2))
    assert aws.run(config=hsts(3))["response_headers_policy"]["id"] == "policy-2"
    assert not aws.run(name="another", config=hsts(2))["changed"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"security_headers": {}}, "config.security_headers is unknown: did you mean security_headers_config?"),
        ({"name": "x"}, "config.name is what name is: leave it out"),
        (
            {"security_headers_config": {"strict_transport_security": {"override": True}}},
            "config.security_headers_config.strict_transport_security.access_control_max_age_sec is missing",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(aws, config, words):
    assert words in aws.run(config=config)["msg"]
    assert aws.writes() == []
