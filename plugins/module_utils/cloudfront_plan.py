# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The fleet's routes as the settings of a CloudFront distribution before the proxies' load balancer.

Pure; docs/cloudfront.md says why each setting is as it is. Every fault of the input is found in one pass and reported
by the path of the option, its value and what is allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront import CERTIFICATE_REGION
from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import (
    PolicyError,
    checked_routes,
    covers,
    resolved_policy,
    unknown_keys,
)

# What messages call the inputs.
NAMES = {
    "routes": "cloudfront_routes",
    "domain": "cloudfront_domain",
    "origin": "cloudfront_origin",
    "policy": "cloudfront_retry_policy",
    "functions": "cloudfront_functions",
}
# What becomes of plain HTTP, in our words and in CloudFront's.
PLAIN_HTTP = {"refuse": "https-only", "redirect": "redirect-to-https", "serve": "allow-all"}
# Between the proxies' deadline and CloudFront's: for the ways, and for the load balancer.
MARGIN_SECONDS = 3
MOST_READ_TIMEOUT_SECONDS = 180
MOST_KEEPALIVE_SECONDS = 60
LONGEST_PATTERN = 255
# Days since the first one → for how long browsers come by HTTPS only.
HSTS_RAMP = ((90, 31_536_000), (30, 2_592_000), (7, 86_400), (0, 300))

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
# All that CloudFront caches unless it is told otherwise.
CACHED_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
FLEET = "fleet"
HTTPS = {
    "http_port": 80,
    "https_port": 443,
    "origin_protocol_policy": "https-only",
    "origin_ssl_protocols": ["TLSv1.2"],
}

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_PATTERN = re.compile(r"[A-Za-z0-9_.*?$/~\"'@:+&-]+\Z")
_EDGE_KEYS = ("plain_http", "function")
_DOMAIN_KEYS = ("name", "plain_http", "certificate_arn")
_ORIGIN_KEYS = ("domain", "https_port")


