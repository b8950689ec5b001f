"""A role's own check, run once by Ansible for many cases: `check.yml` beside a test takes each host for a case."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ANSIBLE_CONFIG = Path(__file__).parents[1] / "ansible.cfg"


def check(
    playbook: Path,
    folder: Path,
    good: Sequence[Mapping[str, Any]],
    bad: Sequence[Mapping[str, Any]],
    secret: str | None = None,
) -> Callable[[str], str]:
    """Returns ``said(case)``: what the check said of ``good0``, ``bad0`` …, nothing where it let the case through.
    ``secret`` is in no output, of a verbose run too."""
    cases = {f"good{n}": dict(case) for n, case in enumerate(good)}
    cases |= {f"bad{n}": dict(case) for n, case in enumerate(bad)}
    inventory = folder / "cases.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": cases, "vars": {"said_directory": str(folder)}}}))
    result = subprocess.run(
        ["ansible-playbook", "-i", inventory, playbook, *(["-vvv"] if secret else [])],
        env={**os.environ, "ANSIBLE_CONFIG": str(ANSIBLE_CONFIG)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert secret is None or secret not in result.stdout
    return lambda case: (folder / case).read_text() if (folder / case).exists() else ""
