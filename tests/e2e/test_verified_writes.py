"""Writes that fail are looked for: none takes effect twice, and each 201 names a note of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls
from lab_load import FAULTS, WANTED, carried
from proof import size
from running_lab import CHECKOUT, CONTROLS, NETWORK, PROXIES
from test_origin_secret import kept

WRITES = size(test=500, prove=30_000)
# A user waits for each answer. One in ten writes fails and is looked for, for seven seconds: so many users make a rate
# of one a second.
USERS = 0.7
WRONG = ("written_twice", "notes_that_answered_two", "answers_without_their_note")


def test_no_verified_write_is_done_twice_and_each_answer_names_its_own_note(record_property):
    """Counted by benchmarks/writes.py: 10 % faults, late writes, a wrong clock, pages, the same from two at once."""
    with Controls(CONTROLS).faults(FAULTS, lambda _: None):
        rate = carried(WANTED)
    count, users = round(WRITES * rate / WANTED), round(USERS * rate)
    command = [sys.executable, "benchmarks/writes.py", *(f"http://{proxy}" for proxy in PROXIES)]
    command += ["--api", f"http://{NETWORK}.21", "--controls", CONTROLS]
    command += ["--header", f"X-Origin-Secret:{kept()['current']}", "--count", str(count), "--users", str(users)]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ended.stdout, ended.stderr
    figures = json.loads(ended.stdout)
    counts = ("requests", "failed", "sent_twice_or_more", *WRONG)
    counted = ", ".join(f"{name.replace('_', ' ')}: {figures[name]}" for name in counts)
    record_property("measured", f"{users} users; {counted}")
    assert figures["requests"] >= count
    assert figures["sent_twice_or_more"] > 0, "nothing failed"
    assert {name: figures[name] for name in WRONG} == dict.fromkeys(WRONG, 0)
