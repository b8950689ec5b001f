# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What CloudFront's API does not say of a distribution's settings in its shapes, and which of them cannot work.

Pure. Sources: CloudFront's API reference (DistributionConfig and what it contains) and its developer guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs

CERTIFICATE_REGION = "us-east-1"

_POLICY_OR_OLD_SETTINGS = (("CachePolicyId",), ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"))
CUSTOMS = Customs(
    keys={
        "OriginList": "Id",
        "OriginCustomHeadersList": "HeaderName",
        "OriginGroupList": "Id",
        "OriginGroupMemberList": "OriginId",
        "CacheBehaviorList": "PathPattern",
        "CustomErrorResponseList": "ErrorCode",
        "LambdaFunctionAssociationList": "EventType",
        "FunctionAssociationList": "EventType",
        "ParameterDefinitions": "Name",
    },
    # The first behaviour whose pattern matches is taken; the first member of a group is asked first.
    ordered=("CacheBehaviorList", "OriginGroupMemberList"),
    alternatives={
        "Origin": (("S3OriginConfig",), ("CustomOriginConfig",), ("VpcOriginConfig",)),
        "DefaultCacheBehavior": _POLICY_OR_OLD_SETTINGS,
        "CacheBehavior": _POLICY_OR_OLD_SETTINGS,
    },
    derived={"ViewerCertificate": ("Certificate", "CertificateSource")},
    public=("CommentType",),
    defaults={
        "DistributionConfig": {"Comment": "", "Enabled": True},
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "CookiePreference": {"Forward": "none"},
        "TrustedSigners": {"Enabled": True},
        "TrustedKeyGroups": {"Enabled": True},
    },
)

_CERTIFICATES = ("CloudFrontDefaultCertificate", "ACMCertificateArn", "IAMCertificateId")
# What a certificate of one's own gets unless told otherwise; the default certificate has no choice.
_TLS_DEFAULTS = {"SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}


def choose_certificate(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """``wanted`` (a parsed DistributionConfig) with everything that follows from its choice of a certificate.

    The kinds of certificate exclude one another, and what was set for one does not fit another: ``vip``, which the
    default certificate brings, would cost an address of one's own.
    """
    chosen = dict(wanted.get("ViewerCertificate") or {})
    kinds = [name for name in _CERTIFICATES if chosen.get(name)]
    if not kinds:
        return dict(wanted)
    had = dict(current.get("ViewerCertificate") or {})
    for name in _CERTIFICATES:
        if name not in kinds:
            chosen[name] = None
    switched = not any(had.get(name) for name in kinds)
    for name, default in _TLS_DEFAULTS.items():
        if kinds == ["CloudFrontDefaultCertificate"]:
            chosen.setdefault(name, None if switched else had.get(name))
        elif switched:
            chosen.setdefault(name, default)
    return {**wanted, "ViewerCertificate": chosen}


def faults(config: Mapping[str, Any], path: str) -> list[str]:
    """What cannot work in a complete DistributionConfig, with the paths of the options."""
    return [f"{path}.{fault}" for fault in (*_origin_faults(config), *_target_faults(config), *_alias_faults(config))]


def _items(config: Mapping[str, Any], name: str) -> list[Any]:
    return list((config.get(name) or {}).get("Items") or [])


def _origin_faults(config: Mapping[str, Any]) -> Iterator[str]:
    origins = _items(config, "Origins")
    if not origins:
        yield "origins is empty: at least one is needed"
    for n, origin in enumerate(origins):
        if not any(kind in origin for (kind,) in CUSTOMS.alternatives["Origin"]):
            yield f"origins[{n}] has no kind: allowed are custom_origin_config, s3_origin_config and vpc_origin_config"


def _target_faults(config: Mapping[str, Any]) -> Iterator[str]:
    origins = [origin.get("Id") for origin in _items(config, "Origins")]
    groups = _items(config, "OriginGroups")
    for n, group in enumerate(groups):
        for m, member in enumerate(_items(group, "Members")):
            yield from _unknown(member.get("OriginId"), origins, f"origin_groups[{n}].members[{m}].origin_id")
    targets = origins + [group.get("Id") for group in groups]
    behaviors = [("default_cache_behavior", config.get("DefaultCacheBehavior") or {})]
    behaviors += [(f"cache_behaviors[{n}]", behavior) for n, behavior in enumerate(_items(config, "CacheBehaviors"))]
    for option, behavior in behaviors:
        if "TargetOriginId" in behavior:
            yield from _unknown(behavior["TargetOriginId"], targets, f"{option}.target_origin_id")
        if "CachePolicyId" not in behavior and "ForwardedValues" not in behavior:
            yield f"{option} does not say what is cached: allowed are cache_policy_id and forwarded_values"


def _unknown(target: Any, known: Iterable[Any], option: str) -> Iterator[str]:
    if target not in known:
        yield f"{option} is {target}, which is no origin: allowed are {', '.join(map(str, known))}"


def _alias_faults(config: Mapping[str, Any]) -> Iterator[str]:
    certificate = config.get("ViewerCertificate") or {}
    kinds = [name for name in _CERTIFICATES if certificate.get(name)]
    if len(kinds) > 1:
        yield f"viewer_certificate has {len(kinds)} certificates: only one may be set"
    arn = certificate.get("ACMCertificateArn", "")
    if arn and arn.split(":")[3:4] != [CERTIFICATE_REGION]:
        yield (
            f"viewer_certificate.acm_certificate_arn is {arn}: CloudFront takes certificates from"
            f" {CERTIFICATE_REGION} only"
        )
    aliases = _items(config, "Aliases")
    if aliases and not (arn or certificate.get("IAMCertificateId")):
        yield f"aliases is {', '.join(aliases)}, but viewer_certificate has no certificate that covers it"


def uncovered(aliases: Iterable[str], names: Iterable[str]) -> list[str]:
    """The aliases that a certificate's names do not cover. A wildcard stands for one label, in both.

    >>> uncovered(["a.example.com", "b.a.example.com", "example.com"], ["*.example.com"])
    ['b.a.example.com', 'example.com']
    """
    covered = {name.lower() for name in names}
    return [alias for alias in aliases if not {alias.lower(), "*." + alias.lower().partition(".")[2]} & covered]
