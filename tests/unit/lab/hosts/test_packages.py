"""The image that has the packages already has those that roles and scenarios install, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[4]
SOURCES = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("molecule/*/prepare.yml")]


def tasks_of(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of a list of tasks or plays, also those in blocks."""
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks"):
            yield from tasks_of(entry.get(part) or [])


def words_of(expression: str, variables: dict[str, Any]) -> set[str]:
    """The packages that an expression can come to: its quoted words that could be names, and those of what it names."""
    if "{{" not in expression:
        return {expression}
    words = set(re.findall(r"'([a-z0-9][a-z0-9.+-]+)'", expression))
    named = set(re.findall(r"\b__\w+_packages\b", expression)) & variables.keys()
    return words.union(*(words_of(variables[name], variables) for name in named))


def installed(path: Path) -> set[str]:
    """What the tasks of a file install from Debian's package sources."""
    vars_file = path.parents[1] / "vars" / "main.yml"
    variables = yaml.safe_load(vars_file.read_text()) if vars_file.exists() else {}
    tasks = tasks_of(yaml.safe_load(path.read_text()))
    given = [task["ansible.builtin.apt"].get("name", []) for task in tasks if "ansible.builtin.apt" in task]
    names = [name for names in given for name in (names if isinstance(names, list) else [names])]
    return set().union(*(words_of(name, variables) for name in names))


def test_it_has_what_roles_and_scenarios_install_and_no_more():
    wanted = set().union(*map(installed, SOURCES))
    assert len(wanted) > 10
    assert (ROOT / "lab" / "hosts" / "packages").read_text().split() == sorted(wanted)
