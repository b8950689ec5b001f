"""Writes that fail are looked for: none takes effect twice, and each 201 names a note of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from proof import size
from running_lab import CHECKOUT, CONTROLS, NETWORK, PROXIES
from test_origin_secret import kept

WRITES = size(test=400, prove=30_000)
# Each waits for its answer: one that failed is looked for, for seconds.
USERS = size(test=80, prove=150)
WRONG = ("written_twice", "notes_that_answered_two", "answers_without_their_note")


def test_no_verified_write_is_done_twice_and_each_answer_names_its_own_note(record_property):
    """Counted by benchmarks/writes.py: 10 % faults, late writes, a wrong clock, pages, the same from two at once."""
    command = [sys.executable, "benchmarks/writes.py", *(f"http://{proxy}" for proxy in PROXIES)]
    command += ["--api", f"http://{NETWORK}.21", "--controls", CONTROLS]
    command += ["--header", f"X-Origin-Secret:{kept()['current']}", "--count", str(WRITES), "--users", str(USERS)]
    counted = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert counted.stdout, counted.stderr
    figures = json.loads(counted.stdout)
    counts = ("requests", "failed", "sent_twice_or_more", *WRONG)
    record_property("measured", ", ".join(f"{name.replace('_', ' ')}: {figures[name]}" for name in counts))
    assert figures["requests"] >= WRITES
    assert figures["sent_twice_or_more"] > 0, "nothing failed"
    assert {name: figures[name] for name in WRONG} == dict.fromkeys(WRONG, 0)
