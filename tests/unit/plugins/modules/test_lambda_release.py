"""The module as Ansible runs it, with real botocore clients, before a Lambda in memory."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import lambda_release
from aws_in_memory import SECRET, error
from lambda_in_memory import LambdaAws

ROLE = "arn:aws:iam::111122223333:role/screening"
QUEUE = "arn:aws:sqs:eu-central-1:111122223333:notes"
DEAD = "arn:aws:sqs:eu-central-1:111122223333:dead"
CONFIG = {"role": ROLE, "memory_size": 256, "logging_config": {"log_format": "JSON"}}
FRONT = "arn:aws:cloudfront::111122223333:distribution/E1"


@pytest.fixture
def memory():
    return LambdaAws()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "screening"
    folder.mkdir()
    (folder / "handler.py").write_text("def handler(event, context):\n    return {'statusCode': 403}\n")
    return folder


@pytest.fixture
def aws(aws, source):
    """``aws.run()`` releases the function ``screening``."""

    def change(text: str = "# changed") -> None:
        (source / "handler.py").write_text(text)

    aws.run = functools.partial(
        aws.run, lambda_release.main, name="screening", source=str(source), config=CONFIG, smoke_event={}
    )
    aws.change = change
    return aws


def alias(aws: Any) -> dict[str, Any]:
    return aws.functions["screening"]["aliases"]["live"]


def live(aws: Any) -> str:
    return alias(aws)["FunctionVersion"]


class TestStory:
    def test_released_once_and_then_left_alone(self, aws):
        first = aws.run(environment={"TOKEN": SECRET}, log_retention_days=30, url={"auth_type": "NONE"})
        assert first["changed"]
        assert aws.invocations == [("1", {})]
        assert live(aws) == "1"
        assert first["function"]["url_domain"] == "screening.lambda-url.eu-central-1.on.aws"
        assert aws.log_groups == {"/aws/lambda/screening": {"retentionInDays": 30}}
        again = aws.run(environment={"TOKEN": SECRET}, log_retention_days=30, url={"auth_type": "NONE"})
        assert not again["changed"]
        assert aws.writes() == []
        assert again["diff"]["before"] == again["diff"]["after"]

    def test_a_check_says_what_the_run_then_does_and_a_second_run_does_nothing(self, aws):
        source = {"event_source_arn": QUEUE, "function_response_types": ["ReportBatchItemFailures"]}
        options: dict[str, Any] = {}
        for step in (
            {"config": CONFIG},
            {"config": {"timeout": 30}},
            {"config": {"dead_letter_config": {"target_arn": DEAD}}},
            {"config": {"dead_letter_config": None}},
            {
                "config": {
                    "layers": ["arn:aws:lambda:eu-central-1:1:layer:b:1", "arn:aws:lambda:eu-central-1:1:layer:a:1"]
                }
            },
            {"config": {"vpc_config": {"subnet_ids": ["subnet-b", "subnet-a"], "security_group_ids": ["sg-1"]}}},
            {"architecture": "arm64"},
            {"runtime": "python3.12"},
            {"environment": {"A": "1"}},
            {"environment": {}},
            {"reserved_concurrency": 5},
            {"reserved_concurrency": -1},
            {"tags": {"a": "1", "b": "2"}},
            {"tags": {"a": "1"}},
            {"log_retention_days": 30},
            {"url": {"auth_type": "NONE", "cors": {"allow_origins": ["https://example.com"]}}},
            {"url": {"invoke_mode": "RESPONSE_STREAM"}},
            {
                "url": {"auth_type": "AWS_IAM"},
                "url_users": [{"principal": "cloudfront.amazonaws.com", "source_arn": FRONT}],
            },
            {"url_users": [{"principal": "444455556666"}]},
            {"url": {}, "url_users": None},
            {"event_sources": [{**source, "batch_size": 5}]},
            {"event_sources": [{**source, "scaling_config": {"maximum_concurrency": 4}}]},
            {"event_sources": [{**source, "scaling_config": None, "enabled": False}]},
            {"event_sources": []},
            {"state": "rolled_back"},
            {"state": "absent"},
        ):
            options |= step
            checked = aws.run(check=True, **options)
            assert checked["changed"], step
            assert aws.writes() == []
            done = aws.run(**options)
            assert done["changed"], step
            assert plain(checked["diff"]) == plain(done["diff"])
            again = aws.run(**options)
            assert not again["changed"], (step, again["diff"])
            assert aws.writes() == []
        assert aws.functions == {}
        assert aws.event_sources == {}


def plain(diff: Any) -> str:
    """Secrets are shown as another word in every run."""
    return re.sub(r"hidden-\w+", "hidden", json.dumps(diff))
