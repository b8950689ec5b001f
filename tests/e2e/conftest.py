"""These tests break the running lab's hosts and mend them again."""

from __future__ import annotations

import subprocess

import pytest
from running_lab import container, podman


@pytest.fixture(scope="session", autouse=True)
def lab_is_up() -> None:
    """Requests to a lab that is down would leave this machine."""
    for host in ("hosp", "cloud", "proxy1", "proxy2"):
        try:
            podman("exec", container(host), "true")
        except subprocess.CalledProcessError as error:
            pytest.exit(f"the lab is not up: run `ansible-playbook site.yml` first\n{error.stderr}", returncode=1)
