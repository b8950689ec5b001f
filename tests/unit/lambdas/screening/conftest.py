"""The function, configured for HOSP's simulator or for a server that answers what it is told to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from cloud_in_memory import BUCKET, QUEUE
from screening import handler
from screening_events import SECRETS
from scripted_server import ScriptedServer, scripted


@pytest.fixture
def configure(cloud, monkeypatch) -> Iterator[Callable[..., None]]:
    """Sets the function's environment, and lets it begin as a new one."""

    def configure(**variables: str) -> None:
        values = {
            "HOSP_URL": "http://127.0.0.1:9",
            "HOSP_TIMEOUT_SECONDS": "5",
            "HOSP_CA": "",
            "ORIGIN_SECRETS": " ".join(SECRETS),
        }
        for name, value in {**values, "QUEUE_URL": QUEUE, "BUCKET": BUCKET, **variables}.items():
            monkeypatch.setenv(name, value)
        forget()

    def forget() -> None:
        handler.configured.cache_clear()
        handler.function.cache_clear()
        # It keeps the standard output that it began with.
        logging.root.manager.loggerDict.pop("screening", None)

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
