"""These tests break the running lab's hosts and mend them again. With `pytest -n 2` those that need nothing but the
lab's stand-in for AWS, each under names of its own, run beside the others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import PurePath
from typing import Any

import pytest
from running_lab import container, held, podman
from xdist.scheduler import LoadScopeScheduling

IN_THE_ACCOUNT = {"test_aws_modules", "test_cloudfront", "test_edge", "test_lambda_release"}


class Streams(LoadScopeScheduling):
    """Each of the two goes to one worker, in the order of its files."""

    def _split_scope(self, nodeid: str) -> str:
        is_in_the_account = PurePath(nodeid.partition("::")[0]).stem in IN_THE_ACCOUNT
        return "account" if is_in_the_account else "hosts"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Streams:
    return Streams(config, log)


@pytest.fixture(scope="module", autouse=True)
def aws_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """While those in the account use it, no other test stops what stands in for AWS."""
    with held("aws", with_others=True) if request.path.stem in IN_THE_ACCOUNT else nullcontext():
        yield


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
