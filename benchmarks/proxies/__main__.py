"""Steadyfront beside the proxies that people would use instead: same API, same faults, one machine.

Needs what the lab needs, and wrk: `.venv/bin/python -m benchmarks.proxies` from the checkout. About 25 minutes;
`--quick` takes a tenth of the requests and keeps no results. Brings up its own hosts and removes them; `--keep` leaves
them up.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from . import report, scenarios
from .hosts import HERE, Host, inventory, playbook
from .load import Hosp

RESULTS = Path(__file__).parents[1] / "results"
SCENARIOS = ("faults", "outage", "bursts", "speed")


def say(text: str) -> None:
    print(f"\033[2m{text}\033[0m" if sys.stdout.isatty() else text, flush=True)


def measure(wanted: list[str], share: float) -> dict[str, Any]:
    hosts = inventory()
    hosp, proxies = hosts.pop("hosp"), list(hosts.values())
    role, floor = hosts["steadyfront"], hosts["nginx"]
    controls = Hosp(hosp)
    results: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": {host.label: host.version() for host in proxies},
        **{name: {} for name in SCENARIOS},
    }

    def faults(host: Host, rate: float, number: int) -> None:
        say(f"{host.label}: {number} requests at {100 * rate:g} % faults")
        figures = scenarios.faults(host, controls, rate, number)
        results["faults"].setdefault(host.label, []).append(figures)

    if "faults" in wanted:
        for rate in (0.05, 0.1, 0.2):
            faults(role, rate, int(100_000 * share))
        for host in proxies:
            if host != role:
                faults(host, 0.1, int(20_000 * share))
    if "outage" in wanted:
        for host in proxies:
            say(f"{host.label}: an outage")
            results["outage"][host.label] = scenarios.outage(host, controls)
    if "bursts" in wanted:
        for seconds in (0.1, 0.3):
            for host in proxies:
                say(f"{host.label}: bursts of {seconds} s")
                figures = scenarios.burst(host, controls, seconds, int(15 * share) or 2)
                results["bursts"].setdefault(host.label, []).append(figures)
    if "speed" in wanted:
        # Without Lua each try opens a connection: at this rate that measures the kernel's search for a free port.
        kept = [host for host in proxies if host is not hosts["steadyfront_plain"]]
        results["speed"] = scenarios.speed(kept, hosp, floor, int(10 * share) or 1, say)
    return results


def machine() -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxies", description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="*", help=f"{', '.join(SCENARIOS)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests; the results are not kept")
    parser.add_argument("--keep", action="store_true", help="leave the hosts up")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenario) - set(SCENARIOS):
        parser.error(f"{', '.join(sorted(unknown))}: the scenarios are {', '.join(SCENARIOS)}")
    if missing := [tool for tool in ("wrk", "taskset", "ansible-playbook") if not shutil.which(tool)]:
        parser.error(f"{', '.join(missing)} not found: apt-get install wrk util-linux; . .venv/bin/activate")

    try:
        playbook(HERE / "up.yml")
        results = measure(arguments.scenario or list(SCENARIOS), 0.1 if arguments.quick else 1)
    finally:
        if not arguments.keep:
            playbook(HERE.parent / "down.yml")
    text = report.page(results)
    print(text)
    if not (arguments.quick or arguments.scenario):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "proxies.json").write_text(json.dumps(results, indent=1) + "\n")
        (RESULTS / "proxies.md").write_text(text)


main()
