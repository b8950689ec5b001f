#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Buckets with all that S3 keeps beside them, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_buckets
short_description: Manage buckets, and who may read them, who pays for them and when their objects expire
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes buckets, and changes those that differ. Buckets that are not named stay as they are; none is deleted.
  - Settings have the structure of the API, in snake_case. Whatever the installed botocore knows is accepted; what it
    does not know is refused before anything is changed.
options:
  buckets:
    description: The buckets. What one does not mention stays as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The bucket's name. One that is not there is made in the region.
        type: str
        required: true
      ownership:
        description:
          - Who owns its objects, as in
            U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_OwnershipControlsRule.html).
        type: dict
      public_access_block:
        description:
          - What is not to be public, as in
            U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html).
        type: dict
      encryption:
        description:
          - How its objects are encrypted, as in
            U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html).
        type: dict
      logging:
        description:
          - Where requests for its objects are logged, as in
            U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_BucketLoggingStatus.html).
        type: dict
      lifecycle:
        description:
          - When its objects expire, as in
            U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_BucketLifecycleConfiguration.html). Its rules are told
            apart by C(id), which each must have. Without any, nothing expires.
        type: dict
      policy:
        description: Its policy, or an empty one for none.
        type: dict
      tags:
        description: All of its tags.
        type: dict
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep logs for 90 days
  steadyfront.fleet.s3_buckets:
    buckets:
      - name: logs
        ownership: {object_ownership: BucketOwnerEnforced}
        public_access_block:
          block_public_acls: true
          ignore_public_acls: true
          block_public_policy: true
          restrict_public_buckets: true
        encryption: {apply_server_side_encryption_by_default: {sse_algorithm: AES256}}
        lifecycle:
          rules:
            - {id: old, status: Enabled, filter: {prefix: ""}, expiration: {days: 90}}
"""

RETURN = r"""
buckets:
  description:
    - The buckets by their names, as they are now, or in check mode as they would be, in the form of O(buckets). Of each
      there is what was given.
  returned: success
  type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded
from ansible_collections.steadyfront.fleet.plugins.module_utils.s3_buckets import ASPECTS, Buckets

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    given = module.params["buckets"]
    planned.refuse_duplicates("buckets", [bucket["name"] for bucket in given])
    buckets = Buckets(client, xform_name)
    paths = [f"buckets[{number}]" for number in range(len(given))]
    wanted = [buckets.parse(bucket, path) for bucket, path in zip(given, paths, strict=True)]
    plans = [buckets.plan(*one) for one in zip(given, wanted, paths, strict=True)]
    planned.apply(module, {plan.after["name"]: plan for plan in plans}, "buckets")


def main() -> None:
    settings: dict[str, Any] = {name: {"type": "dict"} for name in [*ASPECTS, "policy", "tags"]}
    module = AnsibleAWSModule(
        argument_spec={
            "buckets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"name": {"type": "str", "required": True}, **settings},
            },
        },
        supports_check_mode=True,
    )
    # While S3 makes a bucket it refuses some changes of it.
    guarded(module, "s3", lambda client: ensure(module, client), "OperationAborted")


if __name__ == "__main__":
    main()
