"""Workgroups, data catalogs and tags, asked by boto3's client."""

from __future__ import annotations

import urllib.request

import pytest
from athena.queries import Queries
from athena.sources import Sources
from athena.store import Store
from athena_client import OUTPUT
from region_in_memory import Region

FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:connector"
ARN = "arn:aws:athena:eu-central-1:111122223333:"


def test_a_workgroup_has_what_it_is_given_and_the_rest_filled_in(athena):
    athena.client.create_work_group(
        Name="audit", Description="a note", Configuration={"BytesScannedCutoffPerQuery": 10_000_000}
    )
    group = athena.client.get_work_group(WorkGroup="audit")["WorkGroup"]
    assert (group["State"], group["Description"]) == ("ENABLED", "a note")
    assert group["Configuration"] == {
        "BytesScannedCutoffPerQuery": 10_000_000,
        "EnforceWorkGroupConfiguration": True,
        "EngineVersion": {
            "EffectiveEngineVersion": "Athena engine version 3",
            "SelectedEngineVersion": "AUTO",
        },
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        "ResultConfiguration": {},
    }


def test_an_update_changes_what_it_mentions_and_takes_away_what_it_names(athena):
    result = {"OutputLocation": OUTPUT, "ExpectedBucketOwner": "111122223333"}
    athena.client.create_work_group(
        Name="audit", Configuration={"ResultConfiguration": result, "BytesScannedCutoffPerQuery": 20_000_000}
    )
    athena.client.update_work_group(
        WorkGroup="audit",
        State="DISABLED",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {"OutputLocation": "s3://other/", "RemoveExpectedBucketOwner": True},
        },
    )
    group = athena.client.get_work_group(WorkGroup="audit")["WorkGroup"]
    assert group["State"] == "DISABLED"
    assert group["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://other/"}
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is False
    assert "BytesScannedCutoffPerQuery" not in group["Configuration"]
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="is disabled"):
        athena.start("SELECT 1", WorkGroup="audit")


def test_a_workgroup_with_queries_is_deleted_only_with_them(athena):
    athena.client.create_work_group(Name="audit", Configuration={"ResultConfiguration": {"OutputLocation": OUTPUT}})
    athena.run("SELECT 1", WorkGroup="audit")
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="is not empty"):
        athena.client.delete_work_group(WorkGroup="audit")
    athena.client.delete_work_group(WorkGroup="audit", RecursiveDeleteOption=True)
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="is not found"):
        athena.client.get_work_group(WorkGroup="audit")


def test_a_catalog_from_its_beginning_to_its_end(athena):
    athena.client.create_data_catalog(Name="logs", Type="LAMBDA", Parameters={"function": FUNCTION})
    both = {"metadata-function": FUNCTION, "record-function": FUNCTION}
    athena.client.update_data_catalog(Name="logs", Type="LAMBDA", Description="a note", Parameters=both)
    assert athena.client.get_data_catalog(Name="logs")["DataCatalog"] == {
        "Name": "logs",
        "Type": "LAMBDA",
        "Description": "a note",
        "Parameters": both,
    }
    listed = athena.client.list_data_catalogs()["DataCatalogsSummary"]
    assert listed == [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}, {"CatalogName": "logs", "Type": "LAMBDA"}]
    athena.client.delete_data_catalog(Name="logs")
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="was not found"):
        athena.client.get_data_catalog(Name="logs")


@pytest.mark.parametrize(
    ("operation", "given", "words"),
    [
        ("create_work_group", {"Name": "primary"}, "already created"),
        ("create_work_group", {"Name": "a b"}, "Name does not match"),
        ("update_work_group", {"WorkGroup": "primary", "State": "ON"}, "allowed are ENABLED, DISABLED"),
        ("delete_work_group", {"WorkGroup": "primary"}, "Cannot delete primary"),
        ("create_data_catalog", {"Name": "awsdatacatalog", "Type": "LAMBDA"}, "already exists"),
        ("create_data_catalog", {"Name": "x", "Type": "LAMBDA"}, "Parameters need the ARN"),
        (
            "create_data_catalog",
            {"Name": "x", "Type": "LAMBDA", "Parameters": {"function": "x"}},
            "Parameters need the ARN",
        ),
        ("create_data_catalog", {"Name": "x", "Type": "HIVE"}, "catalogs of the type LAMBDA only"),
        ("start_query_execution", {"QueryString": "SELECT ?", "ExecutionParameters": ["1" * 1025]}, "allowed are 1024"),
        ("start_query_execution", {"QueryString": "SELECT 1", "WorkGroup": "none"}, "WorkGroup none is not found"),
    ],
)
def test_what_athena_refuses_is_refused(athena, operation, given, words):
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match=words):
        getattr(athena.client, operation)(**given)


def test_tags_are_put_on_and_taken_off(athena):
    tags = [{"Key": "service", "Value": "hosp"}, {"Key": "old", "Value": "1"}]
    athena.client.create_work_group(Name="audit", Tags=tags)
    athena.client.create_data_catalog(Name="logs", Type="LAMBDA", Parameters={"function": FUNCTION}, Tags=tags)
    for resource in ("workgroup/audit", "datacatalog/logs"):
        arn = ARN + resource
        athena.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "service", "Value": "other"}])
        athena.client.untag_resource(ResourceARN=arn, TagKeys=["old"])
        assert athena.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "service", "Value": "other"}]
    with pytest.raises(athena.client.exceptions.ResourceNotFoundException):
        athena.client.list_tags_for_resource(ResourceARN=ARN + "workgroup/none")


def test_lists_come_in_pages(athena):
    for name in ("a", "b", "c"):
        athena.client.create_work_group(Name=name)
    first = athena.client.list_work_groups(MaxResults=2)
    second = athena.client.list_work_groups(MaxResults=2, NextToken=first["NextToken"])
    assert [group["Name"] for page in (first, second) for group in page["WorkGroups"]] == ["primary", "a", "b", "c"]
    assert "NextToken" not in second
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="never given"):
        athena.client.list_work_groups(NextToken="x")


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AmazonAthena.StartQueryExecution", b"{", b"SerializationException"),
        ("AmazonAthena.StartQueryExecution", b"{}", b"InvalidRequestException"),
        ("AmazonAthena.CreateNotebook", b'{"WorkGroup": "a", "Name": "b"}', b"UnknownOperationException"),
        ("AmazonAthena.answer", b"{}", b"UnknownOperationException"),
        ("Logs_20140328.PutLogEvents", b"{}", b"UnknownOperationException"),
    ],
)
def test_what_is_no_request_of_athena_is_refused(athena, target, body, code):
    request = urllib.request.Request(athena.client.meta.endpoint_url, body, {"X-Amz-Target": target})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 400
    assert code in refused.value.read()


def test_after_a_restart_all_is_there_and_what_was_running_has_failed(tmp_path):
    store = Store(tmp_path / "athena.sqlite")
    execution = {"QueryExecutionId": "a", "Status": {"State": "RUNNING", "SubmissionDateTime": 0.0}, "WorkGroup": "x"}
    store.put("query", "a", {"execution": execution, "columns": []})
    region = Region()
    clients = {name: region.client(name) for name in ("s3", "glue", "logs")}
    again = Store(tmp_path / "athena.sqlite")
    status = Queries(again, Sources(again, **clients), clients["s3"], at_once=1).get("a")["Status"]
    assert (status["State"], status["AthenaError"]["ErrorCategory"]) == ("FAILED", 1)
