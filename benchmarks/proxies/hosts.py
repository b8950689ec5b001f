"""The hosts of this benchmark, and what can be read off them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
PODMAN = CHECKOUT / "lab" / "hosts" / "podman"
INVENTORY = HERE / "inventory"


@dataclass(frozen=True, slots=True)
class Host:
    """A container: ``address`` in the lab's network; ``program`` is the name of the processes that are measured."""

    container: str
    address: str
    label: str
    program: str

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def run(self, *command: str) -> str:
        """A command's output, on the host. Raises subprocess.CalledProcessError."""
        return subprocess.run(
            [PODMAN, "exec", self.container, *command], capture_output=True, text=True, check=True
        ).stdout

    def cpu_seconds(self) -> float:
        """What the program's processes have used since they began, in user and kernel mode (proc(5))."""
        stats = self.run("sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null || true")
        rows = (line.partition(" (")[2].rpartition(") ") for line in stats.splitlines())
        ticks = sum(sum(map(int, fields.split()[11:13])) for name, _, fields in rows if name == self.program)
        return ticks / os.sysconf("SC_CLK_TCK")

    def version(self) -> str:
        """What the program says of itself, in one line."""
        option = {"nginx": "-v", "haproxy": "-v", "envoy": "--version", "caddy": "version"}[self.program]
        said = self.run("sh", "-c", f"{self.program} {option} 2>&1").strip().splitlines()[0]
        if self.run("sh", "-c", "dpkg-query -Wf '${Version}' libnginx-mod-http-lua 2>/dev/null || true"):
            said += ", Lua module " + self.run("dpkg-query", "-Wf", "${Version}", "libnginx-mod-http-lua")
        return said


def playbook(path: Path) -> None:
    """Run a playbook for this folder's inventory. Raises subprocess.CalledProcessError."""
    subprocess.run(["ansible-playbook", "-i", INVENTORY, path], cwd=CHECKOUT, check=True)


def inventory() -> dict[str, Host]:
    """The hosts by their names in the inventory, in its order."""
    listed: dict[str, Any] = json.loads(
        subprocess.run(
            ["ansible-inventory", "-i", INVENTORY, "--list"], cwd=CHECKOUT, capture_output=True, check=True
        ).stdout
    )
    network = None
    hosts = {}
    for group in ("proxies", "contenders", "lab_vendor"):
        for name in listed[group]["hosts"]:
            variables = listed["_meta"]["hostvars"][name]
            network = variables["lab_subnet"].rpartition(".")[0]
            hosts[name] = Host(
                container=f"{variables['lab_prefix']}-{name}",
                address=f"{network}.{variables['lab_address_index']}",
                label=variables.get("label", name),
                program=variables.get("program", ""),
            )
    return hosts


@contextmanager
def fast_upstream(hosp: Host) -> Iterator[None]:
    """A server that answers at once has HOSP's place."""
    hosp.run("systemctl", "stop", "hosp")
    hosp.run("systemctl", "start", "nginx")
    try:
        yield
    finally:
        hosp.run("systemctl", "stop", "nginx")
        hosp.run("systemctl", "start", "hosp")
