# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Action of each module of the group ``aws`` (meta/runtime.yml): where they are to run on the controller, they run in
the process that Ansible has forked for the task.

Sent to the controller as to a host, a module would be packed, unpacked, compiled and given a boto3 anew each time,
which takes three times as long as what it does. Ansible loads an action before it forks: what is imported here is
imported once a run. ``ansible.netcommon`` has the same for network devices, as ``import_modules``.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from typing import Any

from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.plugins.action.normal import ActionModule as NormalActionModule

with suppress(ImportError):  # needed before ansible-core 2.21 only
    from ansible.vars.clean import remove_internal_keys

_UTILS = "ansible_collections.steadyfront.fleet.plugins.module_utils"
_PROFILE = "legacy"

with suppress(ImportError):  # the module says so
    for _name in ("boto3", f"{_UTILS}.aws_calls", f"{_UTILS}.planned"):
        importlib.import_module(_name)


class AwsAction(NormalActionModule):  # type: ignore[misc]
    """Run the module of the task here, or send it where it is to run."""

    def _execute_module(self, task_vars: Mapping[str, Any], wrap_async: bool) -> dict[str, Any]:
        if wrap_async or not self._is_here(task_vars):
            return dict(super()._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        found = self._shared_loader_obj.module_loader.find_plugin_with_context(
            self._task.action, collection_list=self._task.collections
        )
        module = importlib.import_module(found.plugin_resolved_name)
        self._update_module_args(self._task.action, self._task.args, task_vars)
        encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": self._task.args}, cls=encoder).encode()
        basic._ANSIBLE_PROFILE = _PROFILE
        with redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
            module.main()
        result = self._parse_returned_data({"stdout": said.getvalue(), "stderr": "", "rc": 0}, _PROFILE)
        if isinstance(result, dict):  # of ansible-core before 2.21
            remove_internal_keys(result)
            return result
        result.remove_internal_keys()
        return dict(result.as_result_dict(for_round_trip=True))

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether the module would be run by this Python, as this user, in this environment."""
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return (
            self._connection.transport == "local"
            and self._connection.become is None
            and not any(self._task.environment)
            and interpreter == sys.executable
        )
