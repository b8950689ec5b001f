"""Screenings become notes: the user gets HOSP's own answer, and each result is one note, whatever fails on the way."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.screenings import template
from lab_load import Counted, Until
from proof import size
from running_lab import AWS, CA, CONTROLS, DOMAIN, FRONT, NETWORK, container, playbook, podman, until
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
NUMBER = size(test=60, prove=2000)
# A second; ten are what two cores have time for.
RATE = size(test=5, prove=10)
KILLS = size(test=3, prove=20)
# How long the notes' endpoint is down.
DOWN_SECONDS = size(test=3, prove=60)
UNDELIVERED = size(test=3, prove=50)
# Each has more results than go into a message of the smallest limit that a queue can have.
SCREENING = {**template("1-200"), "body": {"images": ["{unique}"] * 20}}
SMALLEST_LIMIT = "1024"
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
    with httpx.Client(verify=ssl.create_default_context(cafile=CA), timeout=90) as user:
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


@contextmanager
def queue(**attributes: str) -> Iterator[None]:
    """With these attributes; they are what they were when this ends."""
    sqs = client("sqs")
    before = sqs.get_queue_attributes(QueueUrl=NOTES, AttributeNames=list(attributes))["Attributes"]
    sqs.set_queue_attributes(QueueUrl=NOTES, Attributes=attributes)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=NOTES, Attributes=before)


def break_all_that_can_fail(over: threading.Event, asked: Counted) -> int:
    """One after the other, while screenings are asked for: until enough are. How often the function was killed."""
    try:
        killed = Counted()
        until(lambda: killed.add(kill("notes_writer")) >= KILLS)
        with Controls(CONTROLS).faults({"only": "/notes*", "burst": {"after_seconds": 0, "seconds": 3600}}, quiet):
            time.sleep(DOWN_SECONDS)
        # What it refuses is kept in the bucket.
        with queue(MaximumMessageSize=SMALLEST_LIMIT):
            until(lambda: undelivered() >= UNDELIVERED)
        asked.wait_for(NUMBER)
        return killed.number
    finally:
        over.set()


def test_each_result_becomes_one_note_whatever_fails(record_property):
    controls = Controls(CONTROLS)
    wait_until_all_are_delivered()
    over, asked = threading.Event(), Counted()
    wanted = screenings(Until(over, RATE, asked))
    plan = requests(templates([SCREENING], writes=False), 10 * NUMBER, 1, wanted.name)
    asking = threading.Thread(target=wanted.screen, args=[plan])
    # A message comes again soon, to somebody else too while it is in work: twice and more, and soon after a kill.
    with queue(VisibilityTimeout="3"), controls.faults(FAULTS, quiet):
        controls.clear_ledger()
        asking.start()
        try:
            killed = break_all_that_can_fail(over, asked)
        finally:
            asking.join()
        kept = undelivered()
        replayed = playbook("playbooks/replay_notes.yml")
        wait_until_all_are_delivered(max(600, NUMBER))
        time.sleep(max(FAULTS["late_seconds"]))
    with controls.faults({"rate": 0}, quiet):
        wanted.look(range(1, 201))
    ledger = controls.ledger()
    figures = wanted.figures(ledger)
    written = {name: entry for name, entry in ledger.items() if (entry["method"], entry["path"]) == ("POST", "/notes")}
    attempts = sum(entry["attempts"] for entry in written.values())
    record_property(
        "measured",
        f"{figures['screenings']} screenings, {figures['results']} results, {figures['notes']} with one note, "
        f"{figures['missing']} with none, {figures['more']} with more; {attempts} attempts, "
        f"{killed} functions killed, {kept} results kept in the bucket",
    )
    print(figures)

    assert replayed.returncode == 0, replayed.stdout
    assert f"{kept} delivered, 0 not yet" in " ".join(replayed.stdout.split())
    assert min(killed, kept, attempts - len(written)) > 0, "something did not fail"
    # At 20 % faults three tries in a row fail in 0.8 % of all cases.
    assert figures["results"] > 0.9 * figures["screenings"]
    assert (figures["notes"], figures["missing"], figures["more"]) == (figures["results"], 0, 0)
    assert figures["effects"] == figures["results"]
    assert sum(entry["applied"] for entry in written.values()) == figures["results"], "a note without a screening"
    assert waiting(DEAD_LETTERS) == 0


def quiet(_: str) -> None:
    """Faults that are set back are no news here."""
