"""The module as Ansible runs it, with real botocore clients, before a Lambda in memory."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import lambda_url_info
from aws_in_memory import error
from lambda_in_memory import LambdaAws

URL = {"FunctionUrl": "https://abcd.lambda-url.eu-central-1.on.aws/", "AuthType": "NONE"}


@pytest.fixture
def memory():
    return LambdaAws()


@pytest.fixture
def aws(aws):
    aws.functions = {"screening": {"urls": {"live": URL}}, "notes_writer": {"urls": {}}}
    aws.run = functools.partial(aws.run, lambda_url_info.main)
    return aws


def test_it_says_where_those_are_that_have_a_url(aws):
    result = aws.run(names=["screening", "notes_writer", "unheard_of"])
    assert result["domains"] == {"screening": "abcd.lambda-url.eu-central-1.on.aws"}
    assert not result["changed"]


def test_a_url_belongs_to_an_alias(aws):
    assert aws.run(names=["screening"], alias="next")["domains"] == {}


def test_what_lambda_does_not_allow_is_a_failure(aws):
    def refuse(operation, given):
        raise error("AccessDeniedException", operation, 403)

    aws.interfere = refuse
    assert "AccessDeniedException" in aws.run(names=["screening"])["msg"]
