"""A function of its own, released, rolled back and deleted before the lab's stand-in for AWS, which really runs it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from running_lab import AWS, changes, playbook

WORD = f"word-{secrets.token_hex(16)}"
REGION = "eu-central-1"


def client(service: str) -> Any:
    return boto3.client(
        service, endpoint_url=AWS, region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="lab"
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "greeter"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def queue() -> Iterator[None]:
    url = client("sqs").create_queue(QueueName="greetings")["QueueUrl"]
    yield
    client("sqs").delete_queue(QueueUrl=url)


def write(folder: Path, status: int) -> None:
    """A function that answers with a status, and with a word of its environment."""
    answer = f"{{'statusCode': {status}, 'body': os.environ['WORD']}}"
    handler = f"import os\n\n\ndef handler(event, context):\n    return {answer}\n"
    (folder / "handler.py").write_text(handler)


def step(name: str, folder: Path, *arguments: str) -> tuple[int, str, int]:
    """Do a step. Returns the playbook's status, what it printed, in which the secret is not, and its changes."""
    told = json.dumps({"step": name, "source": str(folder), "word": WORD})
    result = playbook("tests/e2e/lambda_release.yml", "-vvv", "--diff", *arguments, "-e", told)
    printed = result.stdout + result.stderr
    assert WORD not in printed
    return result.returncode, printed, changes(result)["localhost"]


def live() -> tuple[str, Any]:
    """The version that is live, and what it answers."""
    version = client("lambda").get_alias(FunctionName="greeter", Name="live")["FunctionVersion"]
    answer = client("lambda").invoke(FunctionName="greeter", Qualifier=version)
    return version, json.loads(answer["Payload"].read())


def test_the_life_of_a_function(source: Path):
    write(source, 200)
    status, printed, changed = step("release", source)
    assert status == 0, printed
    assert changed == 2  # the role with what it allows, the release
    assert live() == ("1", {"statusCode": 200, "body": WORD})
    assert step("release", source)[2] == 0
    assert step("release", source, "--check")[2] == 0

    (source / "more.py").write_text("")
    assert step("release", source, "--check")[2] == 1
    assert live()[0] == "1"
    assert step("release", source)[2] == 1
    assert live()[0] == "2"

    write(source, 500)
    status, printed, _ = step("release", source)
    assert status != 0
    assert "version 3 of greeter did not pass its smoke test: statusCode is 500, not 200" in printed
    assert live()[0] == "2"

    assert step("roll back", source)[2] == 1
    assert step("roll back", source)[2] == 0
    assert live()[0] == "1"

    assert step("delete", source)[2] == 2  # its role too
    assert step("delete", source)[2] == 0


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        ([{"actions": ["sqs:*"], "resources": ["arn:aws:sqs:eu-central-1:1:q"]}], "actions has 'sqs:*'"),
        ([{"actions": ["sqs:SendMessage"], "resources": ["*"]}], "resources has '*'"),
    ],
)
def test_permissions_for_everything_are_refused_before_a_role_is_made(permissions: list[Any], words: str):
    listed = [{"name": "refused", "source": "/nowhere", "permissions": permissions}]
    result = playbook("playbooks/functions.yml", "-e", json.dumps({"fleet_functions": listed}))
    assert result.returncode != 0
    assert words in result.stdout + result.stderr
    assert "refused" not in [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
