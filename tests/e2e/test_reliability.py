"""Hosts and processes are broken under load: safe requests do not fail, writes are not doubled.

One load carries all of it, and what is lost is counted apart by the moments at which something was killed.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field

import pytest
import yaml
from lab_load import Break, Load, assert_steady, under_load
from proof import FULL, size
from running_lab import (
    DOMAIN,
    INVENTORY,
    PROXIES,
    PROXY_NAMES,
    changes,
    container,
    playbook,
    podman,
    until,
    wait_until,
    wait_until_up,
)

MASTERS = size(test=["proxy1"] * 3, prove=PROXY_NAMES * 5)
HOSTS = size(test=["proxy1"], prove=PROXY_NAMES * 2)


@dataclass
class Broken:
    """A load, and those of its breaks at which an NGINX master was killed, or a host."""

    load: Load
    masters: list[Break] = field(default_factory=list)
    hosts: list[Break] = field(default_factory=list)


def master(proxy: str) -> str:
    """The one that systemd knows: another, killed before, it would wait for, while workers serve."""
    shown = podman("exec", container(proxy), "systemctl", "show", "--property=ActiveState,MainPID", "nginx")
    found = dict(line.split("=") for line in shown.splitlines())
    return found["MainPID"] if found["ActiveState"] == "active" else ""


def kill_master(load: Load, proxy: str) -> Break:
    before = master(proxy)
    # What the old workers' port had taken is lost when the last of them leaves it, and the new master has it then.
    with load.breaking(proxy):
        podman("exec", container(proxy), "sh", "-c", f"kill -9 {before}")
        until(lambda: master(proxy) not in ("", before))
    return load.breaks[-1]


def kill_host(load: Load, proxy: str) -> Break:
    with load.breaking(proxy):
        podman("kill", container(proxy))
        podman("wait", container(proxy))
    try:
        wait_until(proxy, "DOWN")
        time.sleep(1)
    finally:
        podman("start", container(proxy))
    wait_until_up(proxy)
    return load.breaks[-1]


@pytest.fixture(scope="module")
def broken() -> Broken:
    for proxy in PROXY_NAMES:
        wait_until_up(proxy)
    with under_load() as load:
        broken = Broken(load)
        time.sleep(1)
        for proxy in MASTERS:
            broken.masters.append(kill_master(load, proxy))
            time.sleep(1)
        for proxy in HOSTS:
            broken.hosts.append(kill_host(load, proxy))
            time.sleep(1)
    return broken


def test_no_safe_request_is_given_up_and_no_write_doubled_whatever_is_killed(broken, record_property):
    record_property("measured", f"{len(MASTERS)} masters and {len(HOSTS)} hosts killed; {broken.load}")
    assert_steady(broken.load)


def test_next_to_nothing_is_lost_when_the_nginx_master_is_killed(broken, record_property):
    lost, kills = broken.load.lost_in(*broken.masters), len(broken.masters)
    # A connection that the kernel has accepted, and no worker yet, ends with the listener of the workers that leave.
    most = kills * (1 + broken.load.most_unaccepted)
    record_property("measured", f"{kills} kills, {len(lost)} requests lost, of {most:.0f} that waited at the port")
    assert len(lost) <= most


def test_only_what_was_in_flight_is_lost_when_a_proxys_host_is_killed(broken, record_property):
    lost = [broken.load.lost_in(host) for host in broken.hosts]
    most = [broken.load.most_in_hand(host) for host in broken.hosts]
    record_property("measured", f"lost by kill: {[len(records) for records in lost]}, of at most {most} in hand")
    for records, in_hand in zip(lost, most, strict=True):
        assert len(records) <= in_hand


def certificates() -> set[str]:
    return {ssl.get_server_certificate((proxy, 443)) for proxy in PROXIES}


def changed_policy_and_certificates() -> str:
    """As extra variables: what only the proxies have to take up."""
    facts = yaml.safe_load((INVENTORY / "group_vars" / "all" / "fleet.yml").read_text())
    policy = {**facts["fleet_retry_policy"], "try_timeout_seconds": 3}
    names = {**facts["fleet_certificates"], "names": [DOMAIN, "another.example.test"]}
    return json.dumps({"fleet_retry_policy": policy, "fleet_certificates": names})


@pytest.mark.skipif(not FULL, reason="in make test the rotation of the secret rolls them out")
def test_a_policy_and_a_certificate_are_changed_without_a_failed_request(record_property):
    before = certificates()
    try:
        with under_load() as load:
            changed = changed_policy_and_certificates()
            rolled_out = playbook("site.yml", "--tags", "nginx_proxy,certificates", "-e", changed)
        assert rolled_out.returncode == 0, rolled_out.stdout
        assert all(changes(rolled_out)[proxy] > 0 for proxy in PROXY_NAMES)
        assert not before & certificates()
        record_property("measured", f"rolled out to {len(PROXIES)} proxies; {load}")
        assert_steady(load)
    finally:
        back = playbook("site.yml", "--tags", "nginx_proxy,certificates")
    assert back.returncode == 0, back.stdout
