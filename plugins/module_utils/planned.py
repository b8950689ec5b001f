# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Modules that manage several resources of one kind in one task: all are read and planned before one is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import SettingsError

Step = Callable[[], Any]


@dataclass
class Plan:
    """What becomes of one resource: ``steps`` are the calls that make ``after`` of ``before``. Where there is nothing
    to do there are none, and both are the same."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def keep(self, option: str, before: Any, after: Any, step: Step) -> None:
        """Plan one of its settings; None is none."""
        for side, value in ((self.before, before), (self.after, after)):
            if value is not None:
                side[option] = value
        if before != after:
            self.steps.append(step)


def apply(module: AnsibleAWSModule, plans: Mapping[str, Plan], result: str) -> None:
    """Make it so, unless this is a check, and exit; what they are then is in ``result``, by name."""
    changed = any(plan.steps for plan in plans.values())
    if not module.check_mode:
        for plan in plans.values():
            for step in plan.steps:
                step()
    before = {name: plan.before for name, plan in plans.items() if plan.before}
    after = {name: plan.after for name, plan in plans.items() if plan.after}
    module.exit_json(changed=changed, diff={"before": before, "after": after}, **{result: after})


def refuse_duplicates(option: str, names: Sequence[str]) -> None:
    """Raises SettingsError for a name that is there twice."""
    twice = [number for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise SettingsError([f"{option}[{number}].name is {names[number]}, as that of another is" for number in twice])


def policy_after(current: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The policy document as it has to be: the current one where both allow the same, None for an empty one."""
    if not wanted:
        return None
    if current is not None and not compare_policies(dict(current), json.loads(json.dumps(wanted))):
        return dict(current)
    return dict(wanted)
