"""Modules as Ansible runs them, with real botocore clients."""

from __future__ import annotations

import copy
import functools
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils import modules
from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_conn
from aws_in_memory import SECRET, Aws
from botocore.client import BaseClient
from botocore.loaders import JSONFileLoader, Loader

load_once = functools.cache(JSONFileLoader().load_file)
list_once = functools.cache(Loader().list_available_services)
clients: dict[str, BaseClient] = {}


class Ended(Exception):
    """Instead of the end of the process."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result


@pytest.fixture
def run(monkeypatch):
    """``run(main, check, **options)`` runs a module and returns its result, in which the secret never is."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda loader, path: load_once(path))
    monkeypatch.setattr(Loader, "list_available_services", lambda loader, kind: list_once(kind))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", os.devnull)

    def end(module: Any, result: dict[str, Any]) -> None:
        result.setdefault("invocation", {"module_args": module.params})
        printed = json.dumps(remove_values(result, module.no_log_values), default=str)
        assert SECRET not in printed
        raise Ended(json.loads(printed))

    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule._return_formatted", end)

    def run(main: Callable[[], None], check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {**copy.deepcopy(options), "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(Ended) as ended:
            main()
        return ended.value.result

    return run


def connect_once(module: Any, **wanted: Any) -> BaseClient:
    """Clients differ in what they are asked for with; before AWS in memory they keep nothing of a run."""
    asked = repr(sorted(wanted.items()))
    if asked not in clients:
        clients[asked] = boto3_conn(module, **wanted)
    return clients[asked]


@pytest.fixture
def memory():
    return Aws()


@pytest.fixture
def aws(monkeypatch, run, memory):
    """AWS in memory; ``aws.run(main, …)`` forgets the calls so far."""
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda client, name, given: memory.answer(client, name, given))
    monkeypatch.setattr(modules, "boto3_conn", connect_once)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-key-that-signs-nothing")
    memory.run = lambda main, **options: (memory.calls.clear(), run(main, **options))[1]
    return memory
