"""These tests break the running lab's hosts and mend them again."""

from __future__ import annotations

import subprocess

import pytest
from running_lab import container, podman


@pytest.fixture(scope="session", autouse=True)
def lab_is_up() -> None:
    """Requests to a lab that is down would leave this machine."""
    hosts = [container(host) for host in ("hosp", "cloud", "proxy1", "proxy2")]
    try:
        states = podman("inspect", "--format", "{{.State.Status}}", *hosts).split()
    except subprocess.CalledProcessError as error:
        states = [error.stderr]
    if set(states) != {"running"}:
        pytest.exit(f"the lab is not up ({', '.join(states)}): run `ansible-playbook site.yml` first", returncode=1)
