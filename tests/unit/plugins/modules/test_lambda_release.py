"""The module as Ansible runs it, with real botocore clients, before a Lambda in memory."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import pytest
from analytics_in_memory import named
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import lambda_package
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import grant_of
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
def aws(aws, source, monkeypatch):
    """``aws.run()`` releases the function ``screening``. Its code is not compiled: test_lambda_package sees to that."""
    monkeypatch.setattr(lambda_package, "_compile", lambda folder, version, run: True)

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
        first = aws.run(
            environment={"TOKEN": SECRET}, log_retention_days=30, url={"auth_type": "NONE"}, tags={"a": "1"}
        )
        assert first["changed"]
        assert "TagResource" not in aws.writes()
        assert aws.invocations == [("1", {})]
        assert live(aws) == "1"
        assert first["function"]["url_domain"] == "screening.lambda-url.eu-central-1.on.aws"
        assert aws.log_groups == {"/aws/lambda/screening": {"retentionInDays": 30}}
        again = aws.run(environment={"TOKEN": SECRET}, log_retention_days=30, url={"auth_type": "NONE"})
        assert not again["changed"]
        assert aws.writes() == []
        assert again["diff"]["before"] == again["diff"]["after"]

    @pytest.mark.slow
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

    def test_one_changed_line_makes_a_version_and_moves_the_alias(self, aws):
        aws.run()
        aws.change()
        result = aws.run()
        assert result["changed"]
        assert result["function"]["version"] == live(aws) == "2"
        assert aws.writes() == [
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "PublishVersion",
            "Invoke",
            "UpdateAlias",
        ]

    def test_settings_that_are_not_mentioned_stay_as_they_are_live(self, aws):
        aws.run(config={**CONFIG, "timeout": 30}, environment={"A": "1"}, tags={"a": "1"}, reserved_concurrency=2)
        aws.functions["screening"]["latest"]["MemorySize"] = 1024  # by hand, and never published
        result = aws.run(config={"timeout": 40})["function"]
        assert (result["config"]["memory_size"], result["config"]["timeout"]) == (256, 40)
        assert aws.functions["screening"]["latest"]["MemorySize"] == 256
        assert (list(result["environment"]), result["tags"], result["reserved_concurrency"]) == (["A"], {"a": "1"}, 2)

    def test_what_was_changed_by_hand_and_never_published_is_nobodys_release(self, aws):
        aws.run()
        aws.functions["screening"]["latest"].update(CodeSha256="another", MemorySize=1024)
        assert not aws.run()["changed"]

    def test_tests_caches_and_notes_are_not_released(self, aws, source):
        aws.run()
        for name in ("tests/test_handler.py", "events/one.json", "__pycache__/x.pyc", ".env", "requirements.in"):
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_text("")
        assert not aws.run()["changed"]

    def test_tags_of_aws_stay(self, aws):
        aws.run(tags={"a": "1"})
        aws.functions["screening"]["tags"]["aws:made-by"] = "x"
        assert not aws.run(tags={"a": "1"})["changed"]
        aws.run(tags={})
        assert aws.functions["screening"]["tags"] == {"aws:made-by": "x"}

    def test_a_no_change_run_builds_nothing(self, aws, monkeypatch):
        aws.run()
        monkeypatch.setattr(AnsibleModule, "run_command", lambda *_, **__: pytest.fail("something was built"))
        assert not aws.run()["changed"]

    def test_where_only_settings_are_others_the_code_that_is_there_serves(self, aws, monkeypatch):
        aws.run()
        monkeypatch.setattr(lambda_package.Source, "build", lambda *_: pytest.fail("something was built"))
        assert aws.run(environment={"A": "1"})["changed"]
        assert not aws.run(environment={"A": "1"})["changed"]

    def test_a_package_without_compiled_code_is_told_of(self, aws, monkeypatch):
        monkeypatch.setattr(lambda_package, "_compile", lambda folder, version, run: False)
        assert "this machine has no python3.13" in aws.run()["warnings"][0]
        assert "warnings" not in aws.run()

    @pytest.mark.slow
    @pytest.mark.parametrize("check", [True, False])
    def test_a_lock_that_cannot_be_installed_is_refused_before_anything_changes(self, aws, source, monkeypatch, check):
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        (source / "requirements.lock").write_text(f"helper==1.0 --hash=sha256:{'0' * 64}\n")
        result = aws.run(check=check, architecture="arm64", log_retention_days=1)
        assert "requirements.lock cannot be installed for python3.13 on arm64" in result["msg"]
        assert "No matching distribution found for helper==1.0" in result["msg"]
        assert aws.writes() == []


class TestSmoke:
    def test_a_version_that_fails_is_not_met_by_users(self, aws):
        aws.run()
        aws.change()
        aws.answer_of = lambda version, event: ZeroDivisionError(f"{SECRET} by zero")
        result = aws.run(environment={"TOKEN": SECRET}, tags={"a": "1"})
        assert result["failed"]
        assert "version 2 of screening did not pass its smoke test: it failed (Unhandled)" in result["msg"]
        assert "Alias live leads to 1, as before" in result["msg"]
        assert live(aws) == "1"
        assert aws.functions["screening"]["tags"] == {}

    def test_at_no_moment_do_users_meet_a_version_that_has_not_passed(self, aws):
        """Every third version is broken."""
        aws.answer_of = lambda version, event: {"statusCode": 500 if int(version["Version"]) % 3 == 0 else 403}
        met = set()

        def look(operation: str, given: dict[str, Any]) -> None:
            if aws.functions and aws.functions["screening"]["aliases"]:
                met.add(live(aws))

        aws.interfere = look
        failed = []
        for n in range(1, 8):
            aws.change(f"# {n}")
            failed.append(bool(aws.run(smoke_result={"statusCode": 403}).get("failed")))
        assert failed == [n % 3 == 0 for n in range(1, 8)]
        assert met == {"1", "2", "4", "5", "7"}

    def test_an_answer_is_compared_where_it_is_mentioned(self, aws):
        aws.answer_of = lambda version, event: {"statusCode": 200, "body": "more"}
        result = aws.run(smoke_result={"statusCode": 403})
        assert "statusCode is 200, not 403. Alias live leads to no version yet" in result["msg"]
        assert aws.run(smoke_result={"statusCode": 200})["changed"]

    def test_the_next_run_tests_the_same_version_again(self, aws):
        aws.run()
        aws.change()
        aws.answer_of = lambda version, event: {"statusCode": 500}
        assert aws.run(smoke_result={"statusCode": 403})["failed"]
        aws.answer_of = lambda version, event: {"statusCode": 403}
        assert aws.run(smoke_result={"statusCode": 403})["function"]["version"] == "2"
        assert aws.writes() == ["Invoke", "UpdateAlias"]

    def test_without_an_event_nothing_is_invoked(self, aws):
        aws.run(smoke_event=None)
        assert aws.invocations == []


class TestRollback:
    def test_the_version_of_before_is_live_once(self, aws):
        aws.run()
        aws.change()
        aws.run()
        checked = aws.run(state="rolled_back", check=True)
        assert aws.writes() == []
        result = aws.run(state="rolled_back")
        assert plain(result["diff"]) == plain(checked["diff"])
        assert result["changed"]
        assert live(aws) == "1"
        assert not aws.run(state="rolled_back")["changed"]
        assert live(aws) == "1"

    def test_it_stays_until_something_else_is_released(self, aws):
        aws.run()
        aws.change()
        aws.run()
        aws.run(state="rolled_back")
        held = aws.run(tags={"a": "1"})
        assert live(aws) == "1"
        assert "version 2, which was rolled back" in held["warnings"][0]
        assert aws.functions["screening"]["tags"] == {"a": "1"}
        aws.change("# mended")
        assert aws.run()["function"]["version"] == live(aws) == "3"

    def test_what_was_rolled_back_is_released_where_somebody_says_so(self, aws):
        aws.run()
        aws.change()
        aws.run()
        aws.run(state="rolled_back")
        alias(aws)["Description"] = ""
        assert aws.run()["changed"]
        assert live(aws) == "2"
        assert aws.writes() == ["Invoke", "UpdateAlias"]

    def test_it_is_tested_too(self, aws):
        aws.run()
        aws.change()
        aws.run()
        aws.answer_of = lambda version, event: ValueError("broken")
        assert "version 1 of screening did not pass" in aws.run(state="rolled_back")["msg"]
        assert live(aws) == "2"

    def test_without_a_version_of_before_it_is_refused(self, aws):
        assert "screening has no alias live" in aws.run(state="rolled_back")["msg"]
        aws.run()
        assert "has no version from before version 1" in aws.run(state="rolled_back")["msg"]


class TestVersions:
    def test_old_ones_go_but_none_that_is_in_use(self, aws):
        aws.run(keep_versions=1)
        aws.functions["screening"]["aliases"]["other"] = {
            "Name": "other",
            "AliasArn": "x",
            "FunctionVersion": "2",
            "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}},
        }
        for n in range(6):
            aws.change(f"# {n}")
            result = aws.run(keep_versions=1)
            assert list(aws.functions["screening"]["versions"]) == result["function"]["versions"]
            assert not aws.run(keep_versions=1)["changed"]
        # In use, one more, the one of before, live.
        assert list(aws.functions["screening"]["versions"]) == ["1", "2", "5", "6", "7"]
        assert aws.run(state="rolled_back")["changed"]

    def test_one_that_came_into_use_meanwhile_stays(self, aws):
        aws.run(keep_versions=0)
        for n in range(2):
            aws.change(f"# {n}")
            aws.run(keep_versions=9)
        others = aws.functions["screening"]["aliases"]

        def use(operation: str, given: dict[str, Any]) -> None:
            if operation == "DeleteFunction":
                others["other"] = {"Name": "other", "AliasArn": "x", "FunctionVersion": given["Qualifier"]}

        aws.interfere = use
        assert aws.run(keep_versions=0)["changed"]
        assert list(aws.functions["screening"]["versions"]) == ["1", "2", "3"]


class TestUrl:
    def test_users_get_both_grants_before_others_lose_theirs(self, aws):
        aws.run(url={"auth_type": "NONE"})
        aws.run(
            url={"auth_type": "AWS_IAM"}, url_users=[{"principal": "cloudfront.amazonaws.com", "source_arn": FRONT}]
        )
        assert aws.writes() == ["AddPermission"] * 2 + ["UpdateFunctionUrlConfig"] + ["RemovePermission"] * 2
        granted = aws.functions["screening"]["policies"]["live"].values()
        assert {statement["Action"] for statement in granted} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
        assert all(statement["Condition"]["ArnLike"] == {"AWS:SourceArn": FRONT} for statement in granted)

    def test_at_no_moment_has_the_url_no_user(self, aws):
        front = {"principal": "cloudfront.amazonaws.com", "source_arn": FRONT}
        steps = [
            {"url": {"auth_type": "NONE"}},
            {"url": {"auth_type": "AWS_IAM"}, "url_users": [front]},
            {"url": {"auth_type": "AWS_IAM"}, "url_users": [{"principal": "444455556666"}]},
            {"url": {"auth_type": "NONE"}},
            {"url": {}},
        ]
        gaps = []

        def look(operation: str, given: dict[str, Any]) -> None:
            function = aws.functions.get("screening", {"urls": {}})
            for name, url in function["urls"].items():
                grants = [grant_of(statement) for statement in function["policies"][name].values()]
                users = {grant["principal"] for grant in grants if grant.get("auth_type") == url["AuthType"]}
                if not users & {grant["principal"] for grant in grants if grant.get("via_url")}:
                    gaps.append(operation)

        aws.interfere = look
        for step in steps:
            assert aws.run(**step)["changed"]
        assert gaps == []

    def test_what_it_has_beside_is_left_alone(self, aws):
        aws.run(url={"auth_type": "NONE", "cors": {"allow_origins": ["https://example.com"]}})
        bucket = {"Sid": "bucket", "Action": "lambda:InvokeFunction", "Principal": {"Service": "s3.amazonaws.com"}}
        aws.functions["screening"]["policies"]["live"]["bucket"] = bucket
        assert not aws.run(url={"auth_type": "NONE"})["changed"]
        aws.run(url={})
        assert aws.functions["screening"]["urls"] == {}
        assert list(aws.functions["screening"]["policies"]["live"]) == ["bucket"]

    def test_a_grant_of_the_same_under_another_name_will_do(self, aws):
        aws.run(url={"auth_type": "NONE"})
        statements = aws.functions["screening"]["policies"]["live"]
        for n, identifier in enumerate(list(statements)):
            statements[f"by-hand-{n}"] = {**statements.pop(identifier), "Sid": f"by-hand-{n}"}
        assert not aws.run(url={"auth_type": "NONE"})["changed"]

    def test_a_url_that_is_not_mentioned_stays(self, aws):
        aws.run(url={"auth_type": "NONE"})
        assert not aws.run()["changed"]


class TestTrouble:
    def test_a_change_of_somebody_else_is_seen_and_gone_over(self, aws):
        aws.run()
        aws.change()

        def another(operation: str, given: dict[str, Any]) -> None:
            if operation == "PublishVersion":
                aws.interfere = lambda operation, given: None
                aws.functions["screening"]["latest"].update(RevisionId="theirs", MemorySize=1024)

        aws.interfere = another
        assert aws.run()["changed"]
        assert aws.functions["screening"]["versions"][live(aws)]["MemorySize"] == 256

    def test_an_alias_that_was_moved_meanwhile_is_refused(self, aws):
        aws.run()
        aws.change()

        def another(operation: str, given: dict[str, Any]) -> None:
            if operation == "UpdateAlias":
                aws.interfere = lambda operation, given: None
                alias(aws).update(FunctionVersion="2", RevisionId="theirs")

        aws.interfere = another
        assert "somebody moved it by hand" in aws.run()["msg"]

    def test_somebody_who_never_stops_is_given_up_on(self, aws):
        aws.run()
        aws.change()

        def always(operation: str, given: dict[str, Any]) -> None:
            if operation == "UpdateAlias":
                raise error("PreconditionFailedException", operation, 412)

        aws.interfere = always
        assert "somebody else changed screening 5 times" in aws.run()["msg"]

    @pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException"])
    def test_throttling_is_waited_out(self, aws, code):
        left = {"CreateFunction": 3, "UpdateAlias": 3, "GetFunction": 3, "Invoke": 3, "PutRetentionPolicy": 3}

        def throttle(operation: str, given: dict[str, Any]) -> None:
            if left.get(operation):
                left[operation] -= 1
                raise error(code, operation, 429)

        aws.interfere = throttle
        assert aws.run(log_retention_days=1)["changed"]
        aws.change()
        assert aws.run()["changed"]
        assert set(left.values()) == {0}

    @pytest.mark.parametrize(
        ("step", "words"),
        [
            ("CreateFunction", "The role defined for the function cannot be assumed by Lambda."),
            ("UpdateFunctionConfiguration", "The role defined for the function cannot be assumed by Lambda."),
            (
                "CreateEventSourceMapping",
                "The function execution role does not have permissions to call it",
            ),
        ],
    )
    def test_a_role_that_aws_does_not_know_yet_is_waited_for(self, aws, step, words):
        left = [3]

        def unknown(operation: str, given: dict[str, Any]) -> None:
            if operation == step and left[0]:
                left[0] -= 1
                raise named("InvalidParameterValueException", words, operation)

        aws.interfere = unknown
        assert aws.run()["changed"]
        assert aws.run(config={"timeout": 30}, event_sources=[{"event_source_arn": QUEUE}])["changed"]
        assert left == [0]

    def test_another_refusal_is_not_waited_out(self, aws):
        def refuse(operation: str, given: dict[str, Any]) -> None:
            if operation == "CreateFunction":
                raise error("InvalidParameterValueException", operation)

        aws.interfere = refuse
        assert aws.run()["failed"]
        assert aws.writes() == ["CreateFunction"]

    @pytest.mark.parametrize(
        "stop",
        [
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "PublishVersion",
            "Invoke",
            "UpdateAlias",
            "PutFunctionConcurrency",
            "TagResource",
            "AddPermission",
            "CreateFunctionUrlConfig",
            "CreateEventSourceMapping",
            "DeleteFunction",
        ],
    )
    def test_a_run_that_was_interrupted_is_completed_by_the_next(self, aws, stop):
        aws.run(keep_versions=0)
        aws.change("# 1")
        aws.run(keep_versions=0)
        aws.change("# 2")
        wanted = {
            "keep_versions": 0,
            "reserved_concurrency": 5,
            "tags": {"a": "1"},
            "url": {"auth_type": "NONE"},
            "event_sources": [{"event_source_arn": QUEUE}],
        }

        def die(operation: str, given: dict[str, Any]) -> None:
            if operation == stop:
                raise error("AccessDeniedException", operation, 403)

        aws.interfere = die
        assert aws.run(**wanted)["failed"]
        aws.interfere = lambda operation, given: None
        assert aws.run(**wanted)["function"]["version"] == live(aws) == "3"
        assert not aws.run(**wanted)["changed"]
        assert list(aws.functions["screening"]["versions"]) == ["2", "3"]
        assert len(aws.functions["screening"]["policies"]["live"]) == 2

    def test_a_first_run_that_was_interrupted_is_completed_by_the_next(self, aws):
        for stop in ("PublishVersion", "CreateAlias"):

            def die(operation: str, given: dict[str, Any], stop: str = stop) -> None:
                if operation == stop:
                    raise error("AccessDeniedException", operation, 403)

            aws.interfere = die
            assert aws.run()["failed"]
        aws.interfere = lambda operation, given: None
        assert aws.run()["function"]["version"] == "1"

    def test_code_that_was_uploaded_by_hand_is_never_taken_for_a_release(self, aws):
        aws.run()
        aws.change()
        aws.run()
        aws.functions["screening"]["versions"]["1"]["CodeSha256"] = "another"
        aws.change("def handler(event, context):\n    return {'statusCode': 403}\n")
        assert aws.run()["function"]["version"] == "3"


class TestSecrets:
    def test_a_changed_value_is_seen_and_not_shown(self, aws):
        aws.run(environment={"TOKEN": SECRET[::-1]})
        result = aws.run(environment={"TOKEN": SECRET})
        assert result["changed"]
        assert SECRET[::-1] not in json.dumps(result)
        assert aws.functions["screening"]["latest"]["Environment"] == {"Variables": {"TOKEN": SECRET}}

    def test_harmless_values_are_not_blotted_out_of_what_is_returned(self, aws):
        result = aws.run(environment={"REGION": "eu-central-1", "LEVEL": "1"})
        assert result["function"]["alias_arn"] == "arn:aws:lambda:eu-central-1:111122223333:function:screening:live"
        shown = [result["function"]["environment"], result["invocation"]["module_args"]["environment"]]
        assert "eu-central-1" not in json.dumps(shown)

    def test_one_in_the_wrong_place_is_refused_and_not_shown(self, aws):
        result = aws.run(config={**CONFIG, "environment": {"variables": {"TOKEN": SECRET}}})
        assert "config.environment is unknown" in result["msg"]

    def test_a_failure_does_not_show_them(self, aws):
        assert aws.run(environment={"TOKEN": SECRET}, config={"role": ROLE, "memory": 1})["failed"]
        assert aws.run(environment={"TOKEN": SECRET}, keep_versions="none")["failed"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Description": "by the console"}, "its description is 'by the console': somebody moved it by hand"),
        ({"FunctionVersion": "2"}, "alias live leads to version 2, and its description is 'version 1'"),
        ({"FunctionVersion": "$LATEST"}, "alias live leads to $LATEST, where users would meet a release"),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}},
            "alias live is weighted by hand (version 2 gets 25%)",
        ),
    ],
)
@pytest.mark.parametrize("state", ["present", "rolled_back"])
def test_an_alias_that_is_used_by_hand_is_refused(aws, state, changed, words):
    aws.run()
    alias(aws).update(changed)
    aws.change()
    result = aws.run(state=state)
    assert result["failed"]
    assert words in result["msg"]
    assert aws.writes() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": "/nowhere"}, "source is /nowhere: there is no such folder"),
        ({"source": ""}, "source is missing: a release needs the function's folder"),
        ({"runtime": "nodejs22.x"}, "value of runtime must be one of: python3.12, python3.13, python3.14"),
        ({"config": {}}, "config.role is missing: a new function needs one"),
        ({"config": {**CONFIG, "memmory_size": 1}}, "config.memmory_size is unknown: did you mean memory_size?"),
        ({"config": {**CONFIG, "runtime": "python3.9"}}, "config.runtime is unknown"),
        ({"config": {**CONFIG, "handler": "main.run"}}, "config.handler is main.run: "),
        ({"log_retention_days": 2}, "value of log_retention_days must be one of: 1, 3, 5"),
        ({"url": {"invoke_mode": "BUFFERED"}}, "url.auth_type is missing"),
        ({"url": {"auth_type": "none"}}, 'url.auth_type is "none": allowed are NONE, AWS_IAM'),
        ({"url_users": [{"principal": "*"}]}, "url_users is given: allowed with url"),
        ({"event_sources": [{"batch_size": 1}]}, "event_sources[0].event_source_arn is missing"),
        (
            {"event_sources": [{"event_source_arn": QUEUE}] * 2},
            f"event_sources[1].event_source_arn is {QUEUE}, as that of an earlier one is",
        ),
        ({"smoke_event": None, "smoke_result": {}}, "smoke_event"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_changes(aws, options, words):
    result = aws.run(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert aws.writes() == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"config": {"memory_size": None}}, "config.memory_size"),
        ({"config": {"tracing_config": None}}, "config.tracing_config"),
        ({"url": {"invoke_mode": None}}, "url.invoke_mode"),
        ({"event_sources": [{"event_source_arn": QUEUE, "batch_size": None}]}, "event_sources[0].batch_size"),
    ],
)
def test_what_cannot_be_taken_away_is_refused_before_anything_changes(aws, options, path, check):
    aws.run(url={"auth_type": "NONE"}, event_sources=[{"event_source_arn": QUEUE}])
    aws.change()
    result = aws.run(check=check, **options)
    assert result["failed"]
    assert result["msg"] == f"{path} cannot be taken away, only changed"
    assert aws.writes() == []


def plain(diff: Any) -> str:
    """Secrets are shown as another word in every run."""
    return re.sub(r"hidden-\w+", "hidden", json.dumps(diff))
