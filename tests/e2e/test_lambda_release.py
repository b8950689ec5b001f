"""A function of its own, released, rolled back and deleted before the lab's stand-in for AWS, which really runs it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from running_lab import AWS, playbook

WORD = f"word-{secrets.token_hex(16)}"
REGION = "eu-central-1"


def client(service: str) -> Any:
    return boto3.client(
        service, endpoint_url=AWS, region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="lab"
    )


@pytest.fixture(autouse=True)
def queue() -> Iterator[None]:
    url = client("sqs").create_queue(QueueName="greetings")["QueueUrl"]
    yield
    client("sqs").delete_queue(QueueUrl=url)


def handler(status: int) -> str:
    """A function that answers with a status, and with a word of its environment."""
    answer = f"{{'statusCode': {status}, 'body': os.environ['WORD']}}"
    return f"import os\n\n\ndef handler(event, context):\n    return {answer}\n"


STEPS: list[dict[str, Any]] = [
    {
        "name": "release",
        "does": "release",
        "files": {"handler.py": handler(200)},
        "live": "1",
        "answer": {"statusCode": 200, "body": WORD},
    },
    {"name": "release again", "does": "release", "live": "1"},
    {"name": "check it", "does": "release", "check": True, "live": "1"},
    {"name": "check a change", "does": "release", "check": True, "files": {"more.py": ""}, "live": "1"},
    {"name": "release the change", "does": "release", "live": "2"},
    {"name": "release what fails", "does": "release", "files": {"handler.py": handler(500)}, "live": "2"},
    {"name": "roll back", "does": "roll back", "live": "1"},
    {"name": "roll back again", "does": "roll back", "live": "1"},
    {"name": "delete", "does": "delete", "live": "none"},
    {"name": "delete again", "does": "delete", "live": "none"},
]
CHANGES = {
    "release": 2,  # the role with what it allows, the release
    "release again": 0,
    "check it": 0,
    "check a change": 1,
    "release the change": 1,
    "roll back": 1,
    "roll back again": 0,
    "delete": 2,  # its role too
    "delete again": 0,
}


def test_the_life_of_a_function(tmp_path: Path):
    told = {"source": str(tmp_path), "word": WORD, "steps": STEPS}
    # On the command line it would be printed.
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps(told))
    result = playbook("tests/e2e/lambda_release.yml", "-vvv", "--diff", "-e", f"@{variables}")
    assert WORD not in result.stdout + result.stderr
    assert result.returncode == 0, result.stdout
    _, *parts = re.split(r"^TASK \[Step (.+)\] \*+$", result.stdout, flags=re.MULTILINE)
    printed = dict(zip(parts[::2], parts[1::2], strict=True))
    failed = printed.pop("release what fails")
    assert "version 3 of greeter did not pass its smoke test: statusCode is 500, not 200" in failed
    assert [name for name, text in printed.items() if "\nfatal: " in text] == []
    assert {name: len(re.findall("^changed: ", text, re.MULTILINE)) for name, text in printed.items()} == CHANGES


def test_permissions_for_everything_are_refused_before_a_role_is_made():
    permissions = [
        {"actions": ["sqs:*"], "resources": ["arn:aws:sqs:eu-central-1:1:q"]},
        {"actions": ["sqs:SendMessage"], "resources": ["*"]},
    ]
    listed = [{"name": "refused", "source": "/nowhere", "permissions": permissions}]
    result = playbook("playbooks/functions.yml", "-e", json.dumps({"fleet_functions": listed}))
    assert result.returncode != 0
    output = result.stdout + result.stderr
    assert [words for words in ("actions has 'sqs:*'", "resources has '*'") if words not in output] == [], output
    assert "refused" not in [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
