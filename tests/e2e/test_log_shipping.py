"""The proxies' access logs on their way to CloudWatch Logs, whatever befalls who ships them and who takes them."""

from __future__ import annotations

import base64
import json
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import boto3
import httpx
import pytest
import yaml
from botocore.exceptions import ClientError, EndpointConnectionError
from lab_load import under_load
from proof import size
from running_lab import AWS, INVENTORY, PROXIES, PROXY_NAMES, changes, container, held, playbook, podman, until

SHIPPING = yaml.safe_load((INVENTORY / "group_vars" / "all" / "fleet.yml").read_text())["fleet_log_shipping"]
GROUP = SHIPPING["group"]
AGENT = "amazon-cloudwatch-agent"
REQUESTS = size(test=2000, prove=20_000)
# How long nobody takes the lines.
OUTAGE_SECONDS = size(test=5, prove=20)


@pytest.fixture(scope="module")
def logs() -> Any:
    return boto3.client(
        "logs", endpoint_url=AWS, region_name="eu-central-1", aws_access_key_id="lab", aws_secret_access_key="lab"
    )


def on(host: str, *command: str) -> str:
    return podman("exec", container(host), *command)


def events(logs: Any, proxy: str, group: str = GROUP) -> list[dict[str, Any]]:
    """Page by page: MiniStack's FilterLogEvents ends after 10 000."""
    found: list[dict[str, Any]] = []
    here: dict[str, str] = {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=proxy, startFromHead=True, **here)
        found += page["events"]
        if not page["events"]:
            return found
        here = {"nextToken": page["nextForwardToken"]}


def written(proxy: str) -> Counter[str]:
    """The lines of a proxy's log, in whichever file they are, compressed or not. Names of users may have other ends of
    lines in them."""
    return Counter(on(proxy, "sh", "-c", "zcat -f /var/log/nginx/access.log*").split("\n")[:-1])


def requests(lines: Iterable[str]) -> list[dict[str, Any]]:
    """What lines say. Before its first configuration NGINX wrote in a form of its own."""
    return [json.loads(line) for line in lines if not re.match(r"[0-9.]+ - - \[", line)]


