"""What a release reads out of what AWS keeps, and what follows from it."""

from __future__ import annotations

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils import lambda_release as release
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import Note
from lambda_in_memory import LambdaAws

CONTENTS = "0123456789abcdef" * 4
PACKAGE = "A" * 43 + "="


def test_a_version_says_what_it_is_made_of():
    said = release.description(CONTENTS, PACKAGE)
    assert len(said) <= 256  # Lambda takes no longer one
    assert release.contents({"Description": said, "CodeSha256": PACKAGE}) == CONTENTS


@pytest.mark.parametrize("said", ["", "by hand", f"contents sha256:{CONTENTS}", release.description(CONTENTS, PACKAGE)])
def test_one_that_says_nothing_or_has_another_package_is_nobodys(said):
    assert release.contents({"Description": said, "CodeSha256": "B" * 43 + "="}) == ""


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note("1"), "version 1"),
        (Note("8", before="7"), "version 8, before it 7"),
        (Note("7", taken_back="8"), "version 7, rolled back from 8"),
    ],
)
def test_an_alias_says_how_it_came_to_its_version(note, said):
    assert str(note) == said
    assert Note.of({"Description": said}) == note
    assert Note.of({"Description": said + "!"}) == Note()


@pytest.mark.parametrize(
    ("versions", "kept", "more", "gone"),
    [
        ([], [], 3, []),
        (["1", "2", "3"], ["3"], 2, []),
        (["1", "2", "3", "4"], ["4"], 2, ["1"]),
        (["2", "9", "10", "11"], ["11", "2"], 1, ["9"]),
        (["1", "2"], ["2", "5"], 0, ["1"]),
    ],
)
def test_the_newest_versions_are_kept_and_those_in_use(versions, kept, more, gone):
    assert release.surplus(versions, kept, more) == gone


@pytest.mark.parametrize(
    "user",
    [
        {"principal": "*"},
        {"principal": "111122223333"},
        {"principal": "arn:aws:iam::111122223333:role/front"},
        {"principal": "*", "principal_org_id": "o-1234567890"},
        {"principal": "cloudfront.amazonaws.com", "source_arn": "arn:aws:cloudfront::1:distribution/E1"},
        {"principal": "events.amazonaws.com", "source_account": "111122223333", "source_arn": None},
    ],
)
def test_what_is_granted_is_found_again_in_the_policy(user):
    aws = LambdaAws()
    aws.functions["f"] = {"policies": {}}
    wanted = release.grants_for([user], "NONE")
    assert [grant["action"] for grant in wanted] == ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
    for grant in wanted:
        aws._AddPermission(None, "f", "live", **release.as_permission(grant))
    statements = aws.functions["f"]["policies"]["live"].values()
    assert [release.grant_of(statement) for statement in statements] == wanted


def test_a_grant_of_something_else_is_not_one_for_the_url():
    bucket = {"Sid": "s3", "Action": "lambda:InvokeFunction", "Principal": {"Service": "s3.amazonaws.com"}}
    assert release.grant_of(bucket) is None


@pytest.mark.parametrize(
    ("wanted", "got", "faults"),
    [
        ({}, {"statusCode": 500}, []),
        ({"statusCode": 403}, {"statusCode": 403, "body": ""}, []),
        ({"statusCode": 403}, None, ['the answer is null, not {"statusCode": 403}']),
        ({"headers": {"a": "1"}}, {"headers": {"a": "2", "b": "3"}}, ['headers.a is "2", not "1"']),
        ({"a": [1]}, {"a": [1, 2]}, ["a is [1, 2], not [1]"]),
    ],
)
def test_an_answer_is_compared_where_it_is_mentioned(wanted, got, faults):
    assert release.disagreements(wanted, got) == faults
