"""The scenario's hosts as a test reaches them: by HTTP as a client does, and by podman as an operator would by SSH."""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

# The one that Molecule verifies; what is in it the inventory knows.
SCENARIO = Path(os.environ.get("MOLECULE_SCENARIO_DIRECTORY", Path(__file__).parents[1]))
CHECKOUT = Path(__file__).parents[3]
PODMAN = str(CHECKOUT / "lab" / "hosts" / "podman")
GROUPS = yaml.safe_load((SCENARIO / "inventory" / "hosts.yml").read_text())["all"]["children"]
PREFIX = GROUPS["lab"]["vars"]["lab_prefix"]
NETWORK = GROUPS["lab"]["vars"]["lab_subnet"].rpartition(".")[0]
# This machine, as the hosts see it.
CONTROLLER = f"{NETWORK}.1"


def hosts_of(group: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the inventory says of each host of a group, and of the groups in it."""
    hosts = dict(group.get("hosts") or {})
    for child in (group.get("children") or {}).values():
        hosts |= hosts_of(child or {})
    return hosts


ADDRESSES = {name: f"{NETWORK}.{host['lab_address_index']}" for name, host in hosts_of({"children": GROUPS}).items()}
HOSP = ADDRESSES.get("hosp", "")
PROXIES = {name: ADDRESSES[name] for name in hosts_of(GROUPS["proxies"])}
WITHOUT_LUA = list(hosts_of(GROUPS["proxies"].get("children", {}).get("without_lua") or {}))
WITH_LUA = [name for name in PROXIES if name not in WITHOUT_LUA]
# The first proxy of each kind: what is about one proxy is tested on these.
KINDS = list(
    {
        (host.get("lab_hosts_suite"), name in WITHOUT_LUA): name
        for name, host in reversed(hosts_of(GROUPS["proxies"]).items())
    }.values()
)[::-1]
KINDS_WITH_LUA = [name for name in KINDS if name in WITH_LUA]
NOTE = {"title": "a title", "body": "a body", "patient_id": 1, "staff_id": 1}
NO_FAULTS = {
    "rate": 0,
    "latency_ms": [0, 0],
    "stall_seconds": 30,
    "burst": None,
    "only": None,
    "applied": 0.5,
    "late": 0,
}


PLAIN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LISTENER = """
import base64, socket, sys
listener = socket.create_server(("", 80), reuse_port=False)
answer = base64.b64decode(sys.argv[1])
while True:
    connection, _ = listener.accept()
    received = b""
    # The head as long as it takes; then whatever else comes, a second request too.
    while more := connection.recv(65536):
        received += more
        if b"\\r\\n\\r\\n" in received:
            connection.settimeout(float(sys.argv[2]))
            try:
                while more := connection.recv(65536):
                    received += more
            except TimeoutError:
                break
    if received:
        print(base64.b64encode(received).decode(), flush=True)
        connection.sendall(answer)
    connection.close()
"""


class Listener:
    """In HOSP's place: notes the bytes of each connection, for so long after a head, and answers what it was told."""

    def __init__(self, answer: bytes = PLAIN_ANSWER, patience_seconds: float = 0.2) -> None:
        arguments = [base64.b64encode(answer).decode(), str(patience_seconds)]
        command = [PODMAN, "exec", f"{PREFIX}-hosp", "python3", "-c", LISTENER, *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        eventually(lambda: is_open(HOSP))

    def next(self) -> bytes:
        """What came by the next connection."""
        assert self._process.stdout is not None
        return base64.b64decode(self._process.stdout.readline())

    def wait(self) -> None:
        self._process.wait(30)


def is_open(address: str, port: int = 80) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


class Hosp:
    """The simulator's controls."""

    def __init__(self) -> None:
        self._http = httpx.Client(base_url=f"http://{HOSP}:9000", timeout=30)

    def fails(self, rate: float = 1.0, **kinds: float) -> None:
        """Let a share of the requests fail, each kind with its share: ``fails(0.5, reset=1)``."""
        self.set(rate=rate, mix=kinds)

    def set(self, **faults: Any) -> None:
        self._http.put("/faults", json={**NO_FAULTS, **faults}).raise_for_status()

    def saw(self, request_id: str) -> dict[str, Any]:
        """What arrived under one X-Request-Id: attempts, applied, statuses."""
        requests = self._http.get("/ledger", params={"id": request_id}).json()["requests"]
        return requests.get(request_id, {"attempts": 0, "applied": 0, "statuses": []})

    def ledger(self) -> dict[str, Any]:
        return self._http.get("/ledger").json()

    def forget(self) -> None:
        self._http.delete("/ledger").raise_for_status()


@dataclass
class Proxy:
    """One proxy: ``http`` speaks to it as a nurse, ``host`` runs commands on it."""

    name: str
    http: httpx.Client
    host: Any

    def send(self, method: str, path: str, **options: Any) -> tuple[httpx.Response, str]:
        """The answer, and the request id under which HOSP's ledger has the attempts."""
        request_id = str(uuid.uuid4())
        headers = {"X-Request-Id": request_id, **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options), request_id

    def logged(self, client_request_id: str) -> dict[str, Any]:
        """The access log's line of a request; strict about JSON and UTF-8."""
        lines = eventually(lambda: self._lines(client_request_id))
        (line,) = lines
        return json.loads(line.decode("utf-8", "strict"))

    def _lines(self, text: str) -> list[bytes]:
        command = self.host.run("grep -aF %s /var/log/nginx/access.log", text)
        return command.stdout_bytes.splitlines()


def tries(line: dict[str, Any]) -> list[str]:
    """The statuses of a logged request's tries. NGINX puts commas between those of one location, else colons."""
    return re.split(" ?[,:] ", line["upstream_statuses"])


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true value of ``look()``, which may raise httpx errors meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            if value := look():
                return value
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, f"not within {seconds} s: {look}"
        time.sleep(0.1)


class Namespaces(BaseBackend):
    """Commands in a process's namespaces: to begin one by `podman exec` takes fifty times as long."""

    NAME = "nsenter"

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:
        begun = ("" if os.geteuid() == 0 else "sudo -n ") + f"nsenter --target {self.hostname} --all"
        return self.run_local(f"{begun} /bin/sh -c %s", self.get_command(command, *args))


@functools.cache
def host_of(name: str) -> Host:
    """A host of the scenario, for commands on it."""
    inspect = [PODMAN, "inspect", "--format", "{{.State.Pid}}", f"{PREFIX}-{name}"]
    process = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    return Host(Namespaces(process))


def converge(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the scenario's own playbook again."""
    command = ["ansible-playbook", "-i", SCENARIO / "inventory", SCENARIO / "converge.yml", *options]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def reached(name: str) -> Iterator[Proxy]:
    with httpx.Client(base_url=f"http://{PROXIES[name]}", auth=("nurse", "nurse"), timeout=60) as http:
        yield Proxy(name, http, host_of(name))


def exchange(proxy: Proxy, request: bytes) -> bytes:
    """What a proxy answers to these very bytes, to the end of the connection."""
    with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))
