#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Queues, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_queues
short_description: Manage queues of SQS
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes queues, and changes those that differ. Queues that are not named stay as they are; none is deleted.
options:
  queues:
    description:
      - The queues, in the order in which they are made. One that others send their dead letters to comes before them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The queue's name.
        type: str
        required: true
      attributes:
        description:
          - Its attributes, by the API's names in snake_case. Those that are not mentioned stay as they are. They are
            described in U(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html).
          - What is JSON there, such as C(redrive_policy), is a mapping here.
        type: dict
        default: {}
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let results wait, and keep what cannot be handled
  steadyfront.fleet.sqs_queues:
    queues:
      - name: notes-dead
        attributes: {message_retention_period: 1209600}
      - name: notes
        attributes:
          visibility_timeout: 180
          redrive_policy: {deadLetterTargetArn: "{{ dead_letters_arn }}", maxReceiveCount: 100}
"""

RETURN = r"""
queues:
  description:
    - The queues by their names, as they are now, or in check mode as they would be, in the form of O(queues). Of each
      there is what was given.
  returned: success
  type: dict
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

UNKNOWN = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def as_text(value: Any) -> str:
    """A value as the API takes it."""
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, sort_keys=True)
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_value(text: str) -> Any:
    """A text of the API as what it means, so that two that mean the same are equal. Numbers stay texts."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    # Numbers in a policy may be texts as well.
    return {key: str(item) for key, item in value.items()} if isinstance(value, dict) else text


def parse(client: Any, queue: Mapping[str, Any], path: str) -> dict[str, str]:
    """The attributes that are given, by the API's names. Raises SettingsError."""
    names = client.meta.service_model.shape_for("QueueAttributeName").enum
    known = {xform_name(name): name for name in names if name != "All"}
    unknown = sorted(queue["attributes"].keys() - known.keys())
    if unknown:
        allowed = ", ".join(sorted(known))
        raise SettingsError([f"{path}.attributes.{name} is unknown: allowed are {allowed}" for name in unknown])
    return {known[option]: as_text(value) for option, value in queue["attributes"].items()}


def plan(client: Any, name: str, wanted: Mapping[str, str]) -> planned.Plan:
    """What makes the queue what is given."""
    try:
        url = client.get_queue_url(QueueName=name, aws_retry=True)["QueueUrl"]
    except is_boto3_error_code(UNKNOWN):
        create = functools.partial(client.create_queue, QueueName=name, Attributes=dict(wanted), aws_retry=True)
        return planned.Plan(after=shown(name, wanted), steps=[create])
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"], aws_retry=True).get("Attributes", {})
    current = {attribute: found[attribute] for attribute in wanted if attribute in found}
    result = planned.Plan(before=shown(name, current), after=shown(name, wanted))
    if result.before != result.after:
        step = functools.partial(client.set_queue_attributes, QueueUrl=url, Attributes=dict(wanted), aws_retry=True)
        result.steps.append(step)
    return result


def shown(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    values = {xform_name(attribute): as_value(text) for attribute, text in attributes.items()}
    return {"name": name, **({"attributes": values} if values else {})}


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    given = module.params["queues"]
    planned.refuse_duplicates("queues", [queue["name"] for queue in given])
    wanted = {queue["name"]: parse(client, queue, f"queues[{number}]") for number, queue in enumerate(given)}
    planned.apply(module, {name: plan(client, name, wanted[name]) for name in wanted}, "queues")


def main() -> None:
    queue = {"name": {"type": "str", "required": True}, "attributes": {"type": "dict", "default": {}}}
    module = AnsibleAWSModule(
        argument_spec={"queues": {"type": "list", "elements": "dict", "required": True, "options": queue}},
        supports_check_mode=True,
    )
    guarded(module, "sqs", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
