# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What workgroups and data catalogs of Athena have in common: their ARNs and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.iam import get_aws_account_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return list(ansible_dict_to_boto3_tag_list(dict(tags)))


class Tags:
    """The tags of one of them; without the option ``tags`` they are not asked for."""

    def __init__(self, client: Any, module: AnsibleAWSModule, resource: str) -> None:
        self._client, self._module, self._resource = client, module, resource

    def read(self) -> dict[str, str]:
        if self._module.params["tags"] is None:
            return {}
        pages = self._client.get_paginator("list_tags_for_resource").paginate(ResourceARN=self._arn())
        return dict(boto3_tag_list_to_ansible_dict([tag for page in pages for tag in page["Tags"]]))

    def change(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        new, old = compare_aws_tags(before, after)
        if new:
            self._client.tag_resource(ResourceARN=self._arn(), Tags=tag_list(new), aws_retry=True)
        if old:
            self._client.untag_resource(ResourceARN=self._arn(), TagKeys=old, aws_retry=True)

    def _arn(self) -> str:
        account = self._module.params["account_id"] or get_aws_account_info(self._module)[0]
        return f"arn:{self._client.meta.partition}:athena:{self._client.meta.region_name}:{account}:{self._resource}"
