"""playbooks/verify.yml as a user runs it, against a real server."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import FlakyServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
PASSWORD = "never-to-be-seen"


@dataclass
class Playbook:
    """playbooks/verify.yml with two targets, writes, faults and a ledger, all of them at ``server``."""

    server: FlakyServer
    folder: Path

    def command(self, **variables: Any) -> list[str]:
        variables = {
            "fleet_upstream_url": self.server.url,
            "fleet_routes": [],
            "fleet_retry_policy": {"attempts": 3},
            "verify_targets": [
                {"name": "straight", "url": self.server.url, "baseline": True},
                {"name": "through the front", "url": self.server.url},
            ],
            "verify_requests": [
                {"method": "GET", "path": "/patients/{1-200}", "weight": 4},
                {"method": "POST", "path": "/notes", "weight": 1, "body": {"body": "{unique}"}},
            ],
            "verify_writes": True,
            "verify_count": 50,
            "verify_user": "nurse",
            "verify_password": PASSWORD,
            "verify_controls_url": self.server.url,
            "verify_faults": {"rate": 0.1},
            **variables,
        }
        # In a file: Ansible itself shows its own arguments with -vvvv.
        path = self.folder / "variables.json"
        path.write_text(json.dumps(variables))
        ansible_playbook = Path(sys.executable).with_name("ansible-playbook")
        return [str(ansible_playbook), "-i", "localhost,", "playbooks/verify.yml", "-e", f"@{path}"]

    def run(self, *options: str, **variables: Any) -> tuple[int, str]:
        """Its exit status and what it printed."""
        arguments = [*self.command(**variables), *options]
        played = subprocess.run(arguments, cwd=ROOT, stdout=-1, stderr=-2, text=True, timeout=600, check=False)
        return played.returncode, played.stdout


@pytest.fixture
def playbook(server: FlakyServer, tmp_path: Path) -> Playbook:
    return Playbook(server, tmp_path)


def shows_password(text: str) -> bool:
    """As it is, or as the header that carries it."""
    return PASSWORD in text or b64encode(f"nurse:{PASSWORD}".encode()).decode() in text


def test_a_measurement_shows_a_table_keeps_a_report_and_sets_the_faults_back(playbook: Playbook) -> None:
    report = playbook.folder / "new" / "verify.json"
    status, output = playbook.run("-vvvv", verify_report_path=str(report))
    assert status == 0, output
    assert "straight           50 of 50" in output
    assert "most attempts of one request                   1                                 1" in output
    assert "The upstream's faults are again what they were (rate 0.0)." in output
    assert playbook.server.faults_seen == [{"rate": 0.1, "seed": 7}, {"rate": 0.0, "seed": 7}]
    assert [target["all"]["requests"] for target in json.loads(report.read_text())["targets"]] == [50, 50]
    assert not shows_password(output + report.read_text())


def test_check_mode_sends_nothing_and_says_what_it_would(playbook: Playbook) -> None:
    status, output = playbook.run("--check")
    assert "Would send 50 requests (40 GET, 10 POST) straight, then through the front" in output
    assert (status, playbook.server.arrivals, playbook.server.faults_seen) == (0, [], [])


def test_reads_alone_are_sent_unless_writes_are_asked_for(playbook: Playbook) -> None:
    _, output = playbook.run(verify_writes=False, verify_faults={}, verify_controls_url=None)
    assert {arrival.method for arrival in playbook.server.arrivals} == {"GET"}
    assert "changed=0" in output
    assert "writes that took effect twice                  –" in output  # noqa: RUF001 - unknown, not 0


def test_a_duplicated_write_fails_after_the_table(playbook: Playbook) -> None:
    playbook.server.repeats = 2
    status, output = playbook.run()
    assert status == 2
    assert 0 < output.find("failures prevented") < output.find("fatal:")
    assert "through the front: 10 writes took effect twice" in output
    assert "straight: " not in output  # no limit applies to the baseline


def test_a_path_that_is_not_there_is_not_green(playbook: Playbook) -> None:
    status, output = playbook.run(
        verify_requests=[{"method": "GET", "path": "/status/404", "weight": 1}], verify_writes=False
    )
    assert status == 2
    assert "through the front: 50 unexpected answers (404: 50)" in output
    assert "straight: " not in output  # no limit applies to the baseline


def test_a_header_that_is_a_number_is_refused_and_not_shown(playbook: Playbook) -> None:
    status, output = playbook.run("-vvvv", verify_headers={"X-Key": 918273645})
    assert (status, playbook.server.arrivals) == (2, [])
    assert "verify_headers: 'X-Key' is not text" in output
    assert "918273645" not in output


def test_a_wrong_password_is_an_error_before_anything_changes(playbook: Playbook) -> None:
    playbook.server.authorization = "Basic another"
    status, output = playbook.run("-vvvv")
    assert status == 2
    assert "check verify_user and verify_password" in output
    assert (len(playbook.server.arrivals), playbook.server.faults_seen) == (1, [])
    assert not shows_password(output)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_progress_is_live_and_an_interrupt_sets_the_faults_back(playbook: Playbook, number: signal.Signals) -> None:
    server = playbook.server
    arguments = playbook.command(
        verify_requests=[{"method": "GET", "path": "/stall", "weight": 1}],
        verify_writes=False,
        verify_concurrency=1,
        verify_timeout_seconds=0.3,
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # a pipe, flushed as a terminal is
    with subprocess.Popen(arguments, cwd=ROOT, stdout=-1, stderr=-2, env=environment, process_group=0) as playing:
        assert playing.stdout
        assert _appears(playing.stdout.fileno(), b"Sending 50 requests")
        _wait_for(lambda: len(server.faults_seen) == 1 and len(server.arrivals) == 2)
        assert playing.poll() is None
        playing.send_signal(number)
        playing.stdout.read()
    _wait_for(lambda: server.faults_seen == [{"rate": 0.1, "seed": 7}, {"rate": 0.0, "seed": 7}])
    assert len(server.arrivals) < 10


def _appears(descriptor: int, text: bytes) -> bool:
    """Whether ``text`` comes out of a running process within a minute of the text before it."""
    seen = b""
    while select.select([descriptor], [], [], 60)[0] and (more := os.read(descriptor, 65536)):
        seen += more
        if text in seen:
            return True
    return False


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come true within a minute"
        time.sleep(0.05)
