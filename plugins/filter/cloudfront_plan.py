# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Filter ``cloudfront_plan``: the fleet's routes as a CloudFront distribution's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.module_utils import cloudfront_plan as model
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import PolicyError


def cloudfront_plan(
    routes: Sequence[Mapping[str, Any]],
    domain: Mapping[str, Any],
    origin: Mapping[str, Any],
    policy: Mapping[str, Any],
    **options: Any,
) -> dict[str, Any]:
    """See cloudfront_plan.yml beside this file."""
    try:
        return model.cloudfront_plan(routes, domain, origin, policy, **options)
    except PolicyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cloudfront_plan": cloudfront_plan}
