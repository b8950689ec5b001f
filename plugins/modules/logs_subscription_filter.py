#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A subscription to a log group: where else its events go."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_subscription_filter
short_description: Manage where else the events of a log group go
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a subscription filter of a log group of CloudWatch Logs.
  - Options that are not given keep what they are.
options:
  log_group:
    description: The log group. In a check it need not be there yet.
    type: str
    required: true
  name:
    description: The subscription's name.
    type: str
    required: true
  state:
    description: V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  destination_arn:
    description: What gets the events, such as a delivery stream of Firehose. Must be given for a new one.
    type: str
  role_arn:
    description: The role by which CloudWatch Logs may write there.
    type: str
  filter_pattern:
    description: Which events. A new one without it gets all.
    type: str
  distribution:
    description: Whether a Kinesis stream gets the events V(ByLogStream) or V(Random).
    type: str
    choices: [Random, ByLogStream]
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Give every event to Firehose too
  steadyfront.fleet.logs_subscription_filter:
    log_group: /fleet/requests
    name: archive
    destination_arn: arn:aws:firehose:eu-central-1:111122223333:deliverystream/archive
    role_arn: arn:aws:iam::111122223333:role/archive-logs
"""

RETURN = r"""
subscription_filter:
  description: It, as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import named_settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import once_known

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

CUSTOMS = Customs(defaults={"PutSubscriptionFilterRequest": {"filterPattern": ""}})


class SubscriptionFilter:
    """A subscription filter, as ``named_settings`` has it."""

    path = ""

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self._params, self._client, self._check = module.params, client, module.check_mode
        self._shape = client.meta.service_model.shape_for("PutSubscriptionFilterRequest")
        self.settings = Settings(self._shape, CUSTOMS, xform_name)

    def wanted(self) -> Mapping[str, Any]:
        given = named_settings.given(self._params, "destination_arn", "role_arn", "filter_pattern", "distribution")
        return {"log_group_name": self._params["log_group"], "filter_name": self._params["name"], **given}

    def read(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        group, name = self._params["log_group"], self._params["name"]
        pages = self._client.get_paginator("describe_subscription_filters")
        try:
            found = [
                item
                for page in pages.paginate(logGroupName=group, filterNamePrefix=name)
                for item in page["subscriptionFilters"]
                if item["filterName"] == name
            ]
        except is_boto3_error_code("ResourceNotFoundException"):
            if not self._check:
                raise
            return None
        kept = [{key: value for key, value in item.items() if key in self._shape.members} for item in found]
        return (kept[0], {}) if kept else None

    def create(self, config: dict[str, Any], tags: Mapping[str, str]) -> None:
        if tags:
            raise AssertionError("subscriptions have none")
        self.update(config)()

    def update(self, config: dict[str, Any]) -> Callable[[], Any]:
        # CloudWatch Logs sends a message to try it.
        put = functools.partial(self._client.put_subscription_filter, **config, aws_retry=True)
        return functools.partial(once_known, put, "Could not deliver test message")

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Subscriptions have none."""

    def delete(self) -> None:
        self._client.delete_subscription_filter(
            logGroupName=self._params["log_group"], filterName=self._params["name"], aws_retry=True
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "log_group": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "destination_arn": {"type": "str"},
            "role_arn": {"type": "str"},
            "filter_pattern": {"type": "str"},
            "distribution": {"type": "str", "choices": ["Random", "ByLogStream"]},
        },
        supports_check_mode=True,
    )
    named_settings.run(module, "logs", SubscriptionFilter, "subscription_filter")


if __name__ == "__main__":
    main()
