"""Load on the lab that is up."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pytest
import uvloop
import yaml
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import Request, requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Arrivals, Send, drive
from running_lab import CLOUD, CONTROLS, INVENTORY, OLD_DOMAIN, RATE, Load, playbook

# A plan is made in advance; a test ends long before it.
MOST_SECONDS = 600


@pytest.fixture(scope="session", autouse=True)
def lab_is_up() -> None:
    """Requests to a lab that is down would leave this machine."""
    reached = playbook("playbooks/lab_ready.yml")
    assert reached.returncode == 0, f"the lab is not up: run `ansible-playbook site.yml` first\n{reached.stdout}"


@contextmanager
def _faults(**wanted: Any) -> Iterator[Controls]:
    controls = Controls(CONTROLS)
    with controls.faults(wanted, lambda _: None):
        yield controls


@pytest.fixture
def under_load():
    """``with under_load() as load:`` 300 requests a second at 2 % faults; figures are there after the block.

    By the old domain, which is served by plain HTTP: a handshake a request costs as much as all the rest, and two cores
    that are busy with it stall now and then.
    """

    @contextmanager
    def loading(rate: int = RATE) -> Iterator[Load]:
        verify = yaml.safe_load((INVENTORY / "group_vars" / "all" / "verify.yml").read_text())
        plan = requests(
            templates(verify["verify_requests"], writes=True), rate * MOST_SECONDS, 1, f"e2e-{secrets.token_hex(4)}"
        )
        headers = basic_authorization("nurse", "nurse")
        target = Target("front", f"http://{CLOUD}", host_header=OLD_DOMAIN, headers=headers)
        load = Load(began=time.monotonic())
        over = threading.Event()
        traffic = drive(plan, target, Until(over, rate), 12)
        thread = threading.Thread(target=lambda: setattr(load, "result", uvloop.run(traffic)))
        # Late as it may be: the lab's routes wait 3 s before they send a write again.
        late = {"applied": 0.5, "late": 0.5, "late_seconds": [0, 2], "clock_offset_seconds": 47, "whole_seconds": True}
        faults = {"rate": 0.02, "mix": {"500": 0.5, "502": 0.5}, **late, "latency_ms": [20, 200]}
        with _faults(**faults) as controls:
            controls.clear_ledger()
            thread.start()
            try:
                yield load
                assert thread.is_alive(), f"the load ended before the test did, after {MOST_SECONDS} s"
            finally:
                over.set()
                thread.join()
                # What may still land does.
                time.sleep(3)
            load.ledger = dict(controls.ledger())

    return loading


@dataclass(frozen=True)
class Until:
    """Requests arrive at a constant rate (a second) until ``over`` is set."""

    over: threading.Event
    rate: int

    async def play(self, requests: Sequence[Request], send: Send) -> None:
        await Arrivals(self.rate).play(takewhile(lambda _: not self.over.is_set(), requests), send)
