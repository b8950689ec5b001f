#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Log groups, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_groups
short_description: Manage log groups of CloudWatch Logs
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes log groups, and changes those that differ. Groups that are not named stay as they are; none is deleted.
options:
  groups:
    description: The log groups.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The group's name.
        type: str
        required: true
      retention_days:
        description: How long its events are kept; V(0) is for ever. What is not given stays as it is.
        type: int
        choices: [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
                  3653]
      tags:
        description: Its tags. Those that are not given are taken away; without any all stay as they are.
        type: dict
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep what the proxies log
  steadyfront.fleet.logs_groups:
    groups:
      - {name: /fleet/requests, retention_days: 400}
"""

RETURN = r"""
groups:
  description:
    - The groups by their names, as they are now, or in check mode as they would be, in the form of O(groups). Of each
      there is what was given.
  returned: success
  type: dict
"""

import functools
from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import tags_after
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudwatch_agent import RETENTION_DAYS


class Groups:
    """What CloudWatch Logs has of groups, and the calls that change it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def plan(self, given: Mapping[str, Any]) -> planned.Plan:
        """What makes the group what is given."""
        name, days, tags = given["name"], given["retention_days"], given["tags"]
        found = self._read(name)
        plan = planned.Plan(before={"name": name} if found else {}, after={"name": name})
        if not found:
            new = tags_after({}, tags or {})
            plan.steps.append(functools.partial(self._create, name, new))
            plan.after |= {"tags": new} if new else {}
        elif tags is not None:
            arn = arn_of(found)
            current = self._client.list_tags_for_resource(resourceArn=arn, aws_retry=True).get("tags", {})
            after = tags_after(current, tags)
            plan.keep("tags", current, after, functools.partial(self._tag, arn, current, after))
        if days is not None:
            kept = found.get("retentionInDays", 0) if found else None
            plan.keep("retention_days", kept, days, functools.partial(self._keep, name, days))
        return plan

    def _read(self, name: str) -> dict[str, Any]:
        for page in self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
            for group in page["logGroups"]:
                if group["logGroupName"] == name:
                    return dict(group)
        return {}

    def _create(self, name: str, tags: Mapping[str, str]) -> None:
        try:
            self._client.create_log_group(logGroupName=name, aws_retry=True, **({"tags": tags} if tags else {}))
        except is_boto3_error_code("ResourceAlreadyExistsException"):
            # Whoever logs there was faster: the CloudWatch agent makes the group that it finds missing.
            self._tag(arn_of(self._read(name)), {}, tags)

    def _keep(self, name: str, days: int) -> None:
        if days:
            self._client.put_retention_policy(logGroupName=name, retentionInDays=days, aws_retry=True)
        else:
            self._client.delete_retention_policy(logGroupName=name, aws_retry=True)

    def _tag(self, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        gone = sorted(before.keys() - after.keys())
        new = {key: value for key, value in after.items() if before.get(key) != value}
        if gone:
            self._client.untag_resource(resourceArn=arn, tagKeys=gone, aws_retry=True)
        if new:
            self._client.tag_resource(resourceArn=arn, tags=new, aws_retry=True)


def arn_of(group: Mapping[str, Any]) -> str:
    """As tags are asked for by it."""
    return str(group["arn"]).removesuffix(":*")


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    given = module.params["groups"]
    planned.refuse_duplicates("groups", [group["name"] for group in given])
    groups = Groups(client)
    planned.apply(module, {group["name"]: groups.plan(group) for group in given}, "groups")


def main() -> None:
    group = {
        "name": {"type": "str", "required": True},
        "retention_days": {"type": "int", "choices": [0, *RETENTION_DAYS]},
        "tags": {"type": "dict"},
    }
    module = AnsibleAWSModule(
        argument_spec={"groups": {"type": "list", "elements": "dict", "required": True, "options": group}},
        supports_check_mode=True,
    )
    guarded(module, "logs", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
