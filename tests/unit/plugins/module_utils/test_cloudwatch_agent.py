"""The agent's configuration, held against the agent's own schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.filter.cloudwatch_agent import FilterModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudwatch_agent import (
    RETENTION_DAYS,
    ShippingError,
    cloudwatch_agent,
)

SCHEMA = json.loads(
    (Path(__file__).parents[4] / "lab" / "cloudwatch_agent" / "cloudwatch_agent" / "schema.json").read_text()
)
FILE = {"path": "/var/log/nginx/access.log", "group": "/hosp/proxies", "stream": "{local_hostname}"}
MORE = {"retention_days": 400, "timestamp_format": '"time":"%Y-%m-%dT%H:%M:%S', "timezone": "LOCAL"}


def valid(document: dict[str, Any]) -> dict[str, Any]:
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    return document


def test_everything_that_can_be_said_of_a_file_is_said_as_the_agent_says_it():
    document = valid(cloudwatch_agent([{**FILE, **MORE}], "eu-central-1", "https://logs.example.com", 10))
    assert document == {
        "agent": {"region": "eu-central-1", "run_as_user": "cwagent"},
        "logs": {
            "endpoint_override": "https://logs.example.com",
            "force_flush_interval": 10,
            "logs_collected": {
                "files": {
                    "collect_list": [
                        {
                            "file_path": "/var/log/nginx/access.log",
                            "log_group_name": "/hosp/proxies",
                            "log_stream_name": "{local_hostname}",
                            "retention_in_days": 400,
                            "timestamp_format": '"time":"%Y-%m-%dT%H:%M:%S',
                            "timezone": "LOCAL",
                        }
                    ]
                }
            },
        },
    }


def test_what_is_not_said_is_not_in_it():
    document = valid(cloudwatch_agent([{**FILE, "retention_days": None}, {**FILE, "path": "/b"}], "us-gov-east-1"))
    entries = document["logs"]["logs_collected"]["files"]["collect_list"]
    assert [entry.keys() for entry in entries] == [{"file_path", "log_group_name", "log_stream_name"}] * 2
    assert "endpoint_override" not in document["logs"]


def test_the_days_of_retention_are_those_of_the_schema():
    definitions = SCHEMA["definitions"]["logsDefinition"]["definitions"]
    assert [-1, *RETENTION_DAYS] == definitions["retentionInDaysDefinition"]["enum"]


@pytest.mark.parametrize("days", RETENTION_DAYS)
def test_every_retention_is_valid(days):
    valid(cloudwatch_agent([{**FILE, "retention_days": days}], "eu-central-1"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "files is []: allowed is a list with at least one file."),
        ("/var/log/x", "files is '/var/log/x': allowed is a list"),
        (["/var/log/x"], "files[0] is '/var/log/x': allowed is a mapping with path, group"),
        ([{**FILE, "retention": 3}], "files[0] has retention: allowed are path, group, stream, retention_days"),
        ([{**FILE, "path": "access.log"}], "files[0].path is 'access.log': allowed is the absolute path of one file"),
        ([{**FILE, "path": "/var/log/*.log"}], "files[0].path is '/var/log/*.log'"),
        ([{**FILE, "group": "a group"}], "files[0].group is 'a group': allowed is 1 to 512 of the letters"),
        ([{**FILE, "group": ""}], "files[0].group is ''"),
        ([{**FILE, "stream": "a:b"}], "files[0].stream is 'a:b': allowed is 1 to 512 characters without : and *"),
        ([{"path": "/a"}], "files[0].group is None"),
        ([{**FILE, "retention_days": 2}], "files[0].retention_days is 2: allowed are 1, 3, 5"),
        ([{**FILE, "timestamp_format": "iso"}], "files[0].timestamp_format is 'iso': allowed is a format such as"),
        ([{**FILE, "timezone": "CET"}], "files[0].timezone is 'CET': allowed are LOCAL, UTC"),
        ([FILE, FILE], "files[1].path is '/var/log/nginx/access.log', as before: allowed is each file once."),
    ],
    ids=[
        "none", "text", "no mapping", "key", "relative", "pattern", "group", "no group", "stream", "missing",
        "retention", "format", "timezone", "twice",
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_value_and_what_is_allowed(files, words):
    with pytest.raises(ShippingError) as refused:
        cloudwatch_agent(files, "eu-central-1")
    assert words in str(refused.value)


def test_all_faults_are_named_at_once_as_the_inventory_calls_them():
    names = {"files": "log_shipping_files", "region": "aws_region", "endpoint_url": "aws_endpoint_url"}
    with pytest.raises(AnsibleFilterError) as refused:
        FilterModule().filters()["cloudwatch_agent"]([{**FILE, "path": ""}], "Frankfurt", "logs:443", 5, names)
    assert str(refused.value).splitlines() == [
        "log_shipping_files[0].path is '': allowed is the absolute path of one file, without *, ?, [, ], {, }.",
        "aws_region is 'Frankfurt': allowed is the name of a region, such as eu-central-1.",
        "aws_endpoint_url is 'logs:443': allowed is http://HOST:PORT or https://HOST.",
    ]
