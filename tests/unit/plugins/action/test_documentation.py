"""What the documentation of modules that run on the controller says is what their actions take."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.action import late_writes, verify_screenings, verify_traffic

ACTIONS = {"late_writes": late_writes, "verify_screenings": verify_screenings, "verify_traffic": verify_traffic}
CHECKOUT = Path(__file__).parents[4]


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


def test_documented_options_are_those_that_are_taken():
    named = {f"steadyfront.fleet.{name}": action for name, action in ACTIONS.items()}
    asked = [Path(sys.executable).with_name("ansible-doc"), "--json", *named]
    shown = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name, found in json.loads(shown).items():
        assert contract(found["doc"]["options"], "suboptions") == contract(named[name].ARGUMENT_SPEC, "options")
