from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import cloudfront_origin_access_control


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, cloudfront_origin_access_control.main, name="pages")
    return aws


def test_its_story_each_step_first_checked_then_done_then_left_alone(aws):
    for options in (
        {"origin_type": "s3"},
        {"description": "Pages"},
        {"signing_behavior": "no-override", "description": ""},
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
    assert aws.access_controls == {}


def test_what_is_not_given_stays(aws):
    aws.run(origin_type="lambda", signing_behavior="never", description="a note")
    control = aws.run(description="another")["origin_access_control"]
    assert control == {
        "id": "EACCESS0",
        "name": "pages",
        "description": "another",
        "origin_type": "lambda",
        "signing_behavior": "never",
        "signing_protocol": "sigv4",
    }


def test_a_change_that_somebody_else_makes_after_the_list_is_kept(aws):
    aws.run(origin_type="s3")

    def another(operation, given):
        if operation == "GetOriginAccessControl":
            aws.access_controls["EACCESS0"]["config"]["Description"] = "theirs"

    aws.interfere = another
    assert aws.run(signing_behavior="never")["changed"]
    kept = aws.access_controls["EACCESS0"]["config"]
    assert (kept["SigningBehavior"], kept["Description"]) == ("never", "theirs")


def test_it_is_told_from_others_by_its_name(aws):
    aws.run(name="other", origin_type="s3")
    assert aws.run(origin_type="s3")["origin_access_control"]["id"] == "EACCESS1"


def test_what_is_behind_it_must_be_told_and_cannot_change(aws):
    assert "origin_type is missing" in aws.run()["msg"]
    aws.run(origin_type="s3")
    assert "which cannot be changed" in aws.run(origin_type="lambda")["msg"]
    assert aws.writes() == []
