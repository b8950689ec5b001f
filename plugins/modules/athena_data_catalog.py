#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A data catalog of Athena: another place than Glue to take tables from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: athena_data_catalog
short_description: Manage a data catalog of Athena
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a data catalog of Amazon Athena, such as that of the connector for CloudWatch.
  - What is not mentioned stays as it is.
options:
  name:
    description: Its name, by which queries know it. It is unique in the account, whatever its case.
    type: str
    required: true
  state:
    description: V(absent) deletes it. What it leads to stays.
    type: str
    choices: [present, absent]
    default: present
  type:
    description: What it leads to. Must be given for a new one.
    type: str
    choices: [LAMBDA, GLUE, HIVE, FEDERATED]
  description:
    description: A note to people.
    type: str
  parameters:
    description:
      - All of its parameters. V(LAMBDA) has C(function), the ARN of a function, or C(metadata-function) and
        C(record-function).
    type: dict
  tags:
    description: All of its tags, but for those of AWS (C(aws:)). Without this option they stay as they are.
    type: dict
  account_id:
    description: The number of the account. With O(tags) it is asked of STS where it is not given.
    type: str
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let Athena query log groups
  steadyfront.fleet.athena_data_catalog:
    name: cloudwatch
    type: LAMBDA
    parameters: {function: "arn:aws:lambda:eu-central-1:111122223333:function:athena-cloudwatch"}
"""

RETURN = r"""
data_catalog:
  description: It, as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str, returned: always}
    type: {description: What it leads to., type: str, returned: always}
    description: {description: The note., type: str, returned: when there is one}
    parameters: {description: Its parameters., type: dict, returned: when there are any}
    tags: {description: Its tags., type: dict, returned: when O(tags) is given}
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import athena_api, named_settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

CUSTOMS = Customs(derived={"DataCatalog": ("Status", "ConnectionType", "Error")})
OPTIONS = ("name", "type", "description", "parameters")


class DataCatalog:
    """A data catalog, as ``named_settings`` has it."""

    path = ""

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self._params, self._client, self._name = module.params, client, module.params["name"]
        self.settings = Settings(client.meta.service_model.shape_for("DataCatalog"), CUSTOMS, xform_name)
        self._tags = athena_api.Tags(client, module, f"datacatalog/{self._name}")

    def wanted(self) -> Mapping[str, Any]:
        return named_settings.given(self._params, *OPTIONS)

    def read(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        try:
            found = self._client.get_data_catalog(Name=self._name, aws_retry=True)["DataCatalog"]
        except is_boto3_error_message("was not found"):
            return None
        return found, self._tags.read()

    def create(self, config: dict[str, Any], tags: Mapping[str, str]) -> None:
        self._client.create_data_catalog(**config, Tags=athena_api.tag_list(tags), aws_retry=True)

    def update(self, config: dict[str, Any]) -> Callable[[], Any]:
        # What is not told is forgotten.
        return functools.partial(self._client.update_data_catalog, **config, aws_retry=True)

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._tags.change(before, after)

    def delete(self) -> None:
        self._client.delete_data_catalog(Name=self._name, aws_retry=True)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "type": {"type": "str", "choices": ["LAMBDA", "GLUE", "HIVE", "FEDERATED"]},
            "description": {"type": "str"},
            "parameters": {"type": "dict"},
            "tags": {"type": "dict"},
            "account_id": {"type": "str"},
        },
        supports_check_mode=True,
    )
    named_settings.run(module, "athena", DataCatalog, "data_catalog")


if __name__ == "__main__":
    main()
