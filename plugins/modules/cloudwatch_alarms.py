#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Alarms, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_alarms
short_description: Manage alarms of CloudWatch on metrics
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes alarms, and changes those that differ. Alarms that are not named stay as they are.
  - An alarm has the structure of the API's request, in snake_case. Whatever the installed botocore knows is accepted;
    what it does not know is refused before anything is asked of AWS.
options:
  alarms:
    description:
      - The alarms, told apart by C(alarm_name). What an alarm does not mention stays as it is. They are described in
        U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
    type: list
    elements: dict
    required: true
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Call somebody when a message is in the dead-letter queue
  steadyfront.fleet.cloudwatch_alarms:
    alarms:
      - alarm_name: notes-dead
        namespace: AWS/SQS
        metric_name: ApproximateNumberOfMessagesVisible
        dimensions: [{name: QueueName, value: notes-dead}]
        statistic: Maximum
        period: 300
        evaluation_periods: 1
        comparison_operator: GreaterThanOrEqualToThreshold
        threshold: 1
        alarm_actions: ["{{ topic_arn }}"]
"""

RETURN = r"""
alarms:
  description: The alarms as they are now, or in check mode as they would be, in the form of O(alarms).
  returned: success
  type: list
  elements: dict
"""

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings, SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

# Tags are no settings of an alarm: a request for one that is there ignores them.
CUSTOMS = Customs(keys={"Dimensions": "Name"}, withheld={"PutMetricAlarmInput": ["Tags"]})
# As many as one question may have.
MOST_NAMES = 100


def parsed(settings: Settings, alarms: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The alarms by name. Raises SettingsError with the faults of all of them."""
    found, faults = {}, []
    for number, alarm in enumerate(alarms):
        path = f"alarms[{number}]"
        try:
            wanted = settings.parse(alarm, path)
        except SettingsError as error:
            faults += error.faults
            continue
        faults += [f"{option} is missing" for option in settings.missing(wanted, path)]
        name = wanted.get("AlarmName")
        if name in found:
            faults.append(f"{path}.alarm_name is {name}, as that of another is")
        found[name] = wanted
    if faults:
        raise SettingsError(faults)
    return found


def described(client: Any, names: list[str]) -> Iterator[dict[str, Any]]:
    """Those that are there. Without names CloudWatch would tell of all that the account has."""
    pages = client.get_paginator("describe_alarms")
    for start in range(0, len(names), MOST_NAMES):
        for page in pages.paginate(AlarmNames=names[start : start + MOST_NAMES], AlarmTypes=["MetricAlarm"]):
            yield from page["MetricAlarms"]


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    shape = client.meta.service_model.shape_for("PutMetricAlarmInput")
    settings = Settings(shape, CUSTOMS, xform_name)
    wanted = parsed(settings, module.params["alarms"])
    there = described(client, list(wanted))
    # Without what an alarm has come to: its state, and since when.
    current = {alarm["AlarmName"]: {name: alarm[name] for name in shape.members if name in alarm} for alarm in there}
    planned = {name: settings.overlay(current.get(name, {}), alarm) for name, alarm in wanted.items()}
    before = {name: settings.options(alarm, str) for name, alarm in current.items()}
    after = {name: settings.options(alarm, str) for name, alarm in planned.items()}
    differing = [name for name in planned if before.get(name) != after[name]]
    if not module.check_mode:
        for name in differing:
            client.put_metric_alarm(**planned[name], aws_retry=True)
    module.exit_json(changed=bool(differing), alarms=list(after.values()), diff={"before": before, "after": after})


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"alarms": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    guarded(module, "cloudwatch", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
