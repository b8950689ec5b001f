"""The running lab. `make up` first; these tests break its hosts and mend them again.

``LAB_PREFIX`` and ``LAB_SUBNET`` in the environment lead to another lab than the inventory's.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

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
PROXY_NAMES = ["proxy1", "proxy2"]
PROXIES = [f"{NETWORK}.11", f"{NETWORK}.12"]
CONTROLS = f"http://{NETWORK}.21:9000"
# In the field the controller is another machine. Here it leaves the hosts what they need.
ANSIBLE_PLAYBOOK = ["nice", "-n", "10", "ansible-playbook"]
ANSIBLE_PLAYBOOK += ["-e", f"lab_prefix={PREFIX}", "-e", f"lab_subnet={SUBNET}"]


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


@contextmanager
def held(part: str, with_others: bool = False) -> Iterator[None]:
    """Of the tests that run side by side no other holds this part of the lab, but where both hold it with others."""
    with (CHECKOUT / ".lab" / f"{part}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH if with_others else fcntl.LOCK_EX)
        yield


def state_of(name: str) -> str:
    """What the load balancer says of a proxy: UP or DOWN, and how it is getting there."""
    with urllib.request.urlopen(STATE, timeout=30) as answer:
        rows = csv.DictReader(io.TextIOWrapper(answer))
        return next(row["status"] for row in rows if (row["# pxname"], row["svname"]) == ("proxies", name))


def until(look: Callable[[], bool], seconds: float = 600) -> None:
    """Wait for it; the time only ends what would hang."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.2)


def wait_until_up(name: str) -> None:
    """Wait until the load balancer sends requests to a proxy again."""
    wait_until(name, "UP")


def wait_until(name: str, state: str) -> None:
    """Wait until the load balancer has noticed what became of a proxy."""
    until(lambda: state_of(name) == state)
