# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The retry policy in NGINX's own terms: which location serves a request, and what that location retries.

Pure. What NGINX does with each setting was measured; docs/retries.md says how and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import (
    HELD_BACK_METHODS,
    SAFE_METHODS,
    checked_routes,
    method_class,
    path_regex,
    resolved_policy,
    upstream_address,
)


def nginx_retries(
    upstream_url: str,
    routes: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    names: tuple[str, str, str] = ("upstream_url", "routes", "policy"),
) -> dict[str, Any]:
    """Everything that the configuration's template needs to know about retries.

    Returns ``upstream`` (host, port), ``policy`` (complete), ``methods`` (method → location), ``rules`` (regex over
    "PLAIN METHOD PATH" → location, first match wins), ``locations`` (name, next_upstream) and
    ``next_upstream_timeout_ms``. Raises ``PolicyError`` with the given ``names`` in its messages.
    """
    upstream = upstream_address(upstream_url, names[0])
    checked = checked_routes(routes, names[1])
    resolved = resolved_policy(policy, names[2])
    statuses = " ".join(f"http_{status}" for status in resolved["statuses"])
    return {
        "upstream": upstream,
        "policy": resolved,
        "methods": {method: method_class(method) for method in (*SAFE_METHODS, *HELD_BACK_METHODS)},
        "rules": [rule for route in checked for rule in _rules(route)],
        "locations": [
            {"name": "safe", "next_upstream": f"error timeout {statuses}".rstrip()},
            {"name": "once", "next_upstream": "error timeout"},
            {"name": "always", "next_upstream": f"error timeout {statuses} non_idempotent".replace("  ", " ")},
            {"name": "never", "next_upstream": "off"},
        ],
        "next_upstream_timeout_ms": _last_start_ms(resolved),
    }


def _rules(route: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """A route's lines in the map. What a route allows to be repeated, it allows for the path as written only:
    HOSP may read an escaped path otherwise than NGINX does."""
    path = path_regex(route["path"])
    for methods, location in _method_groups(route["methods"], route["class"]):
        plain = "1" if location in ("always", "safe") else "."
        yield {"regex": rf"~(?s)^{plain} {methods} {path}\z", "location": location}


def _method_groups(methods: Sequence[str], class_: str) -> Iterator[tuple[str, str]]:
    """The methods as a regex, with the location that serves them; ``once`` for a method that NGINX would not hold
    back can only be ``never``."""
    if class_ != "once":
        yield _alternatives(methods), class_
        return
    held_back = [method for method in methods or HELD_BACK_METHODS if method in HELD_BACK_METHODS]
    others = [method for method in methods if method not in HELD_BACK_METHODS]
    if held_back:
        yield _alternatives(held_back), "once"
    if others or not methods:
        yield _alternatives(others), "never"


def _alternatives(methods: Sequence[str]) -> str:
    return f"(?:{'|'.join(methods)})" if methods else r"\S+"


def _last_start_ms(policy: Mapping[str, Any]) -> int:
    """How long after the first try the last one may begin, so that even it ends within the deadline.

    NGINX ends no running try at ``proxy_next_upstream_timeout``, and takes 0 for "no limit": hence at least 1.
    """
    one_try = policy["connect_timeout_seconds"] + policy["try_timeout_seconds"]
    return max(1, int(1000 * (policy["deadline_seconds"] - one_try)))
