#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Where functions are asked."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_url_info
short_description: Say which domains the URLs of Lambda functions have
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Gives the domains of the functions' URLs, for the origins of a distribution. AWS chooses them when a URL is made.
options:
  names:
    description: The functions' names.
    type: list
    elements: str
    required: true
  alias:
    description: The alias that the URLs belong to.
    type: str
    default: live
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See where the functions are
  steadyfront.fleet.lambda_url_info:
    names: [screening]
  register: urls
"""

RETURN = r"""
domains:
  description: The domains, by the functions' names. A function that has no URL, or is not there, is left out.
  returned: success
  type: dict
  sample: {screening: abcdefghijklmnop.lambda-url.eu-central-1.on.aws}
"""

from typing import Any
from urllib.parse import urlsplit

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import connect

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule says so


def domain(client: Any, name: str, alias: str) -> str:
    """Empty when there is no such function, alias or URL."""
    try:
        config = client.get_function_url_config(FunctionName=name, Qualifier=alias, aws_retry=True)
    except is_boto3_error_code("ResourceNotFoundException"):
        return ""
    return urlsplit(config["FunctionUrl"]).netloc


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "alias": {"type": "str", "default": "live"},
        },
        supports_check_mode=True,
    )
    client = connect(module, "lambda")
    try:
        found = {name: domain(client, name, module.params["alias"]) for name in module.params["names"]}
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="Lambda did not say")
    module.exit_json(changed=False, domains={name: domain for name, domain in found.items() if domain})


if __name__ == "__main__":
    main()
