"""The stand-in as a process: whatever befalls it, every line arrives at least once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudwatch_agent import cloudwatch_agent
from strict_logs import StrictLogs

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[4] / "lab" / "cloudwatch_agent"
GROUP, STREAM = "/hosp/proxies", "proxy1"
# The last line waits for those that may continue it.
NEXT = b"next\n"


class Agent:
    """The process, its log file, and what it is to ship it to."""

    def __init__(self, folder: Path, logs: StrictLogs) -> None:
        self._folder = folder
        self.log = folder / "access.log"
        self.log.touch()
        file = {"path": str(self.log), "group": GROUP, "stream": STREAM, "retention_days": 400}
        (folder / "agent.json").write_text(json.dumps(cloudwatch_agent([file], "eu-central-1", logs.url, 1)))
        (folder / "credentials").write_text("[agent]\naws_access_key_id = lab\naws_secret_access_key = lab\n")
        (folder / "common-config.toml").write_text(
            f'[credentials]\nshared_credential_profile = "agent"\nshared_credential_file = "{folder}/credentials"\n'
        )
        self._logs = logs
        self.start()

    @property
    def said(self) -> str:
        return (self._folder / "said").read_text()

    def start(self, *options: str) -> None:
        command = [sys.executable, "-m", "cloudwatch_agent", "--configuration", self._folder / "agent.json"]
        command += ["--common-configuration", self._folder / "common-config.toml", "--state", self._folder / "state"]
        with (self._folder / "said").open("a") as said:
            self.process = subprocess.Popen(
                [*command, *options], stderr=said, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)}
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def write(self, *lines: bytes, path: Path | None = None) -> None:
        with (path or self.log).open("ab") as file:
            file.writelines(lines)

    def rename(self) -> Path:
        old = self.log.with_name("access.log.1")
        self.log.rename(old)
        self.log.touch()
        return old

    def arrived(self) -> Counter[str]:
        return Counter(self._logs.messages(GROUP, STREAM))


@pytest.fixture
def agent(tmp_path, logs) -> Iterator[Agent]:
    running = Agent(tmp_path, logs)
    yield running
    running.process.kill()
    running.process.wait()


def eventually(look: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)


def hostile(number: int, chance: random.Random) -> tuple[bytes, str]:
    """A line with any bytes but those that end it or make it part of the line before; and what becomes of it."""
    rest = bytes(byte for byte in chance.randbytes(40) if byte not in b"\r\n")
    line = b"%d " % number + rest
    return line + b"\n", line.decode("utf-8", "replace")


def test_every_line_arrives_through_rotations_kills_and_an_outage(agent, logs):
    chance = random.Random(1)
    each = 2_000
    lines = [hostile(number, chance) for number in range(10 * each)]
    part = [lines[begin : begin + each] for begin in range(0, len(lines), each)]

    def write(n: int, path: Path | None = None) -> None:
        for begin in range(0, each, 50):
            agent.write(*[raw for raw, _ in part[n][begin : begin + 50]], path=path)

    write(0)
    eventually(lambda: agent.arrived().total() >= 1_000)
    agent.kill()
    write(1)
    agent.start()
    write(2)
    old = agent.rename()
    # One worker has opened the new file, another has not.
    write(3)
    write(4, old)
    logs.stop()
    write(5)
    agent.kill()
    agent.start()
    write(6)
    time.sleep(2)
    logs.start()
    write(7)
    logs.fails = ["ServiceUnavailableException", "accepted", "ThrottlingException"]
    write(8)
    # Whoever takes away what was not read yet takes it with him.
    eventually(lambda: {text for _, text in part[4]} <= agent.arrived().keys())
    old.unlink()
    shutil.copy(agent.log, old)
    os.truncate(agent.log, 0)
    write(9)
    agent.write(b"the last line\n")

    expected = {text for _, text in lines} | {"the last line"}
    eventually(lambda: agent.arrived().keys() >= expected)
    assert agent.arrived().keys() == expected
    assert logs.faults == []
    # Once, and again after each kill, after the answer that was lost, and from the copy.
    assert max(agent.arrived().values()) <= 5
    assert logs.retention == {GROUP: 400}


def test_without_faults_every_line_arrives_once(agent, logs):
    agent.write(*[b"%d\n" % number for number in range(25_000)])
    eventually(lambda: len(agent.arrived()) == 25_000)
    assert agent.arrived().total() == 25_000
    assert max(logs.batches) == 10_000


def test_what_was_accepted_without_an_answer_is_sent_again(agent, logs):
    logs.fails = ["accepted"]
    logs.groups.add(GROUP)
    logs.events[GROUP, STREAM] = []
    agent.write(b"one\n", NEXT)
    eventually(lambda: agent.arrived()["one"] == 2)


def test_it_ends_when_it_is_told_to_and_goes_on_where_it_was(agent):
    agent.write(b"one\n", NEXT)
    eventually(lambda: agent.arrived()["one"] == 1)
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(timeout=60) == 0
    agent.write(b"two\n", NEXT)
    agent.start()
    eventually(lambda: agent.arrived()["two"] == 1)
    assert agent.arrived()["one"] == 1


def test_an_outage_is_said_once_and_its_end_too(agent, logs):
    logs.stop()
    agent.write(b"one\n", NEXT)
    eventually(lambda: "will be tried again" in agent.said)
    time.sleep(2)
    logs.start()
    eventually(lambda: agent.arrived()["one"] == 1)
    eventually(lambda: "delivered, at try" in agent.said)
    assert agent.said.count("will be tried again") == 1


def test_what_can_never_be_accepted_is_said_and_holds_nothing_up(agent, logs):
    logs.fails = ["InvalidParameterException"]
    agent.write(b"one\n", NEXT)
    eventually(lambda: "1 events are lost" in agent.said)
    agent.write(b"two\n", NEXT)
    eventually(lambda: agent.arrived()["two"] == 1)


def test_a_configuration_that_cannot_be_gone_by_is_refused(agent, tmp_path):
    agent.kill()
    agent.start("--check")
    assert agent.process.wait(timeout=60) == 0
    (tmp_path / "agent.json").write_text('{"agent": {"region": "eu-central-1"}, "logs": {}}')
    agent.start("--check")
    assert agent.process.wait(timeout=60) == 1
    assert "is not valid under any of the given schemas" in agent.said
