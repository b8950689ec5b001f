"""The simulator as its users meet it: a process, two ports, HTTP."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

SOURCE = Path(__file__).parents[4] / "lab" / "hosp"
HEALTHY = {
    "seed": 1,
    "rate": 0,
    "mix": {"500": 0.4, "502": 0.4, "reset": 0.1, "stall": 0.1},
    "applied": 0.5,
    "late": 0,
    "late_seconds": [0, 5],
    "latency_ms": [0, 0],
    "stall_seconds": 0.2,
    "burst": None,
    "only": None,
    "clock_offset_seconds": 0,
    "whole_seconds": False,
    "page_size": None,
}
NOTE = {"title": "Check-up", "body": "All well", "patient_id": 1, "staff_id": 1}


class Hosp:
    """A running simulator: `api` and `control` are clients, `log` is what it wrote so far."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        command = [sys.executable, "-m", "hosp", "--database", folder / "hosp.sqlite", "--address", "127.0.0.1"]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--api-port", "0", "--control-port", "0"],
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
            )
        self.api_port, self.control_port = self._ports()
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.api_port}", auth=("nurse", "nurse"), timeout=60)
        self.control = httpx.Client(base_url=f"http://127.0.0.1:{self.control_port}", timeout=60)
        self.control.get("/faults")

    @property
    def log(self) -> str:
        return self._log.read_text()

    def _ports(self) -> tuple[int, int]:
        while not (found := re.search(r"API port (\d+), control port (\d+)", self.log)):
            assert self.process.poll() is None, self.log
        return int(found[1]), int(found[2])

    def put(self, **faults: Any) -> None:
        self.control.put("/faults", json=faults).raise_for_status()

    def fail(self, kind: str, **faults: Any) -> None:
        """Every request fails in this way."""
        self.put(rate=1, mix={kind: 1}, **faults)

    def entry(self, request_id: str) -> dict[str, Any]:
        """The ledger's entry of one request."""
        return self.control.get("/ledger", params={"id": request_id}).json()["requests"][request_id]

    def totals(self) -> dict[str, int]:
        return self.control.get("/ledger?totals").json()["totals"]

    def notes(self) -> int:
        """How many notes there are, counted in good health."""
        self.put(**HEALTHY)
        return len(self.api.get("/notes").json())
