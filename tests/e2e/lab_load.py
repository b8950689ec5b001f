"""Load on the running lab at a rate that the machine carries, and what the run itself says of it afterwards: what users
got, HOSP's ledger, and the proxies' logs.

What is asserted of a load are counts. Where time decides, as in what was in hand when a host was killed, it is the
run's own: on a machine that stalls everything is late, and nothing is lost for that.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

import uvloop
import yaml
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import Request, requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Arrivals, Record, Result, Send, drive
from proof import size
from running_lab import CLOUD, CONTROLS, INVENTORY, OLD_DOMAIN, PROXY_NAMES, container, podman, until

# Requests a second that a load asks for, unless the machine carries less.
WANTED = size(test=100, prove=300)
# The share of what the edge answers to a crowd: the rest is for whatever happens under the load.
CARRIED = 0.5
LEAST = 10
CROWD = size(test=40, prove=100)
CALIBRATION_SECONDS = 1.5
# As a balancer that is stalled gives up on a connection before a proxy has seen it.
PULSE_SECONDS, STALL_SECONDS = 0.1, 2.0
# These only end what hangs: whoever is under way answers long before.
HANG_SECONDS = 90

KINDS = yaml.safe_load((INVENTORY / "group_vars" / "all" / "verify.yml").read_text())["verify_requests"]
THROTTLE_SHUT = 0.5
POLICY = yaml.safe_load((INVENTORY / "group_vars" / "all" / "fleet.yml").read_text())["fleet_retry_policy"]
# HOSP's longest answer takes a tenth of what a try gets: where one is timed out, the machine stalled.
FAULTS = {"rate": 0.02, "mix": {"500": 0.5, "502": 0.5}, "applied": 0.5, "latency_ms": [20, 200]}
# Writes that failed may land all the same, late as it may be: the lab's routes wait 6 s before they send one again.
LATE = {"late": 0.5, "late_seconds": [0, 2], "clock_offset_seconds": 47, "whole_seconds": True}


@dataclass(frozen=True)
class Break:
    """A host, or its NGINX, was killed between these two moments (epoch)."""

    host: str
    begin: float
    end: float


@dataclass(frozen=True)
class Stall:
    """For so long (epoch) the machine let nobody of this process go on."""

    begin: float
    end: float


@dataclass
class Counted:
    """How often something happened while others wait for it: a request was sent, a function killed."""

    number: int = 0

    def add(self, more: int = 1) -> int:
        self.number += more
        return self.number

    def wait_for(self, number: int) -> None:
        until(lambda: self.number >= number)


@dataclass(kw_only=True)
class Load(Counted):
    """Requests at `rate` a second, with ids that begin with `name`. `records` say when they began by the wall clock;
    `lines` are the proxies' by the id of the request."""

    name: str = ""
    rate: float = 0
    records: list[Record] = field(default_factory=list)
    ledger: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)

    def watch(self, over: threading.Event) -> None:
        """Note when the machine stalls, until `over` is set."""
        seen = time.time()
        while not over.wait(PULSE_SECONDS):
            if time.time() - seen > STALL_SECONDS:
                self.stalls.append(Stall(seen, time.time()))
            seen = time.time()

    @contextmanager
    def breaking(self, host: str) -> Iterator[None]:
        """The block kills a host or its NGINX, and ends when it is dead."""
        begin = time.time()
        yield
        self.breaks.append(Break(host, begin, time.time()))

    def enough(self, requests: int) -> int:
        """So many requests as are wanted of a load at the wanted rate, or as come in the same time."""
        return int(requests * self.rate / WANTED)

    def failed(self, cls: str) -> list[Record]:
        """The requests of a class that failed, but for those that were lost with a host."""
        lost = {record.id for record in self.lost_with_a_host}
        return [record for record in self.records if record.cls == cls and record.failed and record.id not in lost]

    def attempts(self, record: Record) -> int:
        """How often HOSP saw the request."""
        return self.ledger.get(record.id, {}).get("attempts", 0)

    def in_flight(self, record: Record, *moments: Break | Stall) -> bool:
        return any(
            record.start <= moment.end and moment.begin <= record.start + record.seconds
            for moment in moments or self.breaks
        )

    @property
    def lost_with_a_host(self) -> list[Record]:
        return self.lost_in(*self.breaks)

    def lost_in(self, *breaks: Break) -> list[Record]:
        """What failed while it was in flight, and was in nobody else's hands: no other proxy has written it down."""
        return [
            record
            for record in self.records
            if record.failed
            and not self._is_answer_of_hosp(record)
            and any(self.in_flight(record, broken) and not self._in_other_hands(record, broken) for broken in breaks)
        ]

    def _in_other_hands(self, record: Record, broken: Break) -> bool:
        return any(line["proxy"] != broken.host for line in self.lines.get(record.id, []))

    def _is_answer_of_hosp(self, record: Record) -> bool:
        return record.status in self.ledger.get(record.id, {}).get("statuses", [])[-1:]

    def most_in_hand(self, broken: Break) -> int:
        """What a host may have had in hand when it was killed: as much as the other, whose log says what that had. As
        much again for chance, and some for small numbers."""
        others = [
            line
            for lines in self.lines.values()
            for line in lines
            if line["proxy"] != broken.host
            and line["epoch"] - line["seconds"] <= broken.end
            and broken.begin <= line["epoch"]
        ]
        return 2 * len(others) + 10

    @property
    def most_unaccepted(self) -> float:
        """How many requests wait at a proxy's port at a time, by how long a request takes outside of the proxies."""
        outside = sorted(
            record.seconds - self.lines[record.id][0]["seconds"]
            for record in self.records
            if len(self.lines.get(record.id, [])) == 1
        )
        return self.rate / 2 * outside[len(outside) * 99 // 100]

    @property
    def given_up(self) -> list[Record]:
        """The safe requests that failed though they need not have."""
        return [record for record in self.failed("safe") if self.attempts(record) < 3 and not self.stalled(record)]

    def stalled(self, record: Record) -> bool:
        """Whether the machine kept a request from its tries. By the proxies' own lines: some were timed out, and there
        was no room for more; or so many others were that the throttle was shut. Without a line: it was on its way while
        nobody went on."""
        lines = self.lines.get(record.id, [])
        if not lines:
            return bool(self.stalls) and self.in_flight(record, *self.stalls)
        return any(self._stalled(line) for line in lines)

    def _stalled(self, line: Mapping[str, Any]) -> bool:
        if line["retry_note"] == "throttled" or line["throttle"] <= THROTTLE_SHUT:
            before = range(int(line["epoch"]) - 30, int(line["epoch"]) + 1)
            return sum(timed_out(other) for other in self._of(line["proxy"]) if int(other["epoch"]) in before) >= 10
        return timed_out(line) > 0 and (len(tries(line)) == POLICY["attempts"] or line["retry_note"] != "")

    def _of(self, proxy: str) -> list[dict[str, Any]]:
        return [line for lines in self.lines.values() for line in lines if line["proxy"] == proxy]

    @property
    def timed_out(self) -> int:
        """How many tries were, because the machine stalled."""
        return sum(timed_out(line) for lines in self.lines.values() for line in lines)

    @property
    def written_twice(self) -> list[str]:
        posts = {record.id for record in self.records if record.method == "POST"}
        return [name for name, entry in self.ledger.items() if name in posts and entry["applied"] > 1]

    @property
    def most_attempts(self) -> int:
        return max(entry["attempts"] for entry in self.ledger.values())

    def __str__(self) -> str:
        return (
            f"{len(self.records)} requests at {self.rate:.0f} a second, safe ones given up: {len(self.given_up)}, "
            f"failed after all tries: {len(self.failed('safe')) - len(self.given_up)}, "
            f"writes that failed: {len(self.failed('verified'))}, lost with a host: {len(self.lost_with_a_host)}, "
            f"written twice: {len(self.written_twice)}, most attempts: {self.most_attempts}, "
            f"tries that a stalled machine timed out: {self.timed_out}, stalls: {len(self.stalls)}"
        )


def tries(line: Mapping[str, Any]) -> list[str]:
    """The statuses of a request's tries."""
    return re.findall(r"[^\s,:]+", line["upstream_statuses"])


def timed_out(line: Mapping[str, Any]) -> int:
    """How many tries of a request were."""
    return tries(line).count("504")


def assert_steady(load: Load) -> None:
    """Whatever happened under the load."""
    print(load)
    assert [(record, load.lines.get(record.id), load.ledger.get(record.id)) for record in load.given_up] == []
    assert load.written_twice == []
    assert load.most_attempts <= POLICY["attempts"]


def target(user: str) -> Target:
    """By the old domain, which is served by plain HTTP: a handshake a request costs as much as all the rest."""
    return Target(user, f"http://{CLOUD}", host_header=OLD_DOMAIN, headers=basic_authorization(user, user))


@dataclass(frozen=True)
class Crowd:
    """So many users at a time, for some seconds."""

    users: int
    seconds: float

    async def play(self, requests: Sequence[Request], send: Send) -> None:
        end = time.monotonic() + self.seconds
        queue = takewhile(lambda _: time.monotonic() < end, requests)

        async def user() -> None:
            for request in queue:
                await send(request, time.monotonic())

        async with asyncio.TaskGroup() as group:
            for _ in range(self.users):
                group.create_task(user())


@dataclass(frozen=True)
class Until:
    """Requests arrive at a constant rate (a second) until `over` is set, and are counted."""

    over: threading.Event
    rate: float
    counted: Counted

    async def play(self, requests: Sequence[Request], send: Send) -> None:
        async def counted(request: Request, due: float) -> None:
            self.counted.add()
            await send(request, due)

        await Arrivals(self.rate).play(takewhile(lambda _: not self.over.is_set(), requests), counted)


def carried(wanted: float) -> float:
    """The rate that a load asks for: what is wanted, or what this machine carries now."""
    plan = requests(templates(KINDS, writes=False), 3000, 1, f"calibration-{secrets.token_hex(4)}")
    result = uvloop.run(drive(plan, target("nurse"), Crowd(CROWD, CALIBRATION_SECONDS), HANG_SECONDS))
    most = len(result.records) / max(record.start + record.seconds for record in result.records)
    rate = min(wanted, max(LEAST, CARRIED * most))
    print(f"{most:.0f} requests a second were answered to a crowd: {rate:.0f} are asked for")
    return rate


@contextmanager
def under_load(
    wanted: float = WANTED,
    users: Sequence[str] = ("nurse",),
    faults: Mapping[str, Any] = FAULTS | LATE,
    name: str = "",
    most_seconds: float = 600,
) -> Iterator[Load]:
    """Users ask side by side, from the block's begin to its end; the figures are there after it. What they ask for is
    made in advance, for longer than the test can take."""
    controls = Controls(CONTROLS)
    with controls.faults(faults, lambda _: None):
        load = Load(name=name or f"e2e-{secrets.token_hex(4)}", rate=carried(wanted))
        controls.clear_ledger()
        over = threading.Event()
        each = load.rate / len(users)
        kinds = templates(KINDS, writes=True)
        plans = [
            requests(kinds, int(each * most_seconds), seed, f"{load.name}-{user}") for seed, user in enumerate(users, 1)
        ]

        async def ask() -> list[Result]:
            asking = (
                drive(plan, target(user), Until(over, each, load), HANG_SECONDS)
                for plan, user in zip(plans, users, strict=True)
            )
            return await asyncio.gather(*asking)

        threading.Thread(target=load.watch, args=[over], daemon=True).start()
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.extend(uvloop.run(ask())))
        thread.start()
        try:
            yield load
            assert thread.is_alive(), f"the load ended before the test did, after {most_seconds} s"
        finally:
            over.set()
            thread.join()
            for result in results:
                load.records += [replace(record, start=record.start + result.began) for record in result.records]
        load.ledger = settled(controls, faults.get("late_seconds", [0, 0])[1])
    load.lines = lines_of(load.name)


def settled(controls: Controls, late_seconds: float) -> dict[str, Any]:
    """The ledger when what may still land has landed."""
    time.sleep(late_seconds)
    ledger = controls.ledger()
    while (later := controls.ledger()) != ledger:
        ledger = later
        time.sleep(0.5)
    return dict(ledger)


def lines_of(name: str) -> dict[str, list[dict[str, Any]]]:
    """What the proxies wrote of the requests whose ids begin with this name, in whichever file it is."""
    find = f"""zcat -f /var/log/nginx/access.log* | grep -aF '"client_request_id":"{name}-'; true"""
    found: dict[str, list[dict[str, Any]]] = {}
    for proxy in PROXY_NAMES:
        # NGINX's lines end by a line feed; Python's also by what may be in a name.
        for text in podman("exec", container(proxy), "sh", "-c", find).split("\n")[:-1]:
            line = json.loads(text)
            found.setdefault(line["client_request_id"], []).append(line)
    return found
