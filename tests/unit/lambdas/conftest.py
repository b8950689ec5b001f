"""The functions as Lambda calls them, with real botocore clients before a cloud in memory."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient
from botocore.loaders import JSONFileLoader
from cloud_in_memory import Cloud

load_once = functools.cache(JSONFileLoader().load_file)


@dataclass(frozen=True)
class Context:
    """What Lambda tells of a call."""

    aws_request_id: str = "8f5c1f0e-6c2a-4a5b-9d55-0d4a5f6b7c8d"
    seconds: float = 300

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def memory() -> Cloud:
    """What stands behind the clients; another function's tests may have another."""
    return Cloud()


@pytest.fixture
def cloud(memory, monkeypatch) -> Cloud:
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda loader, path: load_once(path))
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda client, name, given: memory.answer(client, name, given))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-key-that-signs-nothing")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", os.devnull)
    return memory
