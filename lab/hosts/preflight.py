#!/usr/bin/env python3
"""``preflight.py NETWORK SUBNET``: whether this machine can be the lab's. Changes nothing.

Exits with one sentence a fault: what was found, what is allowed, what to do.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

PODMAN = str(Path(__file__).resolve().parent / "podman")
CGROUPS_2 = Path("/sys/fs/cgroup/cgroup.controllers")
# What the proxies are given in the lab, and the other guests never reach.
OPEN_FILES = 16_384
# Whatever else the lab took, this machine would no longer reach: itself, or somebody's real addresses.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15")


def check_machine() -> Iterator[str]:
    if os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
        yield "the lab's containers run as root, and sudo asks for a password: run as root, or allow sudo without one"
    if not shutil.which("podman"):
        yield "podman is not installed: run `make up`, or install it"
    if not CGROUPS_2.exists() and not shutil.which("runc", path=f"{os.environ['PATH']}:/usr/sbin"):
        yield "this machine's control groups are of version 1, which needs runc: run `make up`, or install it"
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if 0 <= files < OPEN_FILES:
        yield f"this machine allows {files} open files, a guest needs {OPEN_FILES}: raise the hard limit (ulimit -Hn)"


def network_of_256(text: str) -> IPv4Network | None:
    """The private network of 256 addresses that the text names; None when it names none."""
    try:
        network = IPv4Network(text)
    except ValueError:
        return None
    private = any(network.subnet_of(IPv4Network(allowed)) for allowed in PRIVATE)
    return network if network.prefixlen == 24 and private else None


def check_range(name: str, subnet: IPv4Network, networks: list[Any], routes: list[Any]) -> Iterator[str]:
    """What lies in the way of a network ``name`` on ``subnet``.

    :param networks: as ``podman network ls --format json`` prints them
    :param routes: as ``ip -json -4 route`` prints them
    """
    bridges = set()
    for network in networks:
        ranges = [ip_network(entry["subnet"]) for entry in network.get("subnets") or []]
        if network["name"] == name:
            if ranges != [subnet]:
                yield (
                    f"lab_subnet is {subnet}, but Podman's network {name} is there with {', '.join(map(str, ranges))}: "
                    "take the lab down first (`make down`), or give lab_prefix another value"
                )
            bridges.add(network["network_interface"])
        elif any(taken.overlaps(subnet) for taken in ranges if taken.version == 4):
            yield _in_the_way(subnet, f"Podman's network {network['name']}", ranges)
            bridges.add(network["network_interface"])
    for route in routes:
        if route["dst"] == "default" or route.get("dev") in bridges:
            continue
        taken = ip_network(route["dst"])
        if taken.overlaps(subnet):
            yield _in_the_way(subnet, f"the route through {route.get('dev', 'no device')}", [taken])


def _in_the_way(subnet: IPv4Network, what: str, ranges: list[Any]) -> str:
    return (
        f"lab_subnet is {subnet}, but {what} already has {', '.join(map(str, ranges))}: "
        "give lab_subnet a range of 256 addresses that is free, like 198.18.7.0/24"
    )


def _json(*command: str) -> Any:
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout or "[]")


def main() -> None:
    options = argparse.ArgumentParser(description="Whether this machine can be the lab's.")
    options.add_argument("network")
    options.add_argument("subnet")
    given = options.parse_args()
    if not (subnet := network_of_256(given.subnet)):
        sys.exit(
            f"lab_subnet is {given.subnet}, not a network of 256 addresses in one of {', '.join(PRIVATE)}: "
            "give lab_subnet one that is free, like 198.18.7.0/24"
        )
    faults = list(check_machine())
    if not faults:
        networks = _json(PODMAN, "network", "ls", "--format", "json")
        faults = [*check_range(given.network, subnet, networks, _json("ip", "-json", "-4", "route"))]
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
