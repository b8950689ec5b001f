#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A delivery stream of Firehose into S3."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firehose_delivery_stream
short_description: Manage a delivery stream of Firehose into S3
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a delivery stream of Amazon Data Firehose that is written to directly, and puts what it
    gets into S3. It waits until a new one can be written to.
  - O(config) has the structure of the API's C(ExtendedS3DestinationConfiguration), in snake_case. Whatever the
    installed botocore knows is accepted; what it does not know is refused before anything is asked of AWS.
  - What is not mentioned stays as it is, and a list that is given is owned whole.
  - Firehose keeps what it is not told, so a setting of O(config) cannot be taken away, only changed. C(null) for one is
    refused.
options:
  name:
    description: Its name.
    type: str
    required: true
  state:
    description: V(absent) deletes it, with what it has not delivered yet.
    type: str
    choices: [present, absent]
    default: present
  config:
    description:
      - "The settings: C(bucket_arn), C(role_arn), C(prefix), C(buffering_hints), C(processing_configuration),
        C(data_format_conversion_configuration) and others, described in
        U(https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html)."
    type: dict
  tags:
    description: All of its tags, but for those of AWS (C(aws:)). Without this option they stay as they are.
    type: dict
  wait_seconds:
    description: How long to wait for a new one.
    type: int
    default: 300
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Put what comes from CloudWatch Logs into S3, decompressed, a folder a day
  steadyfront.fleet.firehose_delivery_stream:
    name: audit
    config:
      bucket_arn: arn:aws:s3:::logs
      role_arn: arn:aws:iam::111122223333:role/audit-firehose
      prefix: "requests/!{timestamp:yyyy-MM-dd}/"
      error_output_prefix: "failed/!{firehose:error-output-type}/"
      processing_configuration:
        enabled: true
        processors:
          - type: Decompression
            parameters: [{parameter_name: CompressionFormat, parameter_value: GZIP}]
"""

RETURN = r"""
delivery_stream:
  description: It, as it is now, or in check mode as it would be, in the form of O(config), with its tags when O(tags)
    is given. Empty when it is absent.
  returned: success
  type: dict
"""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils import named_settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings, SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import once_known

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

CUSTOMS = Customs(
    keys={"ProcessorParameterList": "ParameterName"},
    # The first processor hands on to the next.
    ordered=("ProcessorList",),
    withheld={"ExtendedS3DestinationConfiguration": ("S3BackupConfiguration",)},
)


class DeliveryStream:
    """A delivery stream, as ``named_settings`` has it."""

    path = "config"

    def __init__(self, module: AnsibleAWSModule, client: Any) -> None:
        self._params, self._client, self._name = module.params, client, module.params["name"]
        self._fail = module.fail_json
        self._model = client.meta.service_model
        self.settings = Settings(self._model.shape_for("ExtendedS3DestinationConfiguration"), CUSTOMS, xform_name)
        self._version, self._destination = "", ""
        self._before: dict[str, Any] = {}

    def wanted(self) -> Mapping[str, Any]:
        return self._params["config"] or {}

    def read(self) -> tuple[dict[str, Any], dict[str, str]] | None:
        found = self._describe()
        if found is None:
            return None
        destination = found["Destinations"][0]
        if "ExtendedS3DestinationDescription" not in destination:
            raise SettingsError([f"name is {self._name}, a delivery stream that does not deliver to S3"])
        self._version, self._destination = found["VersionId"], destination["DestinationId"]
        members = self._model.shape_for("ExtendedS3DestinationConfiguration").members
        described = destination["ExtendedS3DestinationDescription"]
        self._before = {name: value for name, value in described.items() if name in members}
        return self._before, self._tags()

    def create(self, config: dict[str, Any], tags: Mapping[str, str]) -> None:
        labels = {"Tags": ansible_dict_to_boto3_tag_list(dict(tags))} if tags else {}
        create = functools.partial(
            self._client.create_delivery_stream,
            DeliveryStreamName=self._name,
            DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration=config,
            **labels,
            aws_retry=True,
        )
        once_known(create, "unable to assume role")
        end = time.monotonic() + self._params["wait_seconds"]
        while (status := (self._describe() or {}).get("DeliveryStreamStatus")) != "ACTIVE":
            if status == "CREATING_FAILED" or time.monotonic() > end:
                self._fail(msg=f"{self._name} is {status}, and not ACTIVE")
            time.sleep(5)

    def update(self, config: dict[str, Any]) -> Callable[[], Any]:
        known = self._model.shape_for("ExtendedS3DestinationUpdate")
        return functools.partial(
            self._client.update_destination,
            DeliveryStreamName=self._name,
            CurrentDeliveryStreamVersionId=self._version,
            DestinationId=self._destination,
            ExtendedS3DestinationUpdate=self.settings.updates(self._before, config, known, self.path),
            aws_retry=True,
        )

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        new, old = compare_aws_tags(before, after)
        if new:
            labels = ansible_dict_to_boto3_tag_list(new)
            self._client.tag_delivery_stream(DeliveryStreamName=self._name, Tags=labels, aws_retry=True)
        if old:
            self._client.untag_delivery_stream(DeliveryStreamName=self._name, TagKeys=old, aws_retry=True)

    def delete(self) -> None:
        self._client.delete_delivery_stream(DeliveryStreamName=self._name, aws_retry=True)

    def _describe(self) -> dict[str, Any] | None:
        try:
            answer = self._client.describe_delivery_stream(DeliveryStreamName=self._name, aws_retry=True)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        return dict(answer["DeliveryStreamDescription"])

    def _tags(self) -> dict[str, str]:
        if self._params["tags"] is None:
            return {}
        answer = self._client.list_tags_for_delivery_stream(DeliveryStreamName=self._name, Limit=50, aws_retry=True)
        return dict(boto3_tag_list_to_ansible_dict(answer["Tags"]))


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "dict"},
            "tags": {"type": "dict"},
            "wait_seconds": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    named_settings.run(module, "firehose", DeliveryStream, "delivery_stream")


if __name__ == "__main__":
    main()
