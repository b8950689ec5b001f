"""Distributions as the API describes them."""

from typing import Any

from edge.sites import Host, Planner, Site

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
HOSTS = {"origin.example.test": Host(("198.18.0.5", "198.18.0.6")), "gone.example.test": Host(error="no such name")}


def items(*found: Any) -> dict[str, Any]:
    return {"Quantity": len(found), "Items": list(found)} if found else {"Quantity": 0}


def behaviour(target: str = "api", **settings: Any) -> dict[str, Any]:
    base = {"TargetOriginId": target, "ViewerProtocolPolicy": "allow-all", "CachePolicyId": CACHING_DISABLED}
    return {**base, **settings}


def origin(name: str = "origin.example.test", **settings: Any) -> dict[str, Any]:
    custom = {"HTTPPort": 80, "HTTPSPort": 8443, "OriginProtocolPolicy": "https-only"}
    return {"Id": "api", "DomainName": name, "CustomOriginConfig": custom, **settings}


def distribution(**settings: Any) -> dict[str, Any]:
    base = {
        "Id": "E1",
        "DomainName": "d1.cloudfront.net",
        "Enabled": True,
        "Origins": items(origin()),
        "DefaultCacheBehavior": behaviour(),
    }
    return {**base, **settings}


def plan(*distributions: dict[str, Any], policies: dict[str, Any] | None = None) -> tuple[list[Site], list[str]]:
    """The sites, and their problems without the name of the distribution."""
    planner = Planner(policies or {}, HOSTS, Host(("198.18.0.5",), port=4566))
    sites = planner.sites(distributions)
    return sites, [problem.partition(": ")[2] for problem in planner.problems]
