"""Only what came through the front reaches the API, also while the secret that shows it is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import yaml
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Users
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.screenings import Screenings, template
from lab_load import POLICY, assert_steady, lines_of, tries, under_load
from proof import size
from running_lab import ANSIBLE_PLAYBOOK, CHECKOUT, PROXIES, held, playbook
from screened import DEAD_LETTERS, screenings, wait_until_all_are_delivered, waiting
from test_reliability import certificates, changed_policy_and_certificates

KEPT = CHECKOUT / ".lab" / "origin_secrets.yml"
ROTATION = "playbooks/rotate_origin_secret.yml"


def kept() -> dict[str, Any]:
    return yaml.safe_load(KEPT.read_text())


def statuses(secret: str | None) -> set[int]:
    """What the proxies answer to a request that comes straight to them."""
    headers = {} if secret is None else {"X-Origin-Secret": secret}
    answers = [httpx.get(f"http://{proxy}/hospitals", auth=("nurse", "nurse"), headers=headers) for proxy in PROXIES]
    return {answer.status_code for answer in answers}


def interrupt_when_there_is(name: str, *arguments: str) -> None:
    """Kill a rotation as soon as a secret is kept under this name."""
    rotation = subprocess.Popen([*ANSIBLE_PLAYBOOK, ROTATION, *arguments], cwd=CHECKOUT, start_new_session=True)
    try:
        while name not in kept():
            assert rotation.poll() is None, f"the rotation ended before there was {name}"
            time.sleep(0.1)
    finally:
        os.killpg(rotation.pid, signal.SIGKILL)
        rotation.wait()


@contextmanager
def screened_meanwhile() -> Iterator[Screenings]:
    """A screening every second and a half, until the block ends."""
    asked, over = screenings(Users(1)), threading.Event()
    plan = iter(requests(templates([template("1-200")], writes=False), 2000, 1, asked.name))

    def ask() -> None:
        while not over.wait(1.5):
            asked.screen([next(plan)])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield asked
    finally:
        over.set()
        asking.join()


def test_straight_at_a_proxy_is_refused():
    assert statuses(None) == {403}
    assert statuses("x" * 43) == {403}
    assert KEPT.stat().st_mode & 0o777 == 0o600


def test_a_rotation_that_is_interrupted_twice_fails_no_request(record_property):
    """In `make test` another policy and other certificates come with it, and go again at its end."""
    old, shown = kept()["current"], certificates()
    change = size(test=["-e", changed_policy_and_certificates()], prove=[])
    # For minutes, beside playbooks and functions on the same machine.
    with (
        held("edge"),
        under_load(size(test=20, prove=100), most_seconds=1800) as load,
        screened_meanwhile() as screened,
    ):
        interrupt_when_there_is("pending", *change)
        new = kept()["pending"]
        assert kept()["current"] == old
        interrupt_when_there_is("previous", *change)
        assert kept() == {"current": new, "previous": old}
        assert statuses(old) == statuses(new) == {200}
        assert bool(shown & certificates()) == (not change)
        completed = playbook(ROTATION)
    assert completed.returncode == 0, completed.stdout
    assert kept() == {"current": new}
    assert statuses(new) == {200}
    assert statuses(old) == {403}
    assert old not in completed.stdout
    assert new not in completed.stdout
    record_property("measured", f"interrupted twice, completed; {len(screened.patients)} screenings; {load}")
    assert_steady(load)
    assert {record.status for record in load.records} & {401, 403} == set()
    # No screening was refused, nor was a note, and what failed was HOSP's answer to the last try. Where the lab's edge
    # took up a change it may have hung up on who was about to say hello: nothing was sent.
    lines = lines_of(screened.name)
    sent = [record for record in screened.records if record.error != "unreachable"]
    assert [record for record in sent if not record.succeeded and record.id not in lines] == []
    assert {line["status"] for of in lines.values() for line in of} & {401, 403} == set()
    failed = [line for of in lines.values() for line in of if line["status"] >= 500]
    assert len(screened.patients) == len(sent) - len(failed)
    assert [line for line in failed if len(tries(line)) < POLICY["attempts"]] == []
    wait_until_all_are_delivered()
    assert waiting(DEAD_LETTERS) == 0