def cloudfront_plan(
    routes: Sequence[Mapping[str, Any]],
    domain: Mapping[str, Any],
    origin: Mapping[str, Any],
    policy: Mapping[str, Any],
    *,
    functions: Mapping[str, str],
    origin_header: str = "X-Origin-Secret",
    origin_secret: str = "",
    headers_policy_id: str | None = None,
    hsts_since: Any = "",
    today: str = "",
    log_bucket: str = "",
    read_timeout_quota_seconds: int = 60,
    behaviors_quota: int = 25,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that the role needs to know of one distribution.

    Returns ``config``, as the module ``cloudfront_distribution`` takes it, and ``hsts_seconds`` (0: none). Routes with
    the key ``edge`` become behaviours, in their order. ``headers_policy_id`` is used where there is HSTS; ``today`` and
    ``hsts_since`` are dates, YYYY-MM-DD. Raises ``PolicyError`` with the given ``names`` in its messages.
    """
    called = {**NAMES, **(names or {})}
    resolved = resolved_policy(policy, called["policy"])
    checked_routes(routes, called["routes"], resolved)
    deadlines = _deadlines(routes, resolved, called)
    faults = [
        *_domain_faults(domain, called["domain"]),
        *_origin_faults(origin, called["origin"]),
        *_function_faults(functions, called["functions"]),
        *_edge_faults(routes, functions, behaviors_quota, called),
        *_deadline_faults(deadlines, read_timeout_quota_seconds),
        *_date_faults(hsts_since),
    ]
    if faults:
        raise PolicyError(faults)

    usual = {"plain_http": domain.get("plain_http", "refuse")}
    edges = {route["path"]: {**usual, **route["edge"]} for route in routes if "edge" in route}
    # HSTS is for a whole host: where anything is to be had by plain HTTP, there is none.
    served = "serve" in [edge["plain_http"] for edge in (usual, *edges.values())]
    hsts_seconds = 0 if served or not hsts_since else _hsts_seconds(str(hsts_since), today)
    policy_id = headers_policy_id if hsts_seconds else None
    headers = [{"header_name": origin_header, "header_value": origin_secret}] if origin_secret else []
    used = sorted({edge["function"] for edge in edges.values() if "function" in edge})
    config = {
        "comment": domain["name"],
        "enabled": True,
        "http_version": "http2and3",
        "is_ipv6_enabled": True,
        **_served_as(domain),
        "origins": [
            _origin(FLEET, origin["domain"], headers, **_balancer(origin, max(deadlines.values()))),
            # A function may ask the proxies in its turn, and so gets all the time that there is.
            *(
                _origin(_function_id(name), functions[name], headers, origin_read_timeout=read_timeout_quota_seconds)
                for name in used
            ),
        ],
        "default_cache_behavior": _behavior(usual, policy_id),
        "cache_behaviors": [{"path_pattern": path, **_behavior(edge, policy_id)} for path, edge in edges.items()],
        "custom_error_responses": [{"error_code": code, "error_caching_min_ttl": 0} for code in CACHED_ERRORS],
        "logging": _logging(log_bucket, domain["name"]),
    }
    return {"config": config, "hsts_seconds": hsts_seconds}


def _served_as(domain: Mapping[str, Any]) -> dict[str, Any]:
    """The alias and its certificate. A check that runs before there is one says nothing of either."""
    if not domain.get("certificate_arn"):
        return {}
    return {
        "aliases": [domain["name"]],
        "viewer_certificate": {
            "acm_certificate_arn": domain["certificate_arn"],
            "ssl_support_method": "sni-only",
            "minimum_protocol_version": "TLSv1.2_2021",
        },
    }


def _behavior(edge: Mapping[str, Any], headers_policy_id: str | None) -> dict[str, Any]:
    """The proxies get the host that the user asked for; a function's URL answers to its own name only."""
    function = edge.get("function")
    return {
        "target_origin_id": _function_id(function) if function else FLEET,
        "viewer_protocol_policy": PLAIN_HTTP[edge["plain_http"]],
        "allowed_methods": {"items": METHODS, "cached_methods": ["GET", "HEAD"]},
        "cache_policy_id": CACHING_DISABLED,
        "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST_HEADER if function else ALL_VIEWER,
        "response_headers_policy_id": headers_policy_id,
    }


def _logging(bucket: str, domain: str) -> dict[str, Any]:
    if not bucket:
        return {"enabled": False, "include_cookies": False, "bucket": "", "prefix": ""}
    return {
        "enabled": True,
        "include_cookies": False,
        "bucket": f"{bucket}.s3.amazonaws.com",
        "prefix": f"{domain}/",
    }


def _origin(id: str, domain: str, headers: list[dict[str, str]], **connection: int) -> dict[str, Any]:
    return {
        "id": id,
        "domain_name": domain,
        "connection_attempts": 1,
        "custom_headers": headers,
        "custom_origin_config": {**HTTPS, **connection},
    }


def _balancer(origin: Mapping[str, Any], deadline: float) -> dict[str, int]:
    """Its idle time-out is above the deadline, so a connection that is kept is closed from CloudFront's side."""
    return {
        "https_port": origin.get("https_port", 443),
        "origin_read_timeout": _read_timeout(deadline),
        "origin_keepalive_timeout": max(1, min(MOST_KEEPALIVE_SECONDS, int(deadline))),
    }


def _function_id(name: str) -> str:
    return f"function-{name}"


def _read_timeout(deadline: float) -> int:
    return math.ceil(deadline) + MARGIN_SECONDS


def _hsts_seconds(since: str, today: str) -> int:
    """
    >>> [_hsts_seconds("2026-01-01", day) for day in ("2025-12-31", "2026-01-07", "2026-01-08", "2026-04-01")]
    [0, 300, 86400, 31536000]
    """
    days = (date.fromisoformat(today) - date.fromisoformat(since)).days
    return next((seconds for after, seconds in HSTS_RAMP if days >= after), 0)


def _deadlines(
    routes: Sequence[Mapping[str, Any]], policy: Mapping[str, Any], called: Mapping[str, str]
) -> dict[str, float]:
    """The path of every deadline that a request to the proxies may have, with its seconds."""
    own = {
        f"{called['routes']}[{index}].deadline_seconds": route["deadline_seconds"]
        for index, route in enumerate(routes)
        if "deadline_seconds" in route
    }
    return {f"{called['policy']}.deadline_seconds": policy["deadline_seconds"], **own}


def _deadline_faults(deadlines: Mapping[str, float], quota: Any) -> Iterator[str]:
    if not isinstance(quota, int) or not 1 <= quota <= MOST_READ_TIMEOUT_SECONDS:
        yield (
            f"cloudfront_read_timeout_quota_seconds is {quota!r}: allowed is a whole number from 1 to "
            f"{MOST_READ_TIMEOUT_SECONDS}."
        )
        return
    for name, seconds in deadlines.items():
        if _read_timeout(seconds) > quota:
            yield (
                f"{name} is {seconds!r}: allowed is at most {quota - MARGIN_SECONDS}, for CloudFront waits for "
                f"{quota} s (cloudfront_read_timeout_quota_seconds) and needs {MARGIN_SECONDS} s more than the "
                f"proxies. AWS raises that quota on request, up to {MOST_READ_TIMEOUT_SECONDS}."
            )


def _domain_faults(domain: Any, name: str) -> Iterator[str]:
    if not isinstance(domain, Mapping):
        yield f"{name} is {domain!r}: allowed is a mapping with {', '.join(_DOMAIN_KEYS)}."
        return
    yield from unknown_keys(domain, _DOMAIN_KEYS, name)
    if not _is_domain(domain.get("name")):
        yield f"{name}.name is {domain.get('name')!r}: allowed is a full domain name, in lower case."
    yield from _plain_http_faults(domain, name)
    arn = domain.get("certificate_arn", "")
    if arn and not str(arn).startswith(f"arn:aws:acm:{CERTIFICATE_REGION}:"):
        yield (
            f"{name}.certificate_arn is {arn!r}: allowed is the ARN of a certificate in {CERTIFICATE_REGION}, for "
            f"CloudFront takes them from no other region."
        )


def _origin_faults(origin: Any, name: str) -> Iterator[str]:
    if not isinstance(origin, Mapping):
        yield f"{name} is {origin!r}: allowed is a mapping with {', '.join(_ORIGIN_KEYS)}."
        return
    yield from unknown_keys(origin, _ORIGIN_KEYS, name)
    if not _is_domain(origin.get("domain")):
        yield f"{name}.domain is {origin.get('domain')!r}: allowed is the load balancer's domain name, no address."
    port = origin.get("https_port", 443)
    if port != 443 and not (isinstance(port, int) and 1024 <= port <= 65535):
        yield f"{name}.https_port is {port!r}: allowed are 443 and 1024 to 65535."


def _function_faults(functions: Any, name: str) -> Iterator[str]:
    if not isinstance(functions, Mapping):
        yield f"{name} is {functions!r}: allowed is a mapping of names to the domains of function URLs."
        return
    for function, domain in functions.items():
        if not _is_domain(domain):
            yield f"{name}.{function} is {domain!r}: allowed is the domain name of its function URL."


def _edge_faults(
    routes: Sequence[Mapping[str, Any]], functions: Mapping[str, str], quota: int, called: Mapping[str, str]
) -> Iterator[str]:
    name = called["routes"]
    edges = [(f"{name}[{index}]", route) for index, route in enumerate(routes) if "edge" in route]
    for place, (path, route) in enumerate(edges):
        yield from _own_edge_faults(route["edge"], functions, f"{path}.edge", called["functions"])
        if not _PATTERN.match(route["path"]) or len(route["path"]) > LONGEST_PATTERN:
            yield (
                f"{path}.path is {route['path']!r}: allowed with edge are up to {LONGEST_PATTERN} letters, digits and "
                f"_ - . * ? $ / ~ \" ' @ : + &."
            )
        for earlier_path, earlier in edges[:place]:
            if covers(earlier["path"], route["path"]):
                yield (
                    f"{path}.edge is never reached: {earlier_path}.edge has every path of {route['path']}, and "
                    f"CloudFront does not tell methods apart; allowed is the narrower path first."
                )
                break
    if len(edges) > quota:
        yield (
            f"{name} has {len(edges)} routes with edge: allowed are {quota} (cloudfront_behaviors_quota), unless AWS "
            f"has raised that quota."
        )


def _own_edge_faults(edge: Any, functions: Any, name: str, functions_name: str) -> Iterator[str]:
    if not isinstance(edge, Mapping):
        yield f"{name} is {edge!r}: allowed is a mapping with {', '.join(_EDGE_KEYS)}, or {{}}."
        return
    yield from unknown_keys(edge, _EDGE_KEYS, name)
    yield from _plain_http_faults(edge, name)
    if "function" in edge and edge["function"] not in functions:
        known = f"allowed are those of {functions_name}, {', '.join(functions) or 'which has none'}"
        yield f"{name}.function is {edge['function']!r}: {known}."


def _plain_http_faults(given: Mapping[str, Any], name: str) -> Iterator[str]:
    if given.get("plain_http", "refuse") not in PLAIN_HTTP:
        yield f"{name}.plain_http is {given['plain_http']!r}: allowed are {', '.join(PLAIN_HTTP)}."


def _date_faults(since: Any) -> Iterator[str]:
    try:
        date.fromisoformat(str(since) or "2026-01-01")
    except ValueError:
        yield f"cloudfront_hsts_since is {since!r}: allowed is a date such as 2026-01-31, or '' for no HSTS."


def _is_domain(name: Any) -> bool:
    return isinstance(name, str) and bool(_DOMAIN.match(name))
