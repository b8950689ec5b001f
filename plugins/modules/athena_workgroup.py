#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A workgroup of Athena: where its queries' results go, and how much they may read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: athena_workgroup
short_description: Manage a workgroup of Athena
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a workgroup of Amazon Athena.
  - O(configuration) has the structure of the API's C(WorkGroupConfiguration), in snake_case. Whatever the installed
    botocore knows is accepted; what it does not know is refused before anything is asked of AWS.
  - What is not mentioned stays as it is, and C(null) takes a setting away.
options:
  name:
    description: Its name.
    type: str
    required: true
  state:
    description: V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: A note to people.
    type: str
  enabled:
    description: Whether queries may run in it. A new one is enabled.
    type: bool
  configuration:
    description:
      - "The settings: C(result_configuration), C(enforce_work_group_configuration), C(bytes_scanned_cutoff_per_query),
        C(publish_cloud_watch_metrics_enabled) and others, described in
        U(https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html)."
    type: dict
  tags:
    description: All of its tags, but for those of AWS (C(aws:)). Without this option they stay as they are.
    type: dict
  account_id:
    description: The number of the account. With O(tags) it is asked of STS where it is not given.
    type: str
  delete_queries:
    description: Whether a workgroup that still has the history of queries may be deleted together with it.
    type: bool
    default: false
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let queries read 1 GB at most, and keep their results in one place
  steadyfront.fleet.athena_workgroup:
    name: audit
    configuration:
      enforce_work_group_configuration: true
      bytes_scanned_cutoff_per_query: 1000000000
      result_configuration:
        output_location: s3://audit-results/queries/
        encryption_configuration: {encryption_option: SSE_S3}
"""

RETURN = r"""
workgroup:
  description: It, as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    name: {description: Its name., type: str, returned: always}
    description: {description: The note., type: str, returned: when there is one}
    state: {description: V(ENABLED) or V(DISABLED)., type: str, returned: always}
    configuration: {description: Its settings., type: dict, returned: when there are any}
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

CUSTOMS = Customs(
    derived={"EngineVersion": ("EffectiveEngineVersion",), "WorkGroup": ("CreationTime", "EngineVersion")},
    defaults={"WorkGroup": {"State": "ENABLED"}},
)


class Workgroup:
    """A workgroup, as ``named_settings`` has it; its settings are those of the API's WorkGroup."""

    path = ""

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self._params, self._client, self._name = module.params, client, module.params["name"]
        self._before: dict[str, Any] = {}
        self._model = client.meta.service_model
        self.settings = Settings(self._model.shape_for("WorkGroup"), CUSTOMS, xform_name)
        self._tags = athena_api.Tags(client, module, f"workgroup/{self._name}")

    def wanted(self) -> Mapping[str, Any]:
        enabled = self._params["enabled"]
        state = {} if enabled is None else {"state": "ENABLED" if enabled else "DISABLED"}
        return {"name": self._name, **state, **named_settings.given(self._params, "description", "configuration")}

    def read(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        try:
            found = self._client.get_work_group(WorkGroup=self._name, aws_retry=True)["WorkGroup"]
        except is_boto3_error_message("is not found"):
            return None
        self._before = found
        return found, self._tags.read()

    def create(self, config: dict[str, Any], tags: Mapping[str, str]) -> None:
        self._client.create_work_group(
            Name=self._name,
            Description=config.get("Description", ""),
            Configuration=config.get("Configuration", {}),
            Tags=athena_api.tag_list(tags),
            aws_retry=True,
        )
        if config["State"] != "ENABLED":
            self._client.update_work_group(WorkGroup=self._name, State=config["State"], aws_retry=True)

    def update(self, config: dict[str, Any]) -> Callable[[], Any]:
        return functools.partial(
            self._client.update_work_group,
            WorkGroup=self._name,
            Description=config.get("Description", ""),
            State=config["State"],
            ConfigurationUpdates=self.settings.updates(
                self._before.get("Configuration", {}),
                config.get("Configuration", {}),
                self._model.shape_for("WorkGroupConfigurationUpdates"),
                "configuration",
            ),
            aws_retry=True,
        )

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._tags.change(before, after)

    def delete(self) -> None:
        self._client.delete_work_group(
            WorkGroup=self._name, RecursiveDeleteOption=self._params["delete_queries"], aws_retry=True
        )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
            "configuration": {"type": "dict"},
            "tags": {"type": "dict"},
            "account_id": {"type": "str"},
            "delete_queries": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    named_settings.run(module, "athena", Workgroup, "workgroup")


if __name__ == "__main__":
    main()
