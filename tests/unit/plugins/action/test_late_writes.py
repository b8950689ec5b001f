"""playbooks/late_writes.yml as a user runs it, against the simulator of HOSP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosp_process import HEALTHY, Hosp

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]


@pytest.fixture
def hosp(tmp_path: Path) -> Iterator[Hosp]:
    running = Hosp(tmp_path)
    running.put(**HEALTHY)
    yield running
    running.process.terminate()
    running.process.wait(timeout=60)


def run(hosp: Hosp, folder: Path, **variables: Any) -> tuple[int, str]:
    given = {
        "fleet_upstream_url": f"http://127.0.0.1:{hosp.api_port}",
        "late_writes_confirmed": True,
        "late_writes_path": "/notes.json",
        "late_writes_body": {"title": "Measurement", "body": "{unique}", "patient_id": 1, "staff_id": 1},
        "late_writes_list": "/notes?patient_id={patient_id}",
        "late_writes_count": 4,
        "late_writes_watch_seconds": 3,
        "late_writes_every_seconds": 0.1,
        "verify_user": "nurse",
        "verify_password": "nurse",
        **variables,
    }
    path = folder / "variables.json"
    path.write_text(json.dumps(given))
    command = ["ansible-playbook", "-i", "localhost,", "-e", f"@{path}", "playbooks/late_writes.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_says_how_late_the_latest_was(hosp: Hosp, tmp_path: Path) -> None:
    hosp.put(only="/notes.json", rate=1, mix={"500": 1}, applied=0, late=1, late_seconds=[1, 1.1])
    report = tmp_path / "new" / "late.json"
    status, output = run(hosp, tmp_path, late_writes_report_path=str(report))
    assert status == 0, output
    assert "4 writes, 4 failed" in output
    assert 1 <= json.loads(report.read_text())["latest_seconds"] < 2.5


def test_a_wrong_password_is_an_error(hosp: Hosp, tmp_path: Path) -> None:
    status, output = run(hosp, tmp_path, verify_password="wrong")
    assert status != 0
    assert "answered 401 to POST /notes.json: check" in output


def test_a_report_that_cannot_be_kept_is_named_after_the_figures(hosp: Hosp, tmp_path: Path) -> None:
    status, output = run(hosp, tmp_path, late_writes_report_path="/dev/null/late.json")
    assert status != 0
    assert 0 < output.find("4 writes, 0 failed") < output.find("late_writes_report_path is '/dev/null/late.json': ")


def test_it_does_not_write_unasked(hosp: Hosp, tmp_path: Path) -> None:
    status, output = run(hosp, tmp_path, late_writes_confirmed=False)
    assert status != 0
    assert "This sends 4 real writes" in output
    assert hosp.notes() == 0


def test_what_is_wrong_is_refused_at_once(hosp: Hosp, tmp_path: Path) -> None:
    status, output = run(
        hosp,
        tmp_path,
        late_writes_count=0,
        late_writes_list="/notes?of={hospital}",
        late_writes_body={"title": "x"},
        verify_password="",
    )
    assert status != 0
    for fault in (
        "late_writes_count is 0",
        "late_writes_list is '/notes?of={hospital}'",
        "no field that is '{unique}'",
        "verify_user or verify_password is missing",
    ):
        assert fault in output
    assert hosp.notes() == 0
