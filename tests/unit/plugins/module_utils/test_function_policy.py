"""What a function may do."""

from __future__ import annotations

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.function_policy import (
    GrantError,
    function_policy,
    function_roles,
)

QUEUE = "arn:aws:sqs:eu-central-1:111122223333:notes"
DEAD = "arn:aws:sqs:eu-central-1:111122223333:dead"
KEPT = "arn:aws:s3:::kept/results/*"


def allowed(**function):
    """Action → resources."""
    document = function_policy({"name": "screening", **function}, "functions[0]", "eu-central-1", "111122223333")
    assert document["Version"] == "2012-10-17"
    assert {statement["Effect"] for statement in document["Statement"]} == {"Allow"}
    return {action: statement["Resource"] for statement in document["Statement"] for action in statement["Action"]}


def test_it_may_write_its_own_logs_and_nothing_else():
    logs = ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/screening:log-stream:*"]
    assert allowed() == {"logs:CreateLogStream": logs, "logs:PutLogEvents": logs}


def test_a_log_group_of_another_name_is_its_own():
    logs = allowed(config={"logging_config": {"log_group": "/fleet/screening"}})["logs:PutLogEvents"]
    assert logs == ["arn:aws:logs:eu-central-1:111122223333:log-group:/fleet/screening:log-stream:*"]
    assert allowed(config={"logging_config": None}) == allowed()


def test_its_settings_need_something_too():
    may = allowed(
        event_sources=[{"event_source_arn": QUEUE}, {"event_source_arn": "arn:aws:kinesis:eu-central-1:1:stream/s"}],
        config={"dead_letter_config": {"target_arn": DEAD}},
    )
    assert may["sqs:ReceiveMessage"] == may["sqs:DeleteMessage"] == may["sqs:GetQueueAttributes"] == [QUEUE]
    assert may["sqs:SendMessage"] == [DEAD]
    assert not [action for action in may if action.startswith("kinesis")]
    topic = "arn:aws:sns:eu-central-1:111122223333:dead"
    assert allowed(config={"dead_letter_config": {"target_arn": topic}})["sns:Publish"] == [topic]
    assert len(allowed(config={"dead_letter_config": None})) == 2


def test_it_may_do_what_it_is_given():
    may = allowed(permissions=[{"actions": ["s3:PutObject"], "resources": [KEPT]}])
    assert may["s3:PutObject"] == [KEPT]


def test_order_means_nothing():
    given = {"actions": ["sqs:SendMessage", "sqs:GetQueueUrl"], "resources": [QUEUE, DEAD]}
    other = {name: values[::-1] for name, values in given.items()}
    assert allowed(permissions=[given]) == allowed(permissions=[other])


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        ({"actions": ["sqs:*"], "resources": [QUEUE]}, "actions has 'sqs:*': allowed are actions such as"),
        ({"actions": ["*"], "resources": [QUEUE]}, "actions has '*'"),
        ({"actions": ["SendMessage"], "resources": [QUEUE]}, "actions has 'SendMessage'"),
        ({"actions": ["sqs:SendMessage"], "resources": ["*"]}, "resources has '*': allowed are ARNs that name service"),
        ({"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:*:1:notes"]}, "resources has 'arn:aws:sqs:*"),
        ({"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:eu-central-1:1:*"]}, "ARNs that name a resource"),
        ({"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::*"]}, "ARNs that name a resource"),
        ({"actions": [], "resources": [QUEUE]}, "actions is []: allowed is a list with at least one"),
        ({"actions": ["sqs:SendMessage"]}, "is {'actions': ['sqs:SendMessage']}: allowed is a mapping with"),
        ("sqs:SendMessage", "is 'sqs:SendMessage': allowed is a mapping"),
    ],
)
def test_what_names_nothing_is_refused(permission, words):
    with pytest.raises(GrantError) as refused:
        allowed(permissions=[permission])
    assert str(refused.value).startswith("functions[0].permissions[0]")
    assert words in str(refused.value)


def test_each_function_has_a_role_of_its_name_which_lambda_may_take():
    functions = [{"name": "screening"}, {"name": "notes_writer", "permissions": []}]
    roles = function_roles(functions, "eu-central-1", "111122223333")
    assert [role["name"] for role in roles] == ["screening", "notes_writer"]
    for role, function in zip(roles, functions, strict=True):
        assert role["trust_policy"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
        policy = function_policy(function, function["name"], "eu-central-1", "111122223333")
        assert role["policies"] == {"function": policy}


def test_the_errors_of_all_functions_are_shown_together():
    wrong = [{"actions": ["*"], "resources": ["arn:aws:sqs:eu-central-1:1:a"]}]
    functions = [{"name": "a", "permissions": wrong}, {"name": "b"}, {"name": "c", "permissions": wrong}]
    with pytest.raises(GrantError) as refused:
        function_roles(functions, "eu-central-1", "111122223333")
    assert [line.partition(".")[0] for line in str(refused.value).splitlines()] == ["a", "c"]
