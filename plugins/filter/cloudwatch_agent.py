# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Filter ``cloudwatch_agent``: files, as the configuration of the Amazon CloudWatch agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.module_utils import cloudwatch_agent as model


def cloudwatch_agent(
    files: Any, region: str, endpoint_url: str = "", flush_seconds: int = 5, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """See cloudwatch_agent.yml beside this file."""
    try:
        return model.cloudwatch_agent(files, region, endpoint_url, flush_seconds, names)
    except model.ShippingError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cloudwatch_agent": cloudwatch_agent}
