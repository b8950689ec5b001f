"""What the repository promises about itself: facts that stand in two places, and boundaries between its parts."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
FUNCTIONS = sorted(path.name for path in (ROOT / "lambdas").iterdir())
INVENTORIES = ["lab", "staging", "production"]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_defaults_and_its_argument_spec_say_the_same(role):
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    specified = {name: option["default"] for name, option in options.items() if "default" in option}
    assert specified == load(ROOT / "roles" / role / "defaults" / "main.yml")
    required = {name for name, option in options.items() if option.get("required")}
    assert required == options.keys() - specified.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_variables_carry_its_name(role):
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    internal = ROOT / "roles" / role / "vars" / "main.yml"
    assert all(name.startswith(f"{role}_") for name in defaults)
    assert all(name.startswith(f"__{role}_") for name in (load(internal) if internal.exists() else {}))


@pytest.mark.parametrize("role", ROLES)
def test_tags_stay_as_they_are_where_none_are_given(role):
    tasks = [path.read_text() for path in (ROOT / "roles" / role / "tasks").rglob("*.yml")]
    given = re.findall(rf'\btags: "{{{{ {role}_tags(.*) }}}}"$', "\n".join(tasks), flags=re.MULTILINE)
    assert set(given) <= {" | default(omit, true)"}


def test_requirements_yml_names_the_collections_that_the_locked_ansible_brings():
    for wanted in load(ROOT / "requirements.yml")["collections"]:
        namespace, name = wanted["name"].split(".")
        brought = [
            json.loads((Path(path) / namespace / name / "MANIFEST.json").read_text())["collection_info"]["version"]
            for path in ansible_collections.__path__
            if (Path(path) / namespace / name / "MANIFEST.json").exists()
        ]
        assert wanted["version"] in brought, wanted["name"]


def test_the_collection_and_the_project_have_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == load(ROOT / "galaxy.yml")["version"]


def test_the_lock_pins_with_hashes_and_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9][^\s;]*==\S+", lock, flags=re.MULTILINE)
    assert len(pins) > 50
    assert lock.count("--hash=sha256:") > len(pins)
    assert "://" not in lock


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_lock_pins_what_it_asks_for_with_hashes_and_names_no_index(function):
    lock = (ROOT / "lambdas" / function / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9][^\s;]*==\S+", lock, flags=re.MULTILINE)
    assert set(pins) >= set(wanted_by(function))
    assert lock.count("--hash=sha256:") > len(pins)
    assert "://" not in lock


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_tested_with_what_it_brings_along(function):
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert set(groups["dev"]) >= set(wanted_by(function))


def wanted_by(function: str) -> list[str]:
    lines = (ROOT / "lambdas" / function / "requirements.in").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_every_inventory_has_the_same_groups():
    def groups(tree: dict[str, Any]) -> set[str]:
        children = tree.get("children") or {}
        return children.keys() | {name for child in children.values() for name in groups(child or {})}

    found = [groups(load(ROOT / "inventories" / name / "hosts.yml")["all"]) for name in INVENTORIES]
    assert found == [found[0]] * 3


@pytest.mark.parametrize("name", ["staging", "production"])
def test_nothing_of_the_lab_is_in_an_inventory_of_real_hosts(name):
    hosts = load(ROOT / "inventories" / name / "hosts.yml")
    assert hosts["all"]["children"]["lab"] == {"children": {"lab_vendor": {}, "lab_cloud": {}}}
    for path in (ROOT / "inventories" / name / "group_vars").rglob("*.yml"):
        assert not re.search(r"\blab\b|198\.18\.|podman", path.read_text()), path


def test_production_code_knows_of_no_lab():
    code = tracked("roles", "plugins", "lambdas", "playbooks")
    production = [path for path in code if not re.match(r"(roles/lab_|playbooks/lab_?)", str(path.relative_to(ROOT)))]
    assert len(production) > 30
    # Playbooks may import those of the lab, which elsewhere find no hosts.
    word = re.compile(r"(?<![a-z])(lab|ministack|emulator)(?![a-z])(?!_ready\.yml$)", re.IGNORECASE)
    assert [
        f"{path}: {line}" for path in production for line in path.read_text().splitlines() if word.search(line)
    ] == []
