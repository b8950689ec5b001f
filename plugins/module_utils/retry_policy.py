# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The retry policy: which request may be tried again, on what, how often and for how long.

Pure: data in, data out, no Ansible and no NGINX. Every fault of the input is found in one pass and reported by the
path of the option, its value and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils import verified_writes

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
CLASSES = ("safe", "once", "always", "never", "verified")
RETRYABLE_STATUSES = (429, 500, 502, 503, 504)
MOST_ATTEMPTS = 5

DEFAULT_POLICY: dict[str, Any] = {
    "attempts": 3,
    "statuses": [500, 502, 503, 504],
    "connect_timeout_seconds": 2,
    "try_timeout_seconds": 25,
    "deadline_seconds": 60,
    "backoff_seconds": 0.2,
    "backoff_max_seconds": 1,
    "peak_requests_per_second": 200,
}
_DURATIONS = ("connect_timeout_seconds", "try_timeout_seconds", "deadline_seconds")
_BACKOFFS = ("backoff_seconds", "backoff_max_seconds")
# What a route may have of its own, instead of the policy's.
OVERRIDES = ("attempts", "try_timeout_seconds", "deadline_seconds", "backoff_seconds")
# What stands in front of the proxies reads `edge`: module_utils/cloudfront_plan.py.
_ROUTE_KEYS = ("path", "methods", "class", *OVERRIDES, "stale", "verify", "edge")
# The gateway's own errors have these statuses, whatever the upstream answered.
_GATEWAY_STATUSES = (502, 504)
_METHOD = re.compile(r"[A-Z][A-Z-]*\Z")
_PATH = re.compile(r"/[!-~]*\Z")
_URL = re.compile(r"http://(?P<host>[A-Za-z0-9._-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>\d{1,5}))?/?\Z")


class PolicyError(ValueError):
    """One or more faults of the policy, one a line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


def method_class(method: str) -> str:
    """The class of a request that no route names.

    >>> method_class("PUT"), method_class("POST"), method_class("PURGE")
    ('safe', 'once', 'once')
    """
    return "safe" if method in SAFE_METHODS else "once"


def path_regex(path: str) -> str:
    """A route's path as a regular expression of PCRE and of ``re``.

    As in CloudFront, ``*`` stands for any number of characters, slashes included, and ``?`` for exactly one.

    >>> path_regex("/patients/*/screen")
    '/patients/.*/screen'
    """
    wildcards = {"*": ".*", "?": "."}
    return "".join(wildcards.get(char) or re.escape(char) for char in path)


def covers(wide: str, narrow: str) -> bool:
    """Whether every path that ``narrow`` matches is matched by ``wide``: tried with a wildcard's extremes."""
    samples = (narrow.replace("*", text).replace("?", char) for text in ("", "x", "x/y") for char in ("z", "/"))
    return all(re.fullmatch(path_regex(wide), sample) for sample in samples)


def unknown_keys(given: Mapping[str, Any], known: Mapping[str, Any] | Sequence[str], name: str) -> Iterator[str]:
    """A fault for each key that is none of those known."""
    for key in given:
        if key not in known:
            yield f"{name}.{key} is unknown: allowed are {', '.join(known)}."


