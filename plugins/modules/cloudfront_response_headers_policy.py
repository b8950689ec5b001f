#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A response headers policy: which headers CloudFront adds to an origin's answers, and which it takes away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_response_headers_policy
short_description: Manage which headers CloudFront adds to answers
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a response headers policy.
  - O(config) has the structure of the API's C(ResponseHeadersPolicyConfig), in snake_case. Whatever the installed
    botocore knows is accepted; what it does not know is refused before anything is asked of AWS.
  - What O(config) does not mention stays as it is, a list that is given is owned whole, and C(null) takes a setting
    away.
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
  config:
    description:
      - "The settings: C(comment), C(security_headers_config), C(custom_headers_config), C(cors_config),
        C(remove_headers_config) and C(server_timing_headers_config). All of them are described in
        U(https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyConfig.html)."
      - "What the API writes as C({Quantity, Items}) is a list."
    type: dict
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let browsers come by HTTPS only
  steadyfront.fleet.cloudfront_response_headers_policy:
    name: hsts
    config:
      security_headers_config:
        strict_transport_security: {access_control_max_age_sec: 300, override: true}
  register: policy

- name: Use it
  steadyfront.fleet.cloudfront_distribution:
    name: api
    config:
      default_cache_behavior: {response_headers_policy_id: "{{ policy.response_headers_policy.id }}"}

- name: Delete it, when nothing uses it any more
  steadyfront.fleet.cloudfront_response_headers_policy:
    name: hsts
    state: absent
"""

RETURN = r"""
response_headers_policy:
  description: It, as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Its identifier.
      type: str
      returned: unless it would be created
      sample: 67f7725c-6f97-4210-82d7-5512b31e9d03
    config: {description: 'Its settings, in the form of O(config), with its name.', type: dict, returned: always}
"""

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs, Settings, SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

try:
    from botocore import xform_name
except ImportError:
    pass  # AnsibleAWSModule says so

CUSTOMS = Customs(
    keys={"ResponseHeadersPolicyCustomHeaderList": "Header", "ResponseHeadersPolicyRemoveHeaderList": "Header"}
)


def find(client: Any, name: str) -> tuple[str, dict[str, Any], str]:
    """Identifier, settings and their ETag of the one with this name; empty when there is none."""
    for policy in listed(client):
        if policy["ResponseHeadersPolicyConfig"]["Name"] == name:
            found = client.get_response_headers_policy(Id=policy["Id"], aws_retry=True)
            return policy["Id"], found["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"], found["ETag"]
    return "", {}, ""


def listed(client: Any) -> Iterator[dict[str, Any]]:
    """The account's own, page by page: botocore has no paginator for them."""
    marker: dict[str, str] = {}
    while True:
        page = client.list_response_headers_policies(Type="custom", aws_retry=True, **marker)[
            "ResponseHeadersPolicyList"
        ]
        yield from (item["ResponseHeadersPolicy"] for item in page.get("Items", []))
        if not page.get("NextMarker"):
            return
        marker = {"Marker": page["NextMarker"]}


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    settings = Settings(client.meta.service_model.shape_for("ResponseHeadersPolicyConfig"), CUSTOMS, xform_name)
    name = module.params["name"]
    wanted = settings.parse(module.params["config"] or {}, "config")
    if "Name" in wanted:
        raise SettingsError(["config.name is what name is: leave it out"])
    identifier, current, etag = find(client, name)
    config = settings.overlay(current, {**wanted, "Name": name}) if module.params["state"] == "present" else {}
    missing = [f"{option} is missing" for option in settings.missing(config, "config")] if config else []
    if missing:
        raise SettingsError(missing)
    before, after = settings.options(current, str), settings.options(config, str)
    if before != after and not module.check_mode:
        identifier = apply(client, identifier, etag, config)
    shown = {**({"id": identifier} if identifier else {}), "config": after} if after else {}
    module.exit_json(changed=before != after, response_headers_policy=shown, diff={"before": before, "after": after})


def apply(client: Any, identifier: str, etag: str, config: dict[str, Any]) -> str:
    """Create, change or delete it. Returns its identifier."""
    if not identifier:
        answer = client.create_response_headers_policy(ResponseHeadersPolicyConfig=config, aws_retry=True)
        return str(answer["ResponseHeadersPolicy"]["Id"])
    if config:
        client.update_response_headers_policy(
            Id=identifier, IfMatch=etag, ResponseHeadersPolicyConfig=config, aws_retry=True
        )
    else:
        client.delete_response_headers_policy(Id=identifier, IfMatch=etag, aws_retry=True)
    return identifier


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    guarded(module, "cloudfront", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
