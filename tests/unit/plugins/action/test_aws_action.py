"""Modules of AWS on the controller: in Ansible's own process where nothing speaks against it, to the same effect."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[4]
SECRETS = {"key": "a-key-that-nobody-may-see", "password": "a-password-that-nobody-may-see"}
# Nobody listens there.
MODULE = {
    "steadyfront.fleet.secretsmanager_json": {
        "endpoint_url": "http://127.0.0.1:9",
        "region": "eu-central-1",
        "access_key": "lab",
        "secret_key": "{{ key }}",
        "name": "hosp",
        "value": {"password": "{{ password }}"},
    }
}


def test_every_module_of_the_group_has_this_action():
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["aws"]
    here = {path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if "AwsAction" in path.read_text()}
    assert here == set(group)


@pytest.mark.slow
def test_it_says_what_a_module_that_is_sent_says_and_sends_none(tmp_path):
    """The environment of a task is that of a process of its own."""
    task = {**MODULE, "ignore_errors": True}
    tasks = [
        {**task, "name": "In this process", "register": "here"},
        {**task, "name": "Sent", "register": "sent", "environment": {"ANYTHING": "else"}},
        {
            "name": "Keep both",
            "ansible.builtin.copy": {"content": "{{ [here, sent] | to_json }}", "dest": str(tmp_path / "said.json")},
        },
    ]
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = ["ansible-playbook", "-vvv", "-e", json.dumps(SECRETS), play]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    here, sent = json.loads((tmp_path / "said.json").read_text())
    assert "could not connect" in here["msg"].lower()
    assert {**here, "exception": ""} == {**sent, "exception": ""}
    output = run.stdout + run.stderr
    assert [secret for secret in SECRETS.values() if secret in output] == []
    assert len(re.findall(r"Using module file .*/secretsmanager_json\.py", output)) == 1
