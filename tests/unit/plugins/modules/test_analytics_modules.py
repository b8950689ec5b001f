"""Modules for Athena, Glue, Firehose and subscriptions, each told by its story."""

from __future__ import annotations

import itertools

import pytest
from analytics_in_memory import GROUP, Analytics, named
from ansible_collections.steadyfront.fleet.plugins.modules import (
    athena_data_catalog,
    athena_workgroup,
    firehose_delivery_stream,
    glue_table,
    logs_subscription_filter,
)
from aws_in_memory import error

ACCOUNT = {"account_id": "111122223333"}
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:connector"
ROLE = "arn:aws:iam::111122223333:role/archive"
STREAM = "arn:aws:firehose:eu-central-1:111122223333:deliverystream/archive"
RESULT = {"output_location": "s3://audit/", "encryption_configuration": {"encryption_option": "SSE_S3"}}
LIMIT = {"bytes_scanned_cutoff_per_query": 10**9}
DESTINATION = {"bucket_arn": "arn:aws:s3:::archive", "role_arn": ROLE}
COLUMNS = [{"name": "time", "type": "bigint"}, {"name": "message", "type": "string"}]

STORIES = {
    "a workgroup": (
        athena_workgroup,
        {"name": "audit", **ACCOUNT},
        [
            {"configuration": {"result_configuration": RESULT, **LIMIT}, "tags": {"a": 1}},
            {"configuration": {"result_configuration": {"output_location": "s3://other/"}}, "description": "a note"},
            {"configuration": {"bytes_scanned_cutoff_per_query": None, "enforce_work_group_configuration": False}},
            {"configuration": {"result_configuration": {"encryption_configuration": None}}},
            {"enabled": False, "tags": {"b": "2"}},
            {"enabled": True, "tags": {}, "description": ""},
            {"state": "absent"},
        ],
    ),
    "a workgroup in which nothing may run yet": (
        athena_workgroup, {"name": "audit", **ACCOUNT}, [{"enabled": False}, {"state": "absent"}]
    ),
    "a data catalog": (
        athena_data_catalog,
        {"name": "logs", **ACCOUNT},
        [
            {"type": "LAMBDA", "parameters": {"function": FUNCTION}, "tags": {"a": "1"}},
            {"parameters": {"metadata-function": FUNCTION, "record-function": FUNCTION}},
            {"description": "a note", "tags": {"a": "2"}},
            {"state": "absent"},
        ],
    ),
    "a table": (
        glue_table,
        {"database": "audit", "name": "requests"},
        [
            {"config": {"parameters": {"projection.enabled": "true"}, "storage_descriptor": {"columns": COLUMNS}}},
            {"config": {"storage_descriptor": {"columns": COLUMNS[::-1]}}},
            {"config": {"parameters": {"a": 1}, "partition_keys": [{"name": "day", "type": "string"}]}},
            {"config": {"partition_keys": []}},
            {"state": "absent"},
        ],
    ),
    "a delivery stream": (
        firehose_delivery_stream,
        {"name": "archive"},
        [
            {"config": DESTINATION, "tags": {"a": "1"}},
            {"config": {"buffering_hints": {"size_in_mbs": 64, "interval_in_seconds": 60}}, "tags": {}},
            {
                "config": {
                    "processing_configuration": {
                        "enabled": True,
                        "processors": [
                            {
                                "type": "Decompression",
                                "parameters": [{"parameter_name": "CompressionFormat", "parameter_value": "GZIP"}],
                            }
                        ],
                    }
                }
            },
            {"tags": {"b": "2"}},
            {"state": "absent"},
        ],
    ),
    "a subscription": (
        logs_subscription_filter,
        {"log_group": GROUP, "name": "archive"},
        [
            {"destination_arn": STREAM, "role_arn": ROLE},
            {"filter_pattern": "{ $.status = 500 }"},
            {"distribution": "Random"},
            {"state": "absent"},
        ],
    ),
}  # fmt: skip


@pytest.fixture
def memory():
    return Analytics()


@pytest.mark.parametrize("story", STORIES)
def test_each_step_is_first_checked_then_done_then_left_alone(aws, story):
    module, known, steps = STORIES[story]
    for options in steps:
        checked = aws.run(module.main, check=True, **known, **options)
        assert checked["changed"], checked
        assert aws.writes() == []
        done = aws.run(module.main, **known, **options)
        assert done["changed"]
        assert done["diff"] == checked["diff"]
        again = aws.run(module.main, **known, **options)
        assert not again["changed"], again["diff"]
        assert aws.writes() == []
    kept = (aws.workgroups, aws.catalogs, aws.tables, aws.streams, aws.subscriptions)
    assert kept == ({}, {}, {}, {}, {})


def test_what_is_not_mentioned_stays(aws):
    config = {"result_configuration": RESULT, **LIMIT}
    aws.run(athena_workgroup.main, name="audit", description="a note", configuration=config)
    found = aws.run(athena_workgroup.main, name="audit", configuration={"publish_cloud_watch_metrics_enabled": False})
    assert found["workgroup"]["description"] == "a note"
    assert found["workgroup"]["configuration"] == {
        **config, "enforce_work_group_configuration": True, "engine_version": {"selected_engine_version": "AUTO"}
    }  # fmt: skip


def test_tags_that_are_not_asked_for_are_not_looked_at(aws):
    aws.run(athena_data_catalog.main, name="logs", type="LAMBDA", parameters={"function": FUNCTION}, tags={"a": "1"})
    done = aws.run(athena_data_catalog.main, name="logs", description="a note")
    assert "tags" not in done["data_catalog"]
    assert [name for name, _ in aws.calls] == ["GetDataCatalog", "UpdateDataCatalog"]


