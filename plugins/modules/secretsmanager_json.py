#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A secret of Secrets Manager."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_json
short_description: Manage a secret of Secrets Manager that is a JSON object
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes the secret, or gives it another value. Its other settings, such as its key and its rotation, stay as they are.
  - A secret that waits for its deletion is restored.
options:
  name:
    description: The secret's name.
    type: str
    required: true
  value:
    description: The object. It is compared as what it means, not as it is written.
    type: dict
    required: true
attributes:
  check_mode:
    description: Asks AWS for what is there, and says what it would change.
    support: full
  diff_mode:
    description: Shows whether there is another value, and none.
    support: full
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the API's credentials
  steadyfront.fleet.secretsmanager_json:
    name: api/notes_writer
    value: {username: "{{ api_user }}", password: "{{ api_password }}"}
"""

RETURN = r"""
secret:
  description: The secret's name, and what stands for its value in the diff.
  returned: success
  type: dict
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Hidden
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded


def current_value(client: Any, name: str) -> str | None:
    """None where the secret has no value yet, or none that is text."""
    try:
        found = client.get_secret_value(SecretId=name, aws_retry=True)
    except is_boto3_error_code("ResourceNotFoundException"):
        return None
    return found.get("SecretString")


def described(client: Any, name: str) -> Mapping[str, Any] | None:
    try:
        return dict(client.describe_secret(SecretId=name, aws_retry=True))
    except is_boto3_error_code("ResourceNotFoundException"):
        return None


def means(text: str | None) -> Any:
    """What the text is in JSON; what is no JSON stays text."""
    try:
        return json.loads(text or "")
    except ValueError:
        return text


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    name, wanted = module.params["name"], module.params["value"]
    hide, plan = Hidden(), planned.Plan(after={"name": name})
    there = described(client, name)
    is_deleted = there is not None and "DeletedDate" in there
    current = means(current_value(client, name)) if there and not is_deleted else None
    text = json.dumps(wanted, sort_keys=True)
    if there is None:
        plan.steps.append(functools.partial(client.create_secret, Name=name, SecretString=text, aws_retry=True))
    elif is_deleted:
        plan.steps.append(functools.partial(client.restore_secret, SecretId=name, aws_retry=True))
    if there and not is_deleted:
        plan.before["name"] = name
    for side, value in ((plan.before, current), (plan.after, wanted)):
        if value is not None:
            side["value"] = hide(json.dumps(value, sort_keys=True))
    if there is not None and current != wanted:
        plan.steps.append(functools.partial(client.put_secret_value, SecretId=name, SecretString=text, aws_retry=True))
    planned.apply(module, {name: plan}, "secrets")


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "value": {"type": "dict", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    guarded(module, "secretsmanager", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
