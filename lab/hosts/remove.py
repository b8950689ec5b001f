#!/usr/bin/env python3
"""``remove.py [--only-wrecks] [--dry-run] CONTAINER``: remove a container, in whatever state it is.

A container whose processes were killed behind Podman's back, or that a restart of the machine ended, is a wreck: Podman
reports it as running for ever, and can neither start it nor run a command in it. Prints what was removed, and why.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PODMAN = str(Path(__file__).resolve().parent / "podman")
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
WHOLE = {"configured", "created", "initialized", "exited", "stopped"}


def wrecked(container: dict[str, Any], runs: Callable[[int, str], bool]) -> str | None:
    """Why a container, as ``podman inspect`` describes it, is a wreck; None when it is whole.

    ``runs(pid, token)`` tells whether a live process has the token in its control groups or its command line.
    """
    state = container["State"]
    if state["Status"] in WHOLE:
        return None
    if state["Status"] != "running":
        return f"it is {state['Status']}"
    if not runs(state["Pid"], container["Id"]):
        return f"its init (process {state['Pid']}) is gone"
    if not runs(state["ConmonPid"], container["Id"]):
        return f"its supervisor (process {state['ConmonPid']}) is gone"
    return None


def process_runs(pid: int, token: str) -> bool:
    """Whether the process lives, is no zombie, and is the one meant: numbers are given out again after a restart."""
    process = Path("/proc", str(pid))
    try:
        zombie = process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not zombie and any(token in process.joinpath(file).read_text() for file in ("cgroup", "cmdline"))
    except OSError:
        return False


def inspect(name: str) -> dict[str, Any] | None:
    answer = subprocess.run([PODMAN, "container", "inspect", name], capture_output=True, text=True)
    return json.loads(answer.stdout)[0] if answer.returncode == 0 else None


def remove(container: dict[str, Any]) -> None:
    """Raises CalledProcessError, with Podman's words, when the container stays."""
    by_podman = [PODMAN, "rm", "--force", "--time", "0", container["Id"]]
    # Podman forgets a wreck and leaves the runtime's record of it; or cannot remove it until that record is gone.
    by_runtime = [*AS_ROOT, container["OCIRuntime"], "delete", "--force", container["Id"]]
    first = subprocess.run(by_podman, capture_output=True)
    subprocess.run(by_runtime, capture_output=True)
    if first.returncode:
        subprocess.run(by_podman, capture_output=True, text=True, check=True)


def main() -> None:
    options = argparse.ArgumentParser(description="Remove a container, in whatever state it is.")
    options.add_argument("--only-wrecks", action="store_true")
    options.add_argument("--dry-run", action="store_true")
    options.add_argument("container")
    given = options.parse_args()

    container = inspect(given.container)
    if container is None:
        return
    reason = wrecked(container, process_runs) if given.only_wrecks else "it is not wanted any more"
    if reason is None:
        return
    if not given.dry_run:
        try:
            remove(container)
        except subprocess.CalledProcessError as error:
            sys.exit(f"{given.container} cannot be removed: {error.stderr.strip()}")
    print(f"removed {given.container}: {reason}")


if __name__ == "__main__":
    main()
