"""One simulator for the whole session, put in good health before every test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[3] / "lab" / "hosp")]

from hosp_process import HEALTHY, Hosp  # noqa: E402 - the path comes first


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosp]:
    hosp = Hosp(tmp_path_factory.mktemp("hosp"))
    yield hosp
    hosp.process.terminate()
    hosp.process.wait(timeout=5)


@pytest.fixture
def hosp(running: Hosp) -> Hosp:
    """The simulator in good health, with an empty ledger."""
    running.put(**HEALTHY)
    running.control.delete("/ledger").raise_for_status()
    return running
