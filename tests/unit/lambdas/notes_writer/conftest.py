"""The function, configured for HOSP's simulator or for a server that answers what it is told to."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from cloud_in_memory import BUCKET, DEAD_LETTERS, QUEUE
from notes_writer import handler
from scripted_server import ScriptedServer, scripted

ORIGIN_SECRET = "the-secret-that-the-proxies-know-0001"


@pytest.fixture
def configure(cloud, monkeypatch) -> Iterator[Callable[..., None]]:
    """Sets the function's environment, and lets it begin as a new one."""

    def configure(**variables: str) -> None:
        values = {
            "HOSP_URL": "http://127.0.0.1:9",
            "HOSP_TIMEOUT_SECONDS": "5",
            "HOSP_CA": "",
            "HOSP_SECRET_ID": "hosp",
            "ORIGIN_SECRET": ORIGIN_SECRET,
            "STAFF_ID": "3",
            "NOTE_TITLE": "Screening",
            "SETTLE_SECONDS": "6",
            "QUEUE_URL": QUEUE,
            "DEAD_LETTER_QUEUE_URL": DEAD_LETTERS,
            "BUCKET": BUCKET,
        }
        for name, value in {**values, **variables}.items():
            monkeypatch.setenv(name, value)
        forget()

    def forget() -> None:
        handler.function.cache_clear()
        # It keeps the standard output that it began with.
        logging.root.manager.loggerDict.pop("notes_writer", None)

    cloud.secrets["hosp"] = json.dumps({"username": "nurse", "password": "nurse"})
    yield configure
    forget()


@pytest.fixture
def before_hosp(configure, hosp):
    """The function before HOSP's simulator, which this returns."""
    configure(HOSP_URL=f"http://127.0.0.1:{hosp.api_port}")
    return hosp


@pytest.fixture
def server(configure) -> Iterator[ScriptedServer]:
    """The function before a server that answers what it is told to."""
    with scripted() as script:
        configure(HOSP_URL=script.url)
        yield script
