#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A table of the Glue Data Catalog, and the database that it is in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: glue_table
short_description: Manage a table of the Glue Data Catalog
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a table or a view by which Athena reads objects of S3. The objects stay.
  - O(config) has the structure of the API's C(TableInput), in snake_case. Whatever the installed botocore knows is
    accepted; what it does not know is refused before anything is asked of AWS.
  - What is not mentioned stays as it is, a list that is given is owned whole, and C(null) takes a setting away.
options:
  database:
    description: The database that it is in. It is created when it is not there, and never deleted.
    type: str
    required: true
  name:
    description: Its name, in small letters.
    type: str
    required: true
  state:
    description: V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  config:
    description:
      - "The settings: C(table_type), C(parameters), C(partition_keys), C(storage_descriptor), C(view_original_text) and
        others, described in U(https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html)."
    type: dict
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Describe Parquet files, a folder a day, whose partitions need not be told to Glue
  steadyfront.fleet.glue_table:
    database: audit
    name: requests
    config:
      table_type: EXTERNAL_TABLE
      partition_keys: [{name: day, type: string}]
      parameters:
        projection.enabled: "true"
        projection.day.type: date
        projection.day.format: yyyy-MM-dd
        projection.day.range: NOW-400DAYS,NOW
        storage.location.template: s3://logs/requests/${day}/
      storage_descriptor:
        location: s3://logs/requests/
        columns: [{name: time, type: bigint}, {name: message, type: string}]
        input_format: org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat
        output_format: org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat
        serde_info: {serialization_library: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe}
"""

RETURN = r"""
table:
  description: It, as it is now, or in check mode as it would be, in the form of O(config). Empty when it is absent.
  returned: success
  type: dict
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import named_settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings, SettingsError

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

# The order of columns is that of SELECT *.
CUSTOMS = Customs(keys={"ColumnList": "Name"}, ordered=("ColumnList", "NameStringList", "OrderList"))


class Table:
    """A table, as ``named_settings`` has it."""

    path = "config"

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self._params, self._client = module.params, client
        self._database, self._name = module.params["database"], module.params["name"]
        self._shape = client.meta.service_model.shape_for("TableInput")
        self.settings = Settings(self._shape, CUSTOMS, xform_name)

    def wanted(self) -> Mapping[str, Any]:
        config = self._params["config"] or {}
        if "name" in config:
            raise SettingsError(["config.name is what name is: leave it out"])
        return {**config, "name": self._name}

    def read(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        try:
            found = self._client.get_table(DatabaseName=self._database, Name=self._name, aws_retry=True)["Table"]
        except is_boto3_error_code("EntityNotFoundException"):
            return None
        return {name: value for name, value in found.items() if name in self._shape.members}, {}

    def create(self, config: dict[str, Any], tags: Mapping[str, str]) -> None:
        if tags:
            raise AssertionError("tables have none")
        try:
            self._client.get_database(Name=self._database, aws_retry=True)
        except is_boto3_error_code("EntityNotFoundException"):
            self._client.create_database(DatabaseInput={"Name": self._database}, aws_retry=True)
        self._client.create_table(DatabaseName=self._database, TableInput=config, aws_retry=True)

    def update(self, config: dict[str, Any]) -> Callable[[], Any]:
        return functools.partial(
            self._client.update_table, DatabaseName=self._database, TableInput=config, aws_retry=True
        )

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Tables have none."""

    def delete(self) -> None:
        self._client.delete_table(DatabaseName=self._database, Name=self._name, aws_retry=True)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "database": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    named_settings.run(module, "glue", Table, "table")


if __name__ == "__main__":
    main()
