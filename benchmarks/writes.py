"""Verified writes by the ledger: how many fail, what is written twice, and whether each 201 names a note of its own.

`.venv/bin/python benchmarks/writes.py http://PROXY1 http://PROXY2 --api http://HOSP --controls http://HOSP:9000` from
the checkout, against proxies whose route for POST /notes is the one to be measured. 100,000 POSTs by 50 users, 10 %
faults, half of the unapplied ones written up to 2 s late, a clock 47 s off that says whole seconds, pages of 20; 4 %
of the requests in pairs that are sent together and are the same. Ends with 1 when something was done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

import aiohttp
import httpx
import uvloop
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import basic_authorization

FAULTS = {
    "rate": 0.1,
    "mix": {"500": 0.4, "502": 0.4, "reset": 0.1, "stall": 0.1},
    "applied": 0.5,
    "late": 0.5,
    "late_seconds": [0, 2],
    "latency_ms": [2, 10],
    "stall_seconds": 30,
    "burst": None,
    "only": None,
    "clock_offset_seconds": 47,
    "whole_seconds": True,
    "page_size": 20,
}
HEALTH = {"rate": 0, "late": 0, "clock_offset_seconds": 0, "whole_seconds": False, "page_size": None}
LATEST_WRITE_SECONDS = 3
PAIRS = 0.04


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user got: the note's id, when it was 201."""

    request: str
    body: str
    status: int
    note: int | None
    seconds: float


def plan(count: int, run: str) -> Iterator[list[tuple[str, str]]]:
    """Requests in the order in which they are sent: (id, body); those of one list at the same time."""
    chance = random.Random(1)
    number = 0
    while number < count:
        size = 2 if chance.random() < PAIRS / 2 else 1
        fields = {
            "title": "Measurement",
            "body": f"{run} {number}",
            "patient_id": chance.randint(1, 200),
            "staff_id": 1,
        }
        yield [(f"{run}-{number + twin}", json.dumps(fields)) for twin in range(size)]
        number += size


async def send(session: aiohttp.ClientSession, proxy: str, request: str, body: str) -> Answer:
    headers = {
        "X-Request-Id": request,
        "X-Request-Seed": request.rpartition("-")[2],
        "Content-Type": "application/json",
    }
    began = time.monotonic()
    status, note = 0, None
    try:
        async with session.post(f"{proxy}/notes", data=body, headers=headers) as response:
            status, text = response.status, await response.read()
            if status == 201:
                note = json.loads(text)["id"]
    except (aiohttp.ClientError, TimeoutError):
        status = 0
    return Answer(request, body, status, note, time.monotonic() - began)


async def drive(proxies: list[str], count: int, users: int, headers: dict[str, str]) -> list[Answer]:
    """Users with one request, or a pair, at a time; each of a pair through another proxy every other time."""
    requests, answers = plan(count, f"writes-{secrets.token_hex(4)}"), []
    chance = random.Random(2)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=60)
    headers = {**basic_authorization("nurse", "nurse"), **headers}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:

        async def user() -> None:
            for together in requests:
                sent = [send(session, chance.choice(proxies), *request) for request in together]
                answers.extend(await asyncio.gather(*sent))

        await asyncio.gather(*(user() for _ in range(users)))
    return answers


def judge(answers: list[Answer], api: str, controls: httpx.Client) -> dict[str, object]:
    """The figures, once nothing can be written any more."""
    ledger = controls.get("/ledger").json()["requests"]
    sent = [ledger.get(answer.request, {"applied": 0, "attempts": 0}) for answer in answers]
    made = [answer for answer in answers if answer.status == 201]
    credited = Counter(answer.note for answer in made)
    notes = {note["id"]: note for note in httpx.get(f"{api}/notes", auth=("nurse", "nurse"), timeout=120).json()}
    untrue = [
        answer.request
        for answer in made
        if any(notes.get(answer.note, {}).get(name) != value for name, value in json.loads(answer.body).items())
    ]
    failed = len(answers) - len(made)
    seconds = quantiles((answer.seconds for answer in answers), n=1000)
    return {
        "requests": len(answers),
        "failed": failed,
        "failed_percent": round(100 * failed / len(answers), 3),
        "failed_though_written": sum(
            entry["applied"] > 0 for entry, answer in zip(sent, answers, strict=True) if answer.status != 201
        ),
        "sent_twice_or_more": sum(entry["attempts"] > 1 for entry in sent),
        "most_sends": max(entry["attempts"] for entry in sent),
        "written_twice": sum(entry["applied"] > 1 for entry in sent),
        "notes_that_answered_two": sum(count > 1 for count in credited.values()),
        "answers_without_their_note": len(untrue),
        "p50_seconds": round(seconds[499], 4),
        "p99_seconds": round(seconds[989], 2),
        "statuses": dict(sorted(Counter(answer.status for answer in answers).items())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="writes.py", description=__doc__.splitlines()[0])
    parser.add_argument("proxy", nargs="+", help="a proxy's address, such as http://198.18.0.11")
    parser.add_argument("--api", required=True, help="HOSP's own address")
    parser.add_argument("--controls", required=True, help="the address of its controls")
    parser.add_argument("--header", action="append", default=[], help="one that the proxies ask for, NAME:VALUE")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=50)
    arguments = parser.parse_args()
    headers = dict(header.split(":", 1) for header in arguments.header)
    controls = httpx.Client(base_url=arguments.controls, timeout=120, trust_env=False)
    before = controls.get("/faults").json()
    controls.delete("/ledger").raise_for_status()
    controls.put("/faults", json=FAULTS).raise_for_status()
    try:
        answers = uvloop.run(drive(arguments.proxy, arguments.count, arguments.users, headers))
        controls.put("/faults", json=HEALTH).raise_for_status()
        time.sleep(LATEST_WRITE_SECONDS)
        figures = judge(answers, arguments.api, controls)
    finally:
        controls.put("/faults", json=before).raise_for_status()
    print(json.dumps(figures, indent=1))
    sys.exit(any(figures[name] for name in ("written_twice", "notes_that_answered_two", "answers_without_their_note")))


main()