@pytest.mark.parametrize(
    ("module", "options", "arn"),
    [
        (athena_workgroup, {"name": "audit", **ACCOUNT}, "arn:aws:athena:eu-central-1:111122223333:workgroup/audit"),
        (firehose_delivery_stream, {"name": "archive", "config": DESTINATION}, "archive"),
    ],
)
def test_tags_of_aws_stay(aws, module, options, arn):
    aws.run(module.main, **options, tags={"a": "1"})
    aws.tags[arn]["aws:cloudformation:stack-name"] = "s"
    assert not aws.run(module.main, **options, tags={"a": "1"})["changed"]
    assert aws.run(module.main, **options, tags={})["changed"]
    assert aws.tags[arn] == {"aws:cloudformation:stack-name": "s"}


def test_a_workgroup_with_queries_is_deleted_when_that_is_meant(aws):
    aws.run(athena_workgroup.main, name="audit")
    aws.workgroups["audit"]["used"] = True
    assert "is not empty" in aws.run(athena_workgroup.main, name="audit", state="absent")["msg"]
    assert aws.run(athena_workgroup.main, name="audit", state="absent", delete_queries=True)["changed"]


def test_the_database_of_a_table_is_made_with_it_and_stays_without(aws):
    aws.run(glue_table.main, database="audit", name="a", config={})
    assert [name for name, _ in aws.calls] == ["GetTable", "GetDatabase", "CreateDatabase", "CreateTable"]
    aws.run(glue_table.main, database="audit", name="a", state="absent")
    assert aws.databases == {"audit"}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("module", "options", "taken", "path"),
    [
        (
            firehose_delivery_stream,
            {"name": "archive", "config": {**DESTINATION, "prefix": "a/"}},
            {"config": {"prefix": None}},
            "config.prefix",
        ),
        (
            athena_workgroup,
            {"name": "audit", "configuration": {"requester_pays_enabled": True}},
            {"configuration": {"requester_pays_enabled": None}},
            "configuration.requester_pays_enabled",
        ),
    ],
    ids=["firehose", "athena"],
)
def test_what_would_be_kept_is_not_said_to_be_gone(aws, module, options, taken, path, check):
    aws.run(module.main, **options)
    failed = aws.run(module.main, check=check, name=options["name"], **taken)
    assert failed["msg"] == f"{path} cannot be taken away, only changed"
    assert aws.writes() == []


def test_a_new_delivery_stream_is_waited_for_but_not_for_ever(aws):
    aws.creating = 10**9
    failed = aws.run(firehose_delivery_stream.main, name="archive", config=DESTINATION, wait_seconds=0)
    assert failed["msg"] == "archive is CREATING, and not ACTIVE"


@pytest.mark.parametrize(
    ("module", "options", "operation", "refusal"),
    [
        (
            firehose_delivery_stream,
            {"name": "archive", "config": DESTINATION},
            "CreateDeliveryStream",
            "Firehose is unable to assume role arn:aws:iam::111122223333:role/archive",
        ),
        (
            logs_subscription_filter,
            {"log_group": GROUP, "name": "archive", "destination_arn": STREAM},
            "PutSubscriptionFilter",
            "Could not deliver test message to specified Firehose stream.",
        ),
    ],
)
def test_a_role_that_aws_does_not_know_yet_is_waited_for_but_not_for_ever(
    aws, monkeypatch, module, options, operation, refusal
):
    refusals = iter([refusal, refusal, None])

    def refuse(name, _):
        if name == operation and (words := next(refusals, refusal)):
            raise named("InvalidParameterException", words, operation)

    aws.interfere = refuse
    assert aws.run(module.main, **options)["changed"]
    now = itertools.count(step=20)
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    (aws.streams or aws.subscriptions).clear()
    assert refusal in aws.run(module.main, **options)["msg"]


def test_throttling_is_waited_out(aws):
    left = ["CreateTable", "GetTable"]

    def throttle(operation, given):
        if left and left[-1] == operation:
            raise error("ThrottlingException", left.pop())

    aws.interfere = throttle
    assert aws.run(glue_table.main, database="audit", name="a", config={})["changed"]
    assert left == []


def test_a_check_of_a_subscription_may_come_before_its_log_group_and_a_run_may_not(aws):
    options = {"log_group": "/none", "name": "a", "destination_arn": STREAM}
    assert aws.run(logs_subscription_filter.main, check=True, **options)["changed"]
    assert "ResourceNotFoundException" in aws.run(logs_subscription_filter.main, **options)["msg"]


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (athena_workgroup, {"name": "a", "configuration": {"result_config": {}}}, "configuration.result_config is"),
        (athena_workgroup, {"name": "a", "configuration": {"bytes_scanned_cutoff_per_query": "x"}}, "a whole number"),
        (athena_data_catalog, {"name": "a"}, "type is missing"),
        (athena_data_catalog, {"name": "a", "type": "LAMBDA", "parameters": {"function": ["x"]}}, "allowed is a text"),
        (glue_table, {"database": "a", "name": "b", "config": {"name": "c"}}, "config.name is what name is"),
        (glue_table, {"database": "a", "name": "b", "config": {"parameters": "x"}}, "allowed is a mapping"),
        (firehose_delivery_stream, {"name": "a", "config": {"bucket_arn": "b"}}, "config.role_arn is missing"),
        (logs_subscription_filter, {"log_group": GROUP, "name": "a"}, "destination_arn is missing"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_before_anything_is_changed(aws, module, options, words):
    failed = aws.run(module.main, **options)
    assert failed["failed"]
    assert words in failed["msg"]
    assert aws.writes() == []
