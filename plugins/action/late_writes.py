# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Action of ``steadyfront.fleet.late_writes``: it runs on the controller. See the module of that name."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic import client
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.client import Target, basic_authorization
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.late import Watch, measure, report, summary
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.plan import InputError, requests, templates
from ansible_collections.steadyfront.fleet.plugins.plugin_utils.traffic.report import save

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "path": {"type": "str", "required": True},
    "body": {"type": "dict", "required": True},
    "list": {"type": "str", "required": True},
    "count": {"type": "int", "default": 500},
    "concurrency": {"type": "int", "default": 5},
    "seed": {"type": "int", "default": 1},
    "timeout_seconds": {"type": "float", "default": 25.0},
    "watch_seconds": {"type": "float", "default": 120.0},
    "every_seconds": {"type": "float", "default": 0.5},
    "user": {"type": "str", "no_log": True},
    "password": {"type": "str", "no_log": True},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "ca_path": {"type": "path"},
    "report_path": {"type": "path"},
}
_RANGES = {
    "count": (1, 100_000),
    "concurrency": (1, 100),
    "timeout_seconds": (0.1, 3600),
    "watch_seconds": (1, 3600),
    "every_seconds": (0.05, 60),
}

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Check the settings, write, watch, and say what was seen."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(ARGUMENT_SPEC)
        if not client.HAS_AIOHTTP:
            raise AnsibleActionFail("aiohttp is missing on the controller: install it with pip install aiohttp.")
        entry = {"method": "POST", "path": options["path"], "weight": 1, "body": options["body"]}
        faults = list(_faults(options))
        try:
            chosen = templates([entry], writes=True, name="late_writes")
        except InputError as error:
            faults += error.faults
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        if self._task.check_mode:
            return {"changed": True}
        user, password = options["user"], options["password"]
        headers = {**(basic_authorization(user, password) if user else {}), **options["headers"]}
        target = Target(options["url"], options["url"], None, headers, options["ca_path"])
        plan = requests(chosen, options["count"], options["seed"], f"late-writes-{secrets.token_hex(4)}")
        watch = Watch(options["list"], options["watch_seconds"], options["every_seconds"])
        try:
            outcomes = asyncio.run(measure(plan, target, options["concurrency"], options["timeout_seconds"], watch))
            figures = summary(outcomes, watch)
            display.display("\n" + report(figures) + "\n")
            if options["report_path"]:
                save(options["report_path"], "late_writes_report_path", figures)
        except InputError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": True, **figures}


def _faults(options: Mapping[str, Any]) -> Iterator[str]:
    for option, (least, most) in _RANGES.items():
        if not least <= options[option] <= most:
            yield f"late_writes_{option} is {options[option]}: a number from {least} to {most}."
    if "{unique}" not in options["body"].values():
        yield "late_writes_body has no field that is '{unique}': without it one write cannot be told from another."
    try:
        options["list"].format_map(options["body"])
    except (KeyError, ValueError, IndexError):
        yield (
            f"late_writes_list is {options['list']!r}: a path in which only fields of late_writes_body "
            f"({', '.join(options['body'])}) stand in braces."
        )
    if bool(options["user"]) != bool(options["password"]):
        yield "verify_user or verify_password is missing: give both, or neither."
