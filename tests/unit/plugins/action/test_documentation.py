"""What the documentation of modules that run on the controller says is what their actions take."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
import yaml

PLUGINS = "ansible_collections.steadyfront.fleet.plugins"


def contract(options: Mapping[str, Any], nested: str) -> dict[str, Any]:
    """What a caller may rely on: types, defaults and what is required."""
    return {
        name: {
            "type": option["type"],
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "options": contract(option.get(nested) or {}, nested),
        }
        for name, option in options.items()
    }


def documented(module: str) -> dict[str, Any]:
    """The options in a module's documentation and in its fragments, ``steadyfront.fleet.FILE[.NAME]``."""
    documentation = yaml.safe_load(import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION)
    options = documentation["options"]
    for fragment in documentation["extends_documentation_fragment"]:
        _, _, file, *name = fragment.split(".")
        fragments = import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        text = getattr(fragments, name[0].upper() if name else "DOCUMENTATION")
        options = {**yaml.safe_load(text).get("options", {}), **options}
    return options


@pytest.mark.parametrize("name", ["late_writes", "verify_screenings", "verify_traffic"])
def test_documented_options_are_those_that_are_taken(name):
    taken = import_module(f"{PLUGINS}.action.{name}").ARGUMENT_SPEC
    assert contract(documented(name), "suboptions") == contract(taken, "options")
