# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Action of ``steadyfront.fleet.verify_traffic``: it runs on the controller. See the module of that name."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic import client, table
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.controls import Controls, ControlsError
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.figures import figures
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.interruption import interruptible
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.limits import problems
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.notes import announcement, closing
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import InputError, requests
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.probe import ProbeError, probe
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.report import save
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.run import Result, Users, run
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.settings import Settings, settings

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "targets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "host_header": {"type": "str"},
            "baseline": {"type": "bool", "default": False},
        },
    },
    "requests": {"type": "list", "elements": "dict", "required": True},
    "writes": {"type": "bool", "default": False},
    "count": {"type": "int", "default": 4000},
    "concurrency": {"type": "int", "default": 50},
    "seed": {"type": "int", "default": 1},
    "timeout_seconds": {"type": "float", "default": 60.0},
    "user": {"type": "str", "no_log": True},
    "password": {"type": "str", "no_log": True},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "ca_path": {"type": "path"},
    "controls_url": {"type": "str"},
    "faults": {"type": "dict", "default": {}},
    "attempts": {"type": "int"},
    "max_safe_failures_percent": {"type": "float"},
    "report_path": {"type": "path"},
}

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Check the settings, ask each target once, measure them one after another, print the table, judge."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENT_SPEC)
        if not client.HAS_AIOHTTP:
            raise AnsibleActionFail("aiohttp is missing on the controller: install it with pip install aiohttp.")
        try:
            wanted = settings(options)
            display.display(announcement(wanted, self._task.check_mode))
            if self._task.check_mode:
                return {"changed": options["writes"], "targets": []}
            with interruptible():
                measured = _measure(wanted)
            display.display("\n" + table.table(measured, wanted.baseline, closing(measured, wanted)) + "\n")
            if wanted.report_path:
                save(wanted.report_path, "verify_report_path", {"targets": measured})
        except (InputError, ProbeError, ControlsError) as error:
            raise AnsibleActionFail(str(error)) from None

        judged = [target for target in measured if target["name"] != wanted.baseline]
        found = [problem for target in judged for problem in problems(target, wanted.limits)]
        if found:
            raise AnsibleActionFail("\n".join(found))
        return {"changed": options["writes"], "targets": measured}


def _measure(wanted: Settings) -> list[dict[str, Any]]:
    """Every target's figures, in the order of the targets."""
    name_width = max(len(target.name) for target in wanted.targets)
    run_id = f"verify-{secrets.token_hex(4)}"
    plans = [requests(wanted.templates, wanted.count, wanted.seed, f"{run_id}-{n}") for n in range(len(wanted.targets))]
    for target, plan in zip(wanted.targets, plans, strict=True):
        probe(target, plan, wanted.timeout_seconds)

    def tell(result: Result) -> None:
        display.display(table.progress(result, name_width))

    results = []
    controls = Controls(wanted.controls_url) if wanted.controls_url else None
    if controls:
        controls.clear_ledger()
    with controls.faults(wanted.faults, display.display) if controls and wanted.faults else nullcontext():
        for target, plan in zip(wanted.targets, plans, strict=True):
            results.append(run(plan, target, Users(wanted.concurrency), wanted.timeout_seconds, tell))
            tell(results[-1])
    ledger = controls.ledger() if controls else None
    return [figures(result, ledger) for result in results]
