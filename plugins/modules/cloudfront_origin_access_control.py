#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""An origin access control: how CloudFront signs what it asks an origin for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_origin_access_control
short_description: Manage how CloudFront signs its requests to an origin
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes an origin access control, by which a bucket or a function URL knows that CloudFront
    asks.
  - Options that are not given keep what they are.
notes:
  - Before a function URL, clients must send C(x-amz-content-sha256) with every body, and C(Authorization) is replaced.
options:
  name:
    description: What it is known by, unique in the account.
    type: str
    required: true
  state:
    description: V(absent) deletes it; no distribution may use it any more.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: A note to people.
    type: str
  origin_type:
    description: What is behind it. Must be given for a new one, and cannot be changed.
    type: str
    choices: [s3, mediastore, mediapackagev2, lambda]
  signing_behavior:
    description:
      - V(always) signs every request; V(no-override) those that the client has not signed; V(never) none.
      - A new one has V(always).
    type: str
    choices: [always, never, no-override]
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let CloudFront sign what it asks the bucket for
  steadyfront.fleet.cloudfront_origin_access_control:
    name: pages
    origin_type: s3
  register: access

- name: Use it
  steadyfront.fleet.cloudfront_distribution:
    name: pages
    config:
      origins:
        - id: pages
          domain_name: pages.s3.eu-central-1.amazonaws.com
          s3_origin_config: {}
          origin_access_control_id: "{{ access.origin_access_control.id }}"
      default_cache_behavior:
        target_origin_id: pages
        viewer_protocol_policy: redirect-to-https
        cache_policy_id: 658327ea-f89d-4fab-a63d-7e88639e58f6  # CachingOptimized
"""

RETURN = r"""
origin_access_control:
  description: It, as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id: {description: Its identifier., type: str, returned: unless it would be created, sample: E1A2B3C4D5E6F7}
    name: {description: Its name., type: str, returned: always}
    description: {description: The note., type: str, returned: always}
    origin_type: {description: What is behind it., type: str, returned: always}
    signing_behavior: {description: Which requests are signed., type: str, returned: always}
    signing_protocol: {description: Always C(sigv4)., type: str, returned: always}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

# Option → the API's name.
NAMES = {
    "name": "Name",
    "description": "Description",
    "origin_type": "OriginAccessControlOriginType",
    "signing_behavior": "SigningBehavior",
    "signing_protocol": "SigningProtocol",
}
DEFAULTS = {"description": "", "signing_behavior": "always", "signing_protocol": "sigv4"}


def find(client: Any, name: str) -> tuple[str, dict[str, str], str]:
    """Identifier, settings and their ETag of the one with this name; empty when there is none."""
    for page in client.get_paginator("list_origin_access_controls").paginate():
        for item in page["OriginAccessControlList"].get("Items", []):
            if item["Name"] == name:
                found = client.get_origin_access_control(Id=item["Id"], aws_retry=True)
                config = found["OriginAccessControl"]["OriginAccessControlConfig"]
                return item["Id"], {option: config.get(there, "") for option, there in NAMES.items()}, found["ETag"]
    return "", {}, ""


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    options = module.params
    identifier, before, etag = find(client, options["name"])
    after = {}
    if options["state"] == "present":
        given = {name: options[name] for name in NAMES if options.get(name) is not None}
        after = {**DEFAULTS, **before, **given}
        if "origin_type" not in after:
            module.fail_json(msg="origin_type is missing: a new origin access control needs one")
        if before and before["origin_type"] != after["origin_type"]:
            module.fail_json(
                msg=f"origin_type is {after['origin_type']}, but {options['name']} has {before['origin_type']}, which"
                " cannot be changed: delete it first, or take another name"
            )
    if before != after and not module.check_mode:
        identifier = apply(client, identifier, etag, after)
    shown = {**({"id": identifier} if identifier else {}), **after} if after else {}
    module.exit_json(changed=before != after, origin_access_control=shown, diff={"before": before, "after": after})


def apply(client: Any, identifier: str, etag: str, settings: dict[str, str]) -> str:
    """Create, change or delete it. Returns its identifier."""
    config = {NAMES[option]: value for option, value in settings.items()}
    if not identifier:
        answer = client.create_origin_access_control(OriginAccessControlConfig=config, aws_retry=True)
        return str(answer["OriginAccessControl"]["Id"])
    if settings:
        client.update_origin_access_control(
            Id=identifier, IfMatch=etag, OriginAccessControlConfig=config, aws_retry=True
        )
    else:
        client.delete_origin_access_control(Id=identifier, IfMatch=etag, aws_retry=True)
    return identifier


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "origin_type": {"type": "str", "choices": ["s3", "mediastore", "mediapackagev2", "lambda"]},
            "signing_behavior": {"type": "str", "choices": ["always", "never", "no-override"]},
        },
        supports_check_mode=True,
    )
    guarded(module, "cloudfront", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
