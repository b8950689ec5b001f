"""What policies do to headers. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
"""A structure of the CloudFront API, as boto3 gives it."""

HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


class RefusedError(ValueError):
    """What the edge cannot serve as CloudFront would; the message says what and why."""


@dataclass(frozen=True)
class Forwarding:
    """What an origin gets of the viewer's request."""

    everything: bool
    """Headers, cookies and query; else only what describes the body."""
    viewers_host: bool
    """The viewer's Host; else the origin's name."""


FORWARDING = {
    None: Forwarding(everything=False, viewers_host=False),
    "216adef6-5c7f-47e4-b989-5492eafa07d3": Forwarding(everything=True, viewers_host=True),
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": Forwarding(everything=True, viewers_host=False),
}
"""By the id of the origin request policy: none, AllViewer, AllViewerExceptHostHeader."""


@dataclass(frozen=True)
class Header:
    """A header of the answer. Without `override` the origin's own, where it sends one, stays."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True)
class Answer:
    """What a response-headers policy does to the origin's answer. `ignored` are settings that the edge leaves out."""

    headers: tuple[Header, ...] = ()
    removed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def forwarding(policy_id: str | None) -> Forwarding:
    """What an origin request policy forwards."""
    if policy_id not in FORWARDING:
        raise RefusedError(
            f"origin request policy {policy_id} is not known; the edge knows AllViewer and AllViewerExceptHostHeader"
        )
    return FORWARDING[policy_id]


def answer(policy_id: str | None, policies: Mapping[str, Document]) -> Answer:
    """What the response-headers policy of this id asks for; `policies` are the configurations by id."""
    if not policy_id:
        return Answer()
    if policy_id not in policies:
        raise RefusedError(f"response headers policy {policy_id} does not exist")
    config = policies[policy_id]
    headers = [*_security_headers(config.get("SecurityHeadersConfig", {}))]
    for item in config.get("CustomHeadersConfig", {}).get("Items", []):
        headers.append(Header(item["Header"], item["Value"], item["Override"]))
    removed = [item["Header"] for item in config.get("RemoveHeadersConfig", {}).get("Items", [])]
    for name, value in [*((header.name, header.value) for header in headers), *((name, "") for name in removed)]:
        check_header(name, value)
    ignored = [key for key in ("CorsConfig", "ServerTimingHeadersConfig") if config.get(key)]
    return Answer(tuple(headers), tuple(removed), tuple(ignored))


def check_header(name: str, value: str) -> None:
    """Refuse what could not stand in a configuration. The value, which may be a secret, is not shown."""
    if not HEADER_NAME.fullmatch(name):
        raise RefusedError(f"header {name!r}: allowed are letters, digits, hyphens and underscores")
    if not HEADER_VALUE.fullmatch(value):
        raise RefusedError(f"header {name}: its value has characters that are not printable ASCII")


def _security_headers(config: Document) -> Iterator[Header]:
    for key, (name, value) in SECURITY_HEADERS.items():
        if key in config:
            yield Header(name, value(config[key]), config[key]["Override"])


def _xss_protection(config: Document) -> str:
    if not config["Protection"]:
        return "0"
    report = f"; report={config['ReportUri']}" if config.get("ReportUri") else ""
    return "1; mode=block" if config.get("ModeBlock") else f"1{report}"


def _transport_security(config: Document) -> str:
    words = {"includeSubDomains": "IncludeSubdomains", "preload": "Preload"}
    return "; ".join(
        [f"max-age={config['AccessControlMaxAgeSec']}", *(word for word, key in words.items() if config.get(key))]
    )


SECURITY_HEADERS: Mapping[str, tuple[str, Callable[[Document], str]]] = {
    "StrictTransportSecurity": ("Strict-Transport-Security", _transport_security),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", lambda config: str(config["FrameOption"])),
    "ReferrerPolicy": ("Referrer-Policy", lambda config: str(config["ReferrerPolicy"])),
    "ContentSecurityPolicy": ("Content-Security-Policy", lambda config: str(config["ContentSecurityPolicy"])),
    "XSSProtection": ("X-XSS-Protection", _xss_protection),
}
