"""How long `site.yml` takes as the fleet grows: the first run on bare hosts, and the next one, which changes nothing.

`.venv/bin/python benchmarks/fleet.py [number of proxies ...]` from the checkout; 2, 4 and 8 if none is named. Brings up
labs of its own, one after another, and removes them.
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parents[1]
LAB = CHECKOUT / "inventories" / "lab"
# Beside a lab that is up: hosts, network and secrets of its own. It lies as deep in the checkout as the lab's.
COPY = CHECKOUT / ".lab" / "fleet"
APART = {
    "lab_prefix": "steadyfront-fleet",
    "lab_subnet": "198.18.3.0/24",
    "fleet_origin_secrets_path": str(COPY / "origin_secrets.yml"),
}


def inventory(proxies: int) -> None:
    """The lab's inventory with so many proxies."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(LAB, COPY)
    hosts = yaml.safe_load((LAB / "hosts.yml").read_text())
    hosts["all"]["children"]["proxies"]["hosts"] = {
        f"proxy{n}": {"lab_address_index": 50 + n} for n in range(1, proxies + 1)
    }
    (COPY / "hosts.yml").write_text(yaml.safe_dump(hosts))


def playbook(name: str) -> float:
    """Run it, and say how long it took (seconds). Raises SystemExit with its output when it fails."""
    options = [word for key, value in APART.items() for word in ("-e", f"{key}={value}")]
    began = time.monotonic()
    run = subprocess.run(
        ["ansible-playbook", "-i", COPY, *options, name], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    return time.monotonic() - began


def main() -> None:
    rows = []
    for proxies in [int(word) for word in sys.argv[1:]] or [2, 4, 8]:
        inventory(proxies)
        try:
            rows.append((proxies, playbook("site.yml"), playbook("site.yml")))
        finally:
            playbook("benchmarks/down.yml")
            shutil.rmtree(COPY)
        print(f"{proxies} proxies: {rows[-1][1]:.0f} s, again {rows[-1][2]:.0f} s", flush=True)
    _, first, again = rows[0]
    lines = [
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores, Debian 13 in containers.",
        "",
        "| proxies | first run | to the first row | no change | to the first row |",
        "| ---: | ---: | ---: | ---: | ---: |",
        *(f"| {n} | {a:.0f} s | {a / first:.2f} | {b:.0f} s | {b / again:.2f} |" for n, a, b in rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if not sys.argv[1:]:
        (CHECKOUT / "benchmarks" / "results" / "fleet.md").write_text(text)


main()
