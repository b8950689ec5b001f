"""Traffic through a proxy: counted, with HOSP's ledger, or as fast as it goes."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import uvloop
import yaml
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.figures import Ledger
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import Request, requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Pace, Record, drive

from .hosts import CHECKOUT, Host

TIMEOUT_SECONDS = 12
BURST_FAULTS = {"rate": 0, "mix": {"500": 0.5, "502": 0.5}, "latency_ms": [5, 20]}
_numbers = count(1)


class Hosp:
    """The simulator's controls (lab/hosp)."""

    def __init__(self, host: Host) -> None:
        self._client = httpx.Client(base_url=f"http://{host.address}:9000", timeout=120, trust_env=False)

    def fail(self, **faults: Any) -> None:
        self._client.put("/faults", json={"seed": 1, "burst": None, **faults}).raise_for_status()

    def clear(self) -> None:
        self._client.delete("/ledger").raise_for_status()

    def ledger(self) -> Ledger:
        return dict(self._client.get("/ledger").raise_for_status().json()["requests"])


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent, and what HOSP's ledger says of it."""

    record: Record
    attempts: int
    applied: int
    first_failed: bool

    @property
    def safe(self) -> bool:
        return self.record.cls == "safe"

    @property
    def failed(self) -> bool:
        return self.record.failed


@dataclass(frozen=True, slots=True)
class Run:
    """A counted run; ``began`` is its first moment on the clock of ``time.monotonic``."""

    sent: list[Sent]
    began: float

    def duplicates(self) -> int:
        return sum(sent.applied > 1 for sent in self.sent if not sent.safe)


def plan(number: int) -> list[Request]:
    """So many requests of the lab's traffic: 70 % GET, 10 % PUT, 20 % POST; the same each time but for ids."""
    settings = yaml.safe_load((CHECKOUT / "inventories/lab/group_vars/all/verify.yml").read_text())
    return requests(templates(settings["verify_requests"], writes=True), number, 1, f"benchmark-{next(_numbers)}")


def counted(host: Host, hosp: Hosp, plan: Sequence[Request], pace: Pace) -> Run:
    """Send the requests through a proxy, each on a connection of its own, and read the ledger."""
    target = Target(host.label, host.url, headers=basic_authorization("nurse", "nurse"))
    hosp.clear()
    began = time.monotonic()
    result = uvloop.run(drive(plan, target, pace, TIMEOUT_SECONDS))
    ledger = hosp.ledger()
    nothing: dict[str, Any] = {"attempts": 0, "applied": 0, "statuses": [0]}
    entries = ((record, ledger.get(record.id, nothing)) for record in result.records)
    sent = [
        Sent(record, entry["attempts"], entry["applied"], not 200 <= entry["statuses"][0] < 300)
        for record, entry in entries
    ]
    return Run(sorted(sent, key=lambda one: one.record.start), began)


@dataclass(frozen=True, slots=True)
class Fast:
    """What wrk measured, and what the proxy's processes used for it."""

    requests_per_second: float
    cpu_microseconds: float
    p50_milliseconds: float


def fast(host: Host, connections: int, seconds: int) -> Fast:
    """GETs over kept connections, from core 0, one after another on each. Raises AssertionError when one fails."""
    command = ["taskset", "-c", "0", "wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}"]
    before = host.cpu_seconds()
    report = subprocess.run([*command, f"{host.url}/patients/1"], check=True, capture_output=True, text=True).stdout
    used = host.cpu_seconds() - before
    assert "Non-2xx" not in report, report
    total, rate, p50, unit = _found(r"(\d+) requests in", r"Requests/sec: +([\d.]+)", r"50% +([\d.]+)(us|ms|s)", report)
    return Fast(float(rate), 1e6 * used / float(total), float(p50) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit])


def _found(*patterns_and_text: str) -> list[str]:
    *patterns, text = patterns_and_text
    return [group for pattern in patterns for match in [re.search(pattern, text)] if match for group in match.groups()]


@contextmanager
def bursts(hosp: Hosp, seconds: float, every_seconds: float) -> Iterator[None]:
    """Every so often everything fails, for ``seconds``."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(every_seconds):
            hosp.fail(**BURST_FAULTS, burst={"after_seconds": 0, "seconds": seconds})

    hosp.fail(**BURST_FAULTS)
    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
