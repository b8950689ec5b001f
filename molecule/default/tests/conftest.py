"""HOSP without faults, and a proxy of each kind in turn."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from scenario import HOSP, KINDS, PODMAN, PREFIX, PROXIES, Hosp, Listener, Proxy, eventually, host_of, is_open, reached


@pytest.fixture(scope="session", autouse=True)
def hosts_are_up() -> None:
    """Requests to hosts that are not there would leave this machine."""
    for name in ("hosp", *PROXIES):
        subprocess.run([PODMAN, "exec", f"{PREFIX}-{name}", "true"], check=True)


@pytest.fixture(autouse=True)
def hosp() -> Iterator[Hosp]:
    """HOSP without faults, until the test asks for some."""
    controls = Hosp()
    # What a test did to the host may have started HOSP anew.
    eventually(lambda: is_open(HOSP, 9000))
    controls.set()
    yield controls
    controls.set()


@pytest.fixture(params=KINDS)
def proxy(request: pytest.FixtureRequest) -> Iterator[Proxy]:
    with reached(request.param) as found:
        yield found


@pytest.fixture
def proxies() -> Iterator[list[Proxy]]:
    """One of each kind at once, for what takes its time on each."""
    with ExitStack() as stack:
        yield [stack.enter_context(reached(name)) for name in KINDS]


@pytest.fixture(scope="module")
def vendors_place() -> Iterator[Any]:
    """Free for all tests of a file. HOSP takes a while to start."""
    host = host_of("hosp")
    host.run_test("systemctl stop hosp")
    yield host
    host.run_test("systemctl start hosp")
    eventually(lambda: is_open(HOSP, 9000))


@pytest.fixture
def vendor(vendors_place) -> Iterator[Callable[..., Listener]]:
    """``vendor(answer)`` listens where HOSP did."""
    listeners: list[Listener] = []

    def listen(*answer: bytes, **options: float) -> Listener:
        listeners.append(Listener(*answer, **options))
        return listeners[-1]

    yield listen
    vendors_place.run("pkill -f [r]euse_port")
    for listener in listeners:
        listener.wait()


@pytest.fixture
def hosp_host() -> Any:
    return host_of("hosp")
