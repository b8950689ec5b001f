"""The running lab, under load. `make up` first; these tests break its hosts and mend them again.

``LAB_PREFIX`` and ``LAB_SUBNET`` in the environment lead to another lab than the inventory's.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Record, Result

CHECKOUT = Path(__file__).parents[2]
INVENTORY = CHECKOUT / "inventories" / "lab"
FACTS = yaml.safe_load((INVENTORY / "group_vars" / "lab.yml").read_text())
PREFIX = os.environ.get("LAB_PREFIX", FACTS["lab_prefix"])
SUBNET = os.environ.get("LAB_SUBNET", FACTS["lab_subnet"])
NETWORK = SUBNET.rpartition(".")[0]
CLOUD = f"{NETWORK}.5"
DOMAIN, OLD_DOMAIN = "hosp.example.test", "old.hosp.example.test"
FRONT = f"https://{CLOUD}"
CA = CHECKOUT / ".lab" / "ca.pem"
AWS = f"http://{CLOUD}:4566"
STATE = f"http://{CLOUD}:8404/;csv"
PROXIES = [f"{NETWORK}.11", f"{NETWORK}.12"]
CONTROLS = f"http://{NETWORK}.21:9000"
RATE = 300
# In the field the controller is another machine. Here it leaves the hosts what they need.
ANSIBLE_PLAYBOOK = ["nice", "-n", "19", "ansible-playbook"]
ANSIBLE_PLAYBOOK += ["-e", f"lab_prefix={PREFIX}", "-e", f"lab_subnet={SUBNET}"]


@dataclass
class Load:
    """Requests at a constant rate through the front. ``breaks`` are the moments, in the run's seconds, when a host
    was killed: what was in flight on it then, and did not get HOSP's answer, is counted apart."""

    result: Result | None = None
    ledger: dict[str, Any] = field(default_factory=dict)
    breaks: list[float] = field(default_factory=list)
    began: float = 0.0

    def host_dies(self) -> None:
        """Say so just before a host is killed."""
        self.breaks.append(time.monotonic() - self.began)

    @property
    def records(self) -> list[Record]:
        assert self.result is not None
        return self.result.records

    def failed(self, cls: str) -> list[Record]:
        """The requests of a class that failed, but for those that were lost with a host."""
        lost = {record.id for record in self.lost_with_a_host}
        return [record for record in self.records if record.cls == cls and record.failed and record.id not in lost]

    def attempts(self, record: Record) -> int:
        """How often HOSP saw the request."""
        return self.ledger.get(record.id, {}).get("attempts", 0)

    @property
    def lost_with_a_host(self) -> list[Record]:
        return [
            record
            for record in self.records
            if record.failed and self.in_flight(record) and not self._is_answer_of_hosp(record)
        ]

    @property
    def written_twice(self) -> list[str]:
        posts = {record.id for record in self.records if record.method == "POST"}
        return [name for name, entry in self.ledger.items() if name in posts and entry["applied"] > 1]

    @property
    def most_attempts(self) -> int:
        return max(entry["attempts"] for entry in self.ledger.values())

    def _is_answer_of_hosp(self, record: Record) -> bool:
        return record.status in self.ledger.get(record.id, {}).get("statuses", [])[-1:]

    def in_flight(self, record: Record) -> bool:
        # Half a second on either side: the moment is noted before the kill, which takes a while.
        return any(record.start - 0.5 <= moment <= record.start + record.seconds + 0.5 for moment in self.breaks)


def podman(*arguments: str) -> str:
    return subprocess.run(
        [CHECKOUT / "lab" / "hosts" / "podman", *arguments], capture_output=True, text=True, check=True
    ).stdout


def container(host: str) -> str:
    return f"{PREFIX}-{host}"


def playbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``ansible-playbook`` in the checkout as a user would. No run warns of what is deprecated."""
    run = [*ANSIBLE_PLAYBOOK, *arguments]
    result = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert "[DEPRECATION WARNING]" not in result.stdout + result.stderr, result.stderr
    return result


def changes(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """How many tasks changed something, by host, from the recap."""
    recap = result.stdout.rpartition("PLAY RECAP")[2].splitlines()[1:]
    rows = [line.split() for line in recap if "changed=" in line]
    return {row[0]: int(next(word for word in row if word.startswith("changed=")).partition("=")[2]) for row in rows}


def wait_until_up(name: str, seconds: float = 60) -> None:
    """Wait until the load balancer sends requests to a proxy again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with urllib.request.urlopen(STATE, timeout=5) as answer:
            rows = csv.DictReader(io.TextIOWrapper(answer))
            if any(row["svname"] == name and row["status"] == "UP" for row in rows):
                return
        time.sleep(0.5)
    raise AssertionError(f"{name} is not back in the load balancer after {seconds} s")