def resolved_policy(policy: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The policy with the defaults for what it does not mention; :class:`PolicyError` names faults as ``name.key``."""
    if not isinstance(policy, Mapping):
        raise PolicyError([f"{name} is {policy!r}: allowed is a mapping with any of {', '.join(DEFAULT_POLICY)}."])
    resolved = {**DEFAULT_POLICY, **policy}
    faults = [*unknown_keys(policy, DEFAULT_POLICY, name), *_policy_faults(resolved, name)]
    if faults:
        raise PolicyError(faults)
    return resolved


def checked_routes(routes: Sequence[Mapping[str, Any]], name: str, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The routes, in order of precedence, each with ``path``, ``methods`` (empty: every method), ``class``,
    ``policy`` (the given one with the route's own settings), ``ttl_seconds`` (None: no stale answers) and ``verify``
    (None: not looked for)."""
    if not isinstance(routes, Sequence) or isinstance(routes, str):
        raise PolicyError([f"{name} is {routes!r}: allowed is a list of routes, or [] for none."])
    faults = [fault for index, route in enumerate(routes) for fault in _route_faults(route, f"{name}[{index}]")]
    if not faults:
        faults = [*_override_faults(routes, name, policy), *_collisions(routes, name)]
    if faults:
        raise PolicyError(faults)
    return [
        {
            "path": route["path"],
            "methods": route.get("methods", []),
            "class": route["class"],
            "policy": {**policy, **_overrides(route)},
            "ttl_seconds": route["stale"]["ttl_seconds"] if "stale" in route else None,
            "verify": verified_writes.resolved(route["verify"]) if "verify" in route else None,
        }
        for route in routes
    ]


def shortest_try_seconds(policy: Mapping[str, Any]) -> float:
    """A try that would get less than this of the deadline is not begun: it could hardly succeed."""
    return float(policy["try_timeout_seconds"]) / 10


def longest_backoff_seconds(policy: Mapping[str, Any], failures: int) -> float:
    """The upper bound of the wait after so many failed tries; the wait itself is drawn evenly from 0 to it."""
    return float(min(policy["backoff_max_seconds"], policy["backoff_seconds"] * 2 ** (failures - 1)))


def seconds_for_a_second_try(policy: Mapping[str, Any]) -> float:
    """The least deadline with which a first try that takes as long as it may can be followed by another."""
    one_try = policy["connect_timeout_seconds"] + policy["try_timeout_seconds"]
    return float(one_try + longest_backoff_seconds(policy, 1) + shortest_try_seconds(policy))


def upstream_address(url: str, name: str) -> dict[str, Any]:
    """The upstream of ``http://host[:port]``: ``{"host": str, "port": int, "is_name": bool}``, IPv6 in brackets."""
    allowed = "allowed is http://HOST or http://HOST:PORT, without a path"
    match = _URL.match(url) if isinstance(url, str) else None
    port = int(match["port"] or 80) if match else 0
    if not match or not 1 <= port <= 65535 or (match["ipv6"] and not _is_address(match["ipv6"])):
        raise PolicyError([f"{name} is {url!r}: {allowed}."])
    return {"host": match["host"], "port": port, "is_name": not match["ipv6"] and not _is_address(match["host"])}


def _policy_faults(policy: Mapping[str, Any], name: str) -> Iterator[str]:
    attempts, statuses = policy["attempts"], policy["statuses"]
    if not _is_int(attempts) or not 1 <= attempts <= MOST_ATTEMPTS:
        yield f"{name}.attempts is {attempts!r}: allowed is a whole number of tries from 1 to {MOST_ATTEMPTS}."
    if not isinstance(statuses, Sequence) or isinstance(statuses, str):
        yield f"{name}.statuses is {statuses!r}: allowed is a list of {_listed(RETRYABLE_STATUSES)}."
    else:
        unknown = [(index, status) for index, status in enumerate(statuses) if status not in RETRYABLE_STATUSES]
        for index, status in unknown:
            yield f"{name}.statuses[{index}] is {status!r}: allowed are {_listed(RETRYABLE_STATUSES)}."
        if statuses and not unknown and not set(_GATEWAY_STATUSES) <= set(statuses):
            yield (
                f"{name}.statuses is {statuses!r}: allowed is [] (connection errors and time-outs only) or a list with "
                f"502 and 504, for a broken connection and a time-out end as these."
            )
    peak = policy["peak_requests_per_second"]
    if not _is_int(peak) or not 1 <= peak <= 1_000_000:
        yield f"{name}.peak_requests_per_second is {peak!r}: allowed is a whole number from 1 to 1000000."
    bad_durations = [key for key in _DURATIONS if not _is_number(policy[key], 0.1, 3600)]
    for key in bad_durations:
        yield f"{name}.{key} is {policy[key]!r}: allowed is a number of seconds from 0.1 to 3600."
    bad_backoffs = [key for key in _BACKOFFS if not _is_number(policy[key], 0, 60)]
    for key in bad_backoffs:
        yield f"{name}.{key} is {policy[key]!r}: allowed is a number of seconds from 0 (at once) to 60."
    if not bad_durations and not bad_backoffs and _is_int(attempts):
        yield from _deadline_faults(policy, name)


def _deadline_faults(policy: Mapping[str, Any], name: str) -> Iterator[str]:
    deadline = policy["deadline_seconds"]
    one_try = policy["connect_timeout_seconds"] + policy["try_timeout_seconds"]
    least = seconds_for_a_second_try(policy)
    if deadline < one_try:
        yield (
            f"{name}.deadline_seconds is {deadline!r}: allowed is at least one try, "
            f"connect_timeout_seconds + try_timeout_seconds = {one_try:g}."
        )
    elif policy["attempts"] > 1 and deadline < least:
        yield (
            f"{name}.deadline_seconds is {deadline!r}: allowed with {policy['attempts']} attempts is at least "
            f"{least:g}, one try that takes its time, the wait after it and a tenth of another; or attempts: 1."
        )


def _route_faults(route: Any, name: str) -> Iterator[str]:
    if not isinstance(route, Mapping):
        yield f"{name} is {route!r}: allowed is a mapping with {', '.join(_ROUTE_KEYS)}."
        return
    yield from unknown_keys(route, _ROUTE_KEYS, name)
    path, methods, class_ = route.get("path"), route.get("methods", []), route.get("class")
    yield from _stale_faults(route, name)
    yield from verified_writes.verify_faults(route, name)
    if not isinstance(path, str) or not _PATH.match(path):
        yield f"{name}.path is {path!r}: allowed is a path that begins with a slash, of printable ASCII without spaces."
    elif "%" in path or {"", ".", ".."} & set(path.split("/")[1:-1]) or path.endswith(("/.", "/..")):
        yield f"{name}.path is {path!r}: allowed is the decoded path, without % escapes, double slashes and dots."
    if class_ not in CLASSES:
        yield f"{name}.class is {class_!r}: allowed are {_listed(CLASSES)}."
    if not isinstance(methods, Sequence) or isinstance(methods, str):
        yield f"{name}.methods is {methods!r}: allowed is a list of methods such as [POST]."
        return
    for index, method in enumerate(methods):
        if not isinstance(method, str) or not _METHOD.match(method):
            yield f"{name}.methods[{index}] is {method!r}: allowed is a method in capitals, such as POST."
    unsafe = [method for method in methods if method not in SAFE_METHODS]
    if class_ == "safe" and (unsafe or not methods):
        yield (
            f"{name}.class is 'safe' for {', '.join(map(str, unsafe)) or 'every method'}: allowed with "
            f"{_listed(SAFE_METHODS)}; a request of another method that only reads is of class 'always'."
        )


def _stale_faults(route: Mapping[str, Any], name: str) -> Iterator[str]:
    if "stale" not in route:
        return
    stale = route["stale"]
    ttl = stale.get("ttl_seconds") if isinstance(stale, Mapping) and stale.keys() == {"ttl_seconds"} else None
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 1 <= ttl <= 86400:
        yield f"{name}.stale is {stale!r}: allowed is ttl_seconds with a whole number of seconds from 1 to 86400."
    if route.get("methods") != ["GET"] or route.get("class") not in ("safe", "always"):
        yield f"{name}.stale is given: allowed with methods [GET] and class 'safe'."


def _overrides(route: Mapping[str, Any]) -> dict[str, Any]:
    return {key: route[key] for key in OVERRIDES if key in route}


def _override_faults(routes: Sequence[Mapping[str, Any]], name: str, policy: Mapping[str, Any]) -> Iterator[str]:
    for index, route in enumerate(routes):
        own = _overrides(route)
        if own and route["class"] == "never":
            yield f"{name}[{index}] has {_listed(list(own))}: allowed with any class but 'never', which is tried once."
            continue
        if own:
            yield from _policy_faults({**policy, **own}, f"{name}[{index}]")
        if "verify" in route:
            limits = {**policy, **own}
            yield from verified_writes.resend_faults(
                route["verify"], limits, shortest_try_seconds(limits), f"{name}[{index}]"
            )


# How much is repeated, class by class.
_ALLOWS = {"never": 0, "once": 1, "verified": 2, "safe": 3, "always": 3}


def _collisions(routes: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    """Routes that an earlier one hides: the same path, or one that the earlier pattern covers, for each method; for
    some methods too, where the later one allows less."""
    for later_index, later in enumerate(routes):
        for index, earlier in enumerate(routes[:later_index]):
            methods, hidden = set(earlier.get("methods", [])), set(later.get("methods", []))
            same_path = earlier["path"] == later["path"]
            common = methods & hidden if methods and hidden else methods | hidden
            overlap = not methods or not hidden or bool(common)
            covers_methods = not methods or (bool(hidden) and hidden <= methods)
            hides = covers_methods or (overlap and _ALLOWS[later["class"]] < _ALLOWS[earlier["class"]])
            if (same_path and overlap) or (hides and covers(earlier["path"], later["path"])):
                yield (
                    f"{name}[{later_index}] ({later['path']}) collides with {name}[{index}] ({earlier['path']}): "
                    f"both claim {', '.join(sorted(common)) or 'every method'} and the first one wins; "
                    f"allowed is one route for a path and method, the narrower one first."
                )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))
