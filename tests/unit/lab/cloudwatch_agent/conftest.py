"""The stand-in's sources, for its tests, and a CloudWatch Logs to ship to."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from strict_logs import StrictLogs

sys.path.insert(0, str(Path(__file__).parents[4] / "lab" / "cloudwatch_agent"))


@pytest.fixture
def logs() -> Iterator[StrictLogs]:
    """A CloudWatch Logs that holds every request against the API's limits."""
    server = StrictLogs()
    server.start()
    yield server
    server.stop()