def eventually(look: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for it. The stand-in for AWS may still be starting, and the group not be there yet."""
    end = time.monotonic() + seconds
    while True:
        with suppress(ClientError, EndpointConnectionError):
            if look():
                return
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(1)


def send_hostile(address: str, chance: random.Random) -> None:
    """A request with any bytes where a client may put some. The proxy refuses it, and logs it."""
    path, agent, user = (bytes(byte for byte in chance.randbytes(20) if byte not in b" \r\n\0") for _ in range(3))
    with socket.create_connection((address, 80), timeout=10) as client:
        client.sendall(
            b"GET /%b HTTP/1.1\r\nHost: x\r\nUser-Agent: %b\r\nAuthorization: Basic %b\r\nConnection: close\r\n\r\n"
            % (path, agent, base64.b64encode(user + b":x"))
        )
        while client.recv(65536):
            pass


def test_a_second_run_changes_nothing_and_restarts_nothing():
    pids = [on(proxy, "systemctl", "show", "--property=MainPID", AGENT) for proxy in PROXY_NAMES]
    result = playbook("playbooks/logs.yml", "--tags", "log_shipping")
    assert result.returncode == 0, result.stdout
    assert set(changes(result).values()) == {0}, result.stdout
    assert pids == [on(proxy, "systemctl", "show", "--property=MainPID", AGENT) for proxy in PROXY_NAMES]


def answers() -> bool:
    """Whether what stands in for AWS does."""
    try:
        return httpx.get(AWS, timeout=10).status_code < 500
    except httpx.TransportError:
        return False


def test_every_line_arrives_through_rotations_kills_and_an_outage(logs, record_property):
    chance = random.Random(1)
    with held("aws"), under_load() as load:
        enough = load.enough(REQUESTS)
        load.wait_for(enough // 8)
        on("proxy1", "logrotate", "--force", "/etc/logrotate.d/nginx")
        on("proxy2", "systemctl", "kill", "--signal=KILL", AGENT)
        load.wait_for(enough // 4)
        on("cloud", "systemctl", "stop", "ministack")
        for proxy in PROXIES:
            for _ in range(200):
                send_hostile(proxy, chance)
        on("proxy1", "systemctl", "kill", "--signal=KILL", AGENT)
        time.sleep(OUTAGE_SECONDS / 2)
        on("proxy2", "logrotate", "--force", "/etc/logrotate.d/nginx")
        time.sleep(OUTAGE_SECONDS / 2)
        on("cloud", "systemctl", "start", "ministack")
        until(answers)
        load.wait_for(enough)

    counted = []
    for proxy in PROXY_NAMES:
        expected = written(proxy)
        eventually(lambda proxy=proxy, expected=expected: {e["message"] for e in events(logs, proxy)} >= set(expected))
        arrived = events(logs, proxy)
        assert {event["message"] for event in arrived} == set(expected)
        for event in arrived:
            for request in requests([event["message"]]):
                assert request["proxy"] == proxy
                assert event["timestamp"] == int(request["epoch"]) * 1000
        counted.append(f"{proxy}: {expected.total()} lines, {len(arrived)} events")
    record_property("measured", "; ".join([*counted, f"{len(load.records)} requests, a rotation and a kill each"]))
    # What failed may never have reached a proxy.
    assert {record.id for record in load.records if not record.failed} <= load.lines.keys()


def test_the_group_keeps_events_as_long_as_the_inventory_says(logs):
    [group] = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == SHIPPING["retention_days"]


@pytest.mark.parametrize("proxy", PROXY_NAMES)
def test_the_agent_reads_the_logs_by_its_group_and_nobody_else_does(proxy):
    assert on(proxy, "stat", "--format=%a %U %G", "/var/log/nginx/access.log").split() == ["640", "www-data", "adm"]
    assert on(proxy, "ps", "-o", "user=", "-C", "python3").split() == ["cwagent"]
    credentials = "/opt/aws/amazon-cloudwatch-agent/etc/credentials"
    assert on(proxy, "stat", "--format=%a %U", credentials).split() == ["400", "cwagent"]


def test_what_the_agent_or_the_package_is_refused_for_replaces_nothing():
    """In one run: proxy1 gets formats that only the agent knows to be none, proxy2 a package that is another."""
    path = "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json"
    before = [on(proxy, "cat", path) for proxy in PROXY_NAMES]
    pids = [on(proxy, "systemctl", "show", "--property=MainPID", AGENT) for proxy in PROXY_NAMES]
    on_proxy1 = "{%% if inventory_hostname == 'proxy1' %%}%s{%% else %%}%s{%% endif %%}"
    file = {"path": "/var/log/nginx/access.log", "group": GROUP, "stream": "proxy", "timestamp_format": "%Y-%Q"}
    other = on_proxy1 % (SHIPPING["package_checksum"], f"sha256:{'0' * 64}")
    wrong = {"log_shipping_files": [file], "log_shipping_package_checksum": other}
    result = playbook("playbooks/logs.yml", "--tags", "log_shipping", "-e", json.dumps(wrong))
    assert result.returncode != 0
    assert "%Q is not one of" in result.stdout
    assert "did not match" in result.stdout
    assert [on(proxy, "cat", path) for proxy in PROXY_NAMES] == before
    assert [on(proxy, "systemctl", "show", "--property=MainPID", AGENT) for proxy in PROXY_NAMES] == pids


def test_bad_input_is_refused_before_anything_changes():
    wrong = json.dumps({"fleet_log_shipping": {**SHIPPING, "retention_days": 31}})
    result = playbook("playbooks/logs.yml", "--tags", "log_shipping", "-e", wrong)
    assert result.returncode != 0
    output = " ".join(result.stdout.split() + result.stderr.split())
    assert "log_shipping_files[0].retention_days is 31: allowed are 1, 3, 5" in output
    assert sum(changes(result).values()) == 0
