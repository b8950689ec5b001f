"""A role's own check, run once by Ansible for many cases: `role_checks.yml` takes each host for a case."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def check(
    role: str,
    folder: Path,
    good: Sequence[Mapping[str, Any]],
    bad: Sequence[Mapping[str, Any]],
    secret: str | None = None,
) -> Callable[[str], str]:
    """Returns ``said(case)``: what the check said of ``good0``, ``bad0`` …, nothing where it let the case through.
    ``secret`` is in no output, of a verbose run too."""
    cases = {f"good{n}": dict(case) for n, case in enumerate(good)}
    cases |= {f"bad{n}": dict(case) for n, case in enumerate(bad)}
    inventory, said = folder / "cases.yml", folder / "said.json"
    variables = {"role": role, "said_path": str(said)}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": cases, "vars": variables}}))
    result = subprocess.run(
        ["ansible-playbook", "-i", inventory, ROOT / "tests" / "role_checks.yml", *(["-vvv"] if secret else [])],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert secret is None or secret not in result.stdout
    return dict(json.loads(said.read_text())).__getitem__
