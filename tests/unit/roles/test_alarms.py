"""What functions count is documented, and each alarm that the documentation promises is one that a role makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
# A metric is the function or namespace that counts, and a name.
Metric = tuple[str, str]


def documented(page: str, service: str) -> dict[Metric, int | None]:
    """A page's metrics, with the threshold of their alarm where they have one."""
    section = (ROOT / page).read_text().partition("## Logs and alarms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?:`([\w/]+)` )?`(\w+)` \| (?:≥ (\d+)[^|]*)?\|", section, re.MULTILINE)
    return {(of or service, name): int(threshold) if threshold else None for of, name, threshold in rows}


def alarms(role: str) -> dict[Metric, int]:
    """The thresholds of what a role makes."""
    settings: dict[str, Any] = yaml.safe_load((ROOT / "roles" / role / "vars" / "main.yml").read_text())
    every = settings[f"__{role}_every_alarm"]
    assert every["comparison_operator"] == "GreaterThanOrEqualToThreshold"
    merged = [{**every, **alarm} for alarm in settings[f"__{role}_alarms"]]
    return {(counted_by(alarm), alarm["metric_name"]): alarm["threshold"] for alarm in merged}


def counted_by(alarm: dict[str, Any]) -> str:
    """The function, for what functions count themselves; else the namespace."""
    [dimension] = alarm["dimensions"]
    return str(dimension["value"] if dimension["name"] == "service" else alarm["namespace"])


def counted(*functions: str) -> set[Metric]:
    return {
        (function, name)
        for function in functions
        for path in (ROOT / "lambdas" / function / function).glob("*.py")
        for name in re.findall(r'metric\("(\w+)"', path.read_text())
    }


@pytest.mark.parametrize(
    ("page", "role", "functions"),
    [
        ("docs/screening.md", "screening_notes", ["screening", "notes_writer"]),
        ("docs/audit.md", "audit_trail", ["audit_trail"]),
    ],
)
def test_each_promised_alarm_is_made_of_something_that_is_counted(page, role, functions):
    promised = documented(page, functions[0])
    assert alarms(role) == {metric: limit for metric, limit in promised.items() if limit is not None}
    assert counted(*functions) == {metric for metric in promised if not metric[0].startswith("AWS/")}
