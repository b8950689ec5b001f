# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The retry policy in NGINX's own terms: how each request is treated, by the engine in Lua or by NGINX alone.

Pure. What NGINX does with each setting was measured; docs/retries.md says how and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import (
    CLASSES,
    SAFE_METHODS,
    checked_routes,
    longest_backoff_seconds,
    path_regex,
    resolved_policy,
    shortest_try_seconds,
    upstream_address,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.verified_writes import MOST_SENDS

# NGINX holds back only these (and LOCK) once they were sent; it takes every other method for idempotent.
HELD_BACK_METHODS = ("POST", "PATCH")

# The throttle holds so many seconds' traffic in failed tries, and is open above half of it: it shuts 0.1 s of traffic
# into an outage. A success puts half a token back. It never falls far below half, so that some dozens of good answers
# open it again.
_THROTTLE_SECONDS = 0.2
_THROTTLE_LEAST = 20
_THROTTLE_DEPTH = 1 / 16


def nginx_retries(
    upstream_url: str,
    routes: Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    names: tuple[str, str, str] = ("upstream_url", "routes", "policy"),
    engine: str = "lua",
) -> dict[str, Any]:
    """Everything that the configuration's templates need to know about retries.

    Returns ``upstream`` (host, port), ``policy`` (complete), ``methods`` (method → treatment), ``unlisted`` (that of
    any other method), ``rules`` (regex over "METHOD TARGET PATH", the path decoded → treatment, first match wins),
    ``treatments``, ``verifies`` (whether any of them looks for writes), ``ttls`` (those of stale answers, seconds) and
    ``throttle`` (in tokens). Raises ``PolicyError`` with
    the given ``names`` in its messages.
    """
    upstream = upstream_address(upstream_url, names[0])
    resolved = resolved_policy(policy, names[2])
    checked = checked_routes(routes, names[1], resolved)
    usual_timeout = resolved["try_timeout_seconds"]
    treatments = {
        class_: _treatment(class_, class_, resolved, usual_timeout) for class_ in CLASSES if class_ != "verified"
    }
    rules: list[dict[str, str]] = []
    for index, route in enumerate(checked):
        # What nothing is said of cannot be looked for, and NGINX alone cannot look.
        verify = route["verify"] if engine == "lua" else None
        class_ = "once" if route["class"] == "verified" and not verify else route["class"]
        name = class_
        if route["policy"] != resolved or route["ttl_seconds"] or verify:
            name = f"{class_}_{index}"
            treatments[name] = _treatment(name, class_, route["policy"], usual_timeout, route["ttl_seconds"], verify)
        rules += _rules({**route, "class": class_}, name, engine)
    return {
        "upstream": upstream,
        "policy": resolved,
        "methods": {**dict.fromkeys(SAFE_METHODS, "safe"), **dict.fromkeys(HELD_BACK_METHODS, "once")},
        "unlisted": "once" if engine == "lua" else "never",
        "rules": rules,
        "treatments": list(treatments.values()),
        "verifies": any(treatment["verify"] for treatment in treatments.values()),
        "longest_deadline_seconds": max(treatment["policy"]["deadline_seconds"] for treatment in treatments.values()),
        "most_attempts": max(treatment["attempts"] for treatment in treatments.values()),
        "ttls": sorted({treatment["ttl_seconds"] for treatment in treatments.values() if treatment["ttl_seconds"]}),
        "throttle": _throttle(resolved["peak_requests_per_second"]),
    }


def _treatment(
    name: str,
    class_: str,
    policy: Mapping[str, Any],
    usual_timeout: float,
    ttl_seconds: int | None = None,
    verify: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How some requests are treated: their class, their limits, and what NGINX alone would do with them."""
    statuses = " ".join(f"http_{status}" for status in policy["statuses"])
    next_upstream = {
        "safe": f"error timeout {statuses}",
        "once": "error timeout",
        "always": f"error timeout {statuses} non_idempotent",
        "never": "off",
    }
    attempts = {"never": 1, "verified": min(MOST_SENDS, policy["attempts"])}
    return {
        "name": name,
        "class": class_,
        "policy": dict(policy),
        "attempts": attempts.get(class_, policy["attempts"]),
        "backoff_max_seconds": [longest_backoff_seconds(policy, tries) for tries in range(1, policy["attempts"] + 1)],
        "shortest_try_seconds": shortest_try_seconds(policy),
        "own_timeouts": policy["try_timeout_seconds"] != usual_timeout,
        "ttl_seconds": ttl_seconds,
        "verify": dict(verify) if verify else None,
        "next_upstream": " ".join(next_upstream.get(class_, next_upstream["once"]).split()),
        "next_upstream_timeout_ms": _last_start_ms(policy),
    }


def _throttle(peak_requests_per_second: int) -> dict[str, float]:
    """Tokens: a full throttle's, those above which it is open, and the fewest that it falls to.

    >>> _throttle(1000)
    {'capacity': 200.0, 'open_above': 100.0, 'floor': 87.5}
    """
    capacity = max(_THROTTLE_LEAST, _THROTTLE_SECONDS * peak_requests_per_second)
    return {
        "capacity": float(capacity),
        "open_above": capacity / 2,
        "floor": capacity / 2 - capacity * _THROTTLE_DEPTH,
    }


def _rules(route: Mapping[str, Any], treatment: str, engine: str) -> Iterator[dict[str, str]]:
    """A route's lines in the map. What a route allows to be repeated, it allows for the path as written only: HOSP may
    read an escaped path otherwise than NGINX does. A target has no space in it, and its path only gets shorter when it
    is decoded: so it is as written when what comes before the query comes again after it."""
    path = path_regex(route["path"])
    for methods, treated in _method_groups(route, treatment, engine):
        as_written = route["class"] in ("always", "safe", "verified") and treated != "never"
        target_and_path = rf"({path})(?:\?\S*)? \1" if as_written else rf"\S+ {path}"
        yield {"regex": rf"~(?s)^{methods} {target_and_path}\z", "treatment": treated}


def _method_groups(route: Mapping[str, Any], treatment: str, engine: str) -> Iterator[tuple[str, str]]:
    """The methods as a regex, with their treatment. NGINX alone can only serve ``once`` for a method that it holds
    back; any other is never tried again."""
    methods = route["methods"]
    if route["class"] != "once" or engine == "lua":
        yield _alternatives(methods), treatment
        return
    held_back = [method for method in methods or HELD_BACK_METHODS if method in HELD_BACK_METHODS]
    others = [method for method in methods if method not in HELD_BACK_METHODS]
    if held_back:
        yield _alternatives(held_back), treatment
    if others or not methods:
        yield _alternatives(others), "never"


def _alternatives(methods: Sequence[str]) -> str:
    return f"(?:{'|'.join(methods)})" if methods else r"\S+"


def _last_start_ms(policy: Mapping[str, Any]) -> int:
    """How long after the first try NGINX alone may begin the last one, so that even it ends within the deadline.

    NGINX ends no running try at ``proxy_next_upstream_timeout``, and takes 0 for "no limit": hence at least 1.
    """
    one_try = policy["connect_timeout_seconds"] + policy["try_timeout_seconds"]
    return max(1, int(1000 * (policy["deadline_seconds"] - one_try)))
