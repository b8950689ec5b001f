# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Filter ``nginx_retries``: the fleet's routes as NGINX's locations, maps and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.module_utils import nginx_retries as model
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import PolicyError


def nginx_retries(
    routes: Sequence[Mapping[str, Any]],
    upstream_url: str,
    policy: Mapping[str, Any],
    names: Sequence[str] = ("nginx_proxy_upstream_url", "nginx_proxy_routes", "nginx_proxy_retry_policy"),
    engine: str = "lua",
) -> dict[str, Any]:
    """See nginx_retries.yml beside this file; ``names`` are what messages call the three inputs."""
    try:
        return model.nginx_retries(upstream_url, routes, policy, (names[0], names[1], names[2]), engine)
    except PolicyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"nginx_retries": nginx_retries}
