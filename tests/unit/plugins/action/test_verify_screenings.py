"""The action before a front whose results become notes: what is counted, and what is not let pass."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
PASSWORD = "never-to-be-seen"


class Front(BaseHTTPRequestHandler):
    """Answers screenings with results, which at once have so many notes as the next of ``copies`` says, else one. Its
    ledger says that each took effect ``applied`` times."""

    copies: list[int]
    applied: int
    lock: threading.Lock
    notes: list[dict[str, Any]]
    results: int
    faults: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        patient = int(self.path.split("/")[2])
        with self.lock:
            Front.results += 1
            result = {"id": Front.results, "patient_id": patient, "results": []}
            for _ in range(self.copies.pop() if self.copies else 1):
                body = json.dumps({"reference": f"screening-{result['id']}", "result": result})
                self.notes.append({"id": len(self.notes), "patient_id": patient, "body": body})
        self.answer(result)

    def do_GET(self) -> None:
        if self.path == "/faults":
            return self.answer({"rate": 0})
        if self.path.startswith("/ledger"):
            references = {json.loads(note["body"])["reference"] for note in self.notes}
            return self.answer({"requests": {name: {"applied": self.applied} for name in references}, "totals": {}})
        patient = int(self.path.partition("patient_id=")[2] or 0)
        others = [{"id": -1, "patient_id": patient, "body": "eats well"}]
        return self.answer([note for note in self.notes if note["patient_id"] == patient] + others)

    def do_PUT(self) -> None:
        self.faults.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({})

    def do_DELETE(self) -> None:
        self.answer({})

    def answer(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Front.copies, Front.applied, Front.lock = [], 1, threading.Lock()
    Front.notes, Front.results, Front.faults = [], 0, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def verify(url: str, *options: str, **given: Any) -> tuple[int, str]:
    """The status of a run, and what it printed."""
    arguments = {
        "target": {"name": "through the front", "url": url},
        "count": 20,
        "wait_seconds": 1,
        "user": "nurse",
        "password": PASSWORD,
        "controls_url": url,
        "faults": {"rate": 0.1},
        **given,
    }
    module = ["-m", "steadyfront.fleet.verify_screenings", "-a", json.dumps(arguments)]
    command = [Path(sys.executable).with_name("ansible"), "-i", "localhost,", "localhost", *module, *options]
    ran = subprocess.run(command, cwd=ROOT, stdout=-1, stderr=-2, text=True, timeout=600, check=False)
    return ran.returncode, ran.stdout


def test_each_result_with_one_note_is_what_must_be(url):
    status, printed = verify(url)
    assert status == 0, printed
    for label, number in {
        "screenings": 20,
        "answered with a result": 20,
        "results with exactly one note": 20,
        "notes that took effect": 20,
    }.items():
        assert f"\n{label:<30}{number:>9}" in printed
    assert Front.faults == [{"rate": 0.1}, {"rate": 0}]
    assert PASSWORD not in printed


@pytest.mark.parametrize(
    ("copies", "applied", "words"),
    [
        ([0, 1, 0], 1, "2 results have no note after"),
        ([2], 1, "1 results have more than one note."),
        ([], 2, "20 notes took effect 40 times, by the upstream's ledger."),
    ],
    ids=["none", "two", "twice"],
)
def test_anything_else_fails(url, copies, applied, words):
    Front.copies, Front.applied = copies, applied
    status, printed = verify(url)
    assert status != 0
    assert words in printed


def test_wrong_numbers_are_refused_before_anything_is_sent(url):
    status, printed = verify(url, count=0, concurrency=1001)
    assert status != 0
    assert "verify_screenings.count is 0: a number from 1 to 100000." in printed
    assert "verify_screenings.concurrency is 1001: a number from 1 to 1000." in printed
    assert Front.results == 0


def test_a_check_screens_nobody(url):
    status, printed = verify(url, "--check")
    assert status == 0, printed
    assert "Would screen patients 20 times through the front" in printed
    assert Front.results == 0
