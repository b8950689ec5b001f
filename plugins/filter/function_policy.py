# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Filters ``function_policy`` and ``function_roles``: what functions may do, as policies and as roles of IAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.module_utils import function_policy as model


def function_policy(function: Mapping[str, Any], region: str, account_id: str) -> dict[str, Any]:
    """See function_policy.yml beside this file."""
    try:
        return model.function_policy(function, str(function["name"]), region, account_id)
    except model.GrantError as error:
        raise AnsibleFilterError(str(error)) from error


def function_roles(functions: Sequence[Mapping[str, Any]], region: str, account_id: str) -> list[dict[str, Any]]:
    """See function_roles.yml beside this file."""
    try:
        return model.function_roles(functions, region, account_id)
    except model.GrantError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"function_policy": function_policy, "function_roles": function_roles}
