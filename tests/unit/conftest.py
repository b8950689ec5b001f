"""One simulator of HOSP for the whole session, put in good health before every test."""

from collections.abc import Iterator

import pytest
from hosp_process import HEALTHY, Hosp


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosp]:
    hosp = Hosp(tmp_path_factory.mktemp("hosp"))
    yield hosp
    hosp.process.terminate()
    hosp.process.wait(timeout=60)


@pytest.fixture
def hosp(running: Hosp) -> Hosp:
    """The simulator in good health, with an empty ledger."""
    running.put(**HEALTHY)
    running.control.delete("/ledger").raise_for_status()
    return running
