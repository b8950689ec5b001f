#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""When a bucket's objects expire."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_lifecycle
short_description: Manage when the objects of a bucket expire
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Manages all lifecycle rules of a bucket.
  - A rule has the structure of the API's C(LifecycleRule), in snake_case. Whatever the installed botocore knows is
    accepted; what it does not know is refused before anything is asked of AWS.
options:
  bucket:
    description: The bucket's name.
    type: str
    required: true
  rules:
    description:
      - All of its rules, told apart by C(id), which each must have. What a rule does not mention stays as it is. They
        are described in U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html).
      - Without any, nothing expires.
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
- name: Keep logs for 90 days
  steadyfront.fleet.s3_lifecycle:
    bucket: logs
    rules:
      - {id: old, status: Enabled, filter: {prefix: ""}, expiration: {days: 90}}
"""

RETURN = r"""
rules:
  description: The rules as they are now, or in check mode as they would be, in the form of O(rules).
  returned: success
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings, SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

CUSTOMS = Customs(keys={"LifecycleRules": "ID"})


def current_rules(module: AnsibleAWSModule, client: Any) -> list[dict[str, Any]]:
    """The rules that are there. A check may come before the bucket."""
    nothing = ["NoSuchLifecycleConfiguration", *(["NoSuchBucket"] if module.check_mode else [])]
    try:
        return list(client.get_bucket_lifecycle_configuration(Bucket=module.params["bucket"], aws_retry=True)["Rules"])
    except is_boto3_error_code(nothing):
        return []


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    settings = Settings(client.meta.service_model.shape_for("BucketLifecycleConfiguration"), CUSTOMS, xform_name)
    wanted = settings.parse({"rules": module.params["rules"]}, "")
    current = {"Rules": current_rules(module, client)}
    config = settings.overlay(current, wanted)
    nameless = [f".rules[{number}].id" for number, rule in enumerate(config["Rules"]) if not rule.get("ID")]
    missing = [f"{option} is missing" for option in (*nameless, *settings.missing(config, ""))]
    if missing:
        raise SettingsError(missing)
    before, after = settings.options(current, str), settings.options(config, str)
    if before != after and not module.check_mode:
        bucket = module.params["bucket"]
        if config["Rules"]:
            client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=config, aws_retry=True)
        else:
            client.delete_bucket_lifecycle(Bucket=bucket, aws_retry=True)
    module.exit_json(changed=before != after, rules=after.get("rules", []), diff={"before": before, "after": after})


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "rules": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    guarded(module, "s3", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
