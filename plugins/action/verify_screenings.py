# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Action of ``steadyfront.fleet.verify_screenings``: it runs on the controller. See the module of that name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.steadyfront.fleet.plugins.action.verify_traffic import ARGUMENT_SPEC as TRAFFIC
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic import client, screenings, table
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls, ControlsError
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.interruption import interruptible
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import InputError, requests
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Users
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.settings import Settings, settings

_SHARED = ("seed", "timeout_seconds", "user", "password", "headers", "ca_path", "controls_url", "faults")
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "target": {"type": "dict", "required": True, "options": TRAFFIC["targets"]["options"]},
    "patients": {"type": "str", "default": "1-200"},
    "count": {"type": "int", "default": 100},
    "concurrency": {"type": "int", "default": 5},
    "wait_seconds": {"type": "int", "default": 180},
    **{name: TRAFFIC[name] for name in _SHARED},
}
_RANGES = {"count": (1, 100_000), "concurrency": (1, 1_000), "wait_seconds": (1, 3_600)}

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Screen patients, wait for the notes, print the figures, judge."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENT_SPEC)
        if not client.HAS_AIOHTTP:
            raise AnsibleActionFail("aiohttp is missing on the controller: install it with pip install aiohttp.")
        try:
            wanted = _settings(options)
            would = "Would screen" if self._task.check_mode else "Screening"
            display.display(f"{would} patients {table.number(wanted.count)} times {wanted.targets[0].name}.")
            if self._task.check_mode:
                return {"changed": True, "figures": {}}
            with interruptible():
                figures, waited = _measure(wanted, options["wait_seconds"])
        except (InputError, ControlsError) as error:
            raise AnsibleActionFail(str(error)) from None

        display.display("\n" + screenings.table(figures, waited) + "\n")
        if found := list(screenings.problems(figures, waited)):
            raise AnsibleActionFail("\n".join(found))
        return {"changed": True, "figures": figures}


def _settings(options: Mapping[str, Any]) -> Settings:
    """What this action has alone, and then as the traffic's. Raises InputError."""
    faults = [
        f"verify_screenings.{name} is {options[name]}: a number from {least} to {most}."
        for name, (least, most) in _RANGES.items()
        if not least <= options[name] <= most
    ]
    if faults:
        raise InputError(faults)
    only = {"targets": [options["target"]], "requests": [screenings.template(options["patients"])], "writes": False}
    return settings({**options, **only, **dict.fromkeys(("attempts", "max_safe_failures_percent", "report_path"))})


def _measure(wanted: Settings, wait_seconds: int) -> tuple[dict[str, Any], float]:
    """The figures, and how long the last note was waited for."""
    name = f"verify-{secrets.token_hex(4)}"
    asked = screenings.Screenings(wanted.targets[0], Users(wanted.concurrency), wanted.timeout_seconds, name)
    controls = Controls(wanted.controls_url) if wanted.controls_url else None
    if controls:
        controls.clear_ledger()
    with controls.faults(wanted.faults, display.display) if controls and wanted.faults else nullcontext():
        plan = requests(wanted.templates, wanted.count, wanted.seed, name)
        asked.screen(plan, lambda result: display.display(table.progress(result, len(result.target))))
        waited = asked.wait(wait_seconds, lambda missing: display.display(f"{table.number(missing)} have no note yet"))
    # Once more all of them, without faults: a second note would be seen.
    asked.look(set(asked.patients.values()))
    return asked.figures(controls.ledger() if controls else None), waited
