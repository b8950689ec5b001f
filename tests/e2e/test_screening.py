"""Screenings become notes: the user gets HOSP's own answer, and each result is one note, whatever fails on the way.

`SCREENINGS=2000 pytest -s tests/e2e/test_screening.py -k whatever_fails` asks for so many.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Arrivals
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.screenings import template
from running_lab import AWS, CA, CLOUD, CONTROLS, DOMAIN, FRONT, NETWORK, container, playbook, podman
from screened import (
    DEAD_LETTERS,
    NOTES,
    client,
    screenings,
    undelivered,
    wait_until_all_are_delivered,
    waiting,
)

STRAIGHT = f"http://{NETWORK}.21"
NURSE = ("nurse", "nurse")
NUMBER = int(os.environ.get("SCREENINGS", "150"))
# Screenings arrive within so many seconds; ten in a second are what two cores have time for.
SECONDS = max(50, NUMBER / 10)
# How much of that time the notes' endpoint is down: two minutes of 2000 screenings.
DOWN = 0.6 if NUMBER >= 2000 else 0.2
FAULTS = {
    "seed": 1,
    "rate": 0.2,
    "mix": {"500": 0.4, "502": 0.3, "reset": 0.2, "stall": 0.1},
    "applied": 0.5,
    "late": 0.5,
    "late_seconds": [0, 5],
    "latency_ms": [20, 200],
}
# HOSP's answer to the same question a second time, but for these.
OTHER_EACH_TIME = {"date", "x-request-id", "x-runtime", "etag", "content-length"}


def ask(url: str, method: str, path: str, auth: tuple[str, str] = NURSE, **given: Any) -> httpx.Response:
    """As a user, whom a DNS would lead to the front."""
    front = {"headers": {"Host": DOMAIN}, "extensions": {"sni_hostname": DOMAIN}} if url == FRONT else {}
    with httpx.Client(verify=ssl.create_default_context(cafile=CA), timeout=30) as user:
        return user.request(method, url + path, auth=auth, **front, **given)


def notes(patient: int) -> list[dict[str, Any]]:
    return list(ask(STRAIGHT, "GET", f"/notes?patient_id={patient}").json())


@pytest.fixture
def no_faults() -> Iterator[Controls]:
    controls = Controls(CONTROLS)
    with controls.faults({"rate": 0}, quiet):
        yield controls


def test_the_user_gets_hosps_answer_and_the_patient_a_note(no_faults):
    asked = {"method": "POST", "path": "/patients/7/screen", "json": {"images": ["left", "right"]}}
    straight, front = ask(STRAIGHT, **asked), ask(FRONT, **asked)
    assert front.status_code == straight.status_code == 200
    assert {**front.json(), "id": 0} == {**straight.json(), "id": 0}
    for name in straight.headers.keys() - OTHER_EACH_TIME:
        assert front.headers[name] == straight.headers[name]
    wait_until_all_are_delivered(30)
    [note] = [note for note in notes(7) if f'"result": {front.text}' in note["body"]]
    assert (note["title"], note["staff_id"]) == ("Screening", 1)
    assert json.loads(note["body"])["result"] == front.json()


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/patients/7/screen", {}),
        ("PUT", "/patients/7/screen", {"json": {"images": []}}),
        ("DELETE", "/patients/7/screen", {}),
        ("POST", "/patients/Rex/screen", {"json": {"images": []}}),
        ("POST", "/patients/999999/screen", {"json": {"images": []}}),
        ("POST", "/patients/7/screen", {"content": b"no JSON"}),
        ("POST", "/patients/7/screen", {"json": {"images": []}, "auth": ("nurse", "wrong")}),
    ],
)
def test_what_is_no_screening_is_hosps_to_refuse(no_faults, method, path, given):
    straight, front = (ask(url, method, path, **given) for url in (STRAIGHT, FRONT))
    assert (front.status_code, front.content) == (straight.status_code, straight.content)
    assert straight.status_code >= 400
    assert waiting(NOTES) == 0


def test_nobody_gets_round_the_front(no_faults):
    no_faults.clear_ledger()
    url = client("lambda").get_function_url_config(FunctionName="screening", Qualifier="live")["FunctionUrl"]
    for secret in ({}, {"X-Origin-Secret": "x" * 43}):
        headers = {"Host": httpx.URL(url).host, **secret}
        assert httpx.post(f"{AWS}/patients/7/screen", auth=NURSE, headers=headers, json={}).status_code == 403
    assert no_faults.ledger() == {}


def kill(function: str) -> int:
    """Kill this function wherever it runs; how many of it there were."""
    found = f"pkill --uid ministack --signal KILL --echo --full /ministack-lambda-{function}- ; true"
    return len(podman("exec", container("cloud"), "sh", "-c", found).splitlines())


def release(**environment: str) -> None:
    """Release the functions with this in their environment too."""
    listed = "{{ fleet_notes_functions | map('combine', {'environment': added}, recursive=true) }}"
    told = json.dumps({"fleet_functions": listed, "added": environment})
    released = playbook("playbooks/functions.yml", "--tags", "lambda_functions", "-e", told)
    assert released.returncode == 0, released.stdout


@pytest.fixture
def impatient_queue() -> Iterator[None]:
    """A message comes again soon, to somebody else too while it is in work: twice and more, and soon after a kill."""
    wait_until_all_are_delivered()
    client("sqs").set_queue_attributes(QueueUrl=NOTES, Attributes={"VisibilityTimeout": "3"})
    yield
    restored = playbook("playbooks/functions.yml")
    assert restored.returncode == 0, restored.stdout


def test_each_result_becomes_one_note_whatever_fails(impatient_queue):
    controls = Controls(CONTROLS)
    wanted = screenings(Arrivals(NUMBER / SECONDS))
    plan = requests(templates([template("1-200")], writes=False), NUMBER, 1, wanted.name)
    asking = threading.Thread(target=wanted.screen, args=[plan])
    began = time.monotonic()
    with controls.faults(FAULTS, quiet):
        controls.clear_ledger()
        asking.start()
        killed = 0
        while time.monotonic() - began < SECONDS * 0.2:
            time.sleep(1)
            killed += kill("notes_writer")
        with controls.faults({"only": "/notes*", "burst": {"after_seconds": 0, "seconds": 3600}}, quiet):
            time.sleep(SECONDS * DOWN)
        release(AWS_ENDPOINT_URL_SQS=f"http://{CLOUD}:9")
        while not undelivered() and asking.is_alive():
            time.sleep(1)
        release()
        asking.join()
        kept = undelivered()
        replayed = playbook("playbooks/replay_notes.yml")
        wait_until_all_are_delivered(max(300, NUMBER))
        seconds = time.monotonic() - began
        time.sleep(max(FAULTS["late_seconds"]))
    with controls.faults({"rate": 0}, quiet):
        wanted.look(range(1, 201))
    ledger = controls.ledger()
    figures = wanted.figures(ledger)
    written = {name: entry for name, entry in ledger.items() if (entry["method"], entry["path"]) == ("POST", "/notes")}
    attempts = sum(entry["attempts"] for entry in written.values())
    print(f"{figures}; {attempts} attempts, {killed} killed, {kept} kept in the bucket, all done after {seconds:.0f} s")

    assert replayed.returncode == 0, replayed.stdout
    assert f"{kept} delivered, 0 not yet" in " ".join(replayed.stdout.split())
    assert min(killed, kept, attempts - len(written)) > 0, "something did not fail"
    # At 20 % faults three tries in a row fail in 0.8 % of all cases.
    assert figures["results"] > 0.95 * NUMBER
    assert (figures["notes"], figures["missing"], figures["more"]) == (figures["results"], 0, 0)
    assert figures["effects"] == figures["results"]
    assert sum(entry["applied"] for entry in written.values()) == figures["results"], "a note without a screening"
    assert waiting(DEAD_LETTERS) == 0


def quiet(_: str) -> None:
    """Faults that are set back are no news here."""
