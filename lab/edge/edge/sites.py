"""What distributions ask for, in the edge's words: documents of the API in, sites and their problems out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.patterns import expression
from edge.policies import Answer, Document, Forwarding, RefusedError, answer, check_header, forwarding

FUNCTION_URL = re.compile(r"[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.aws")
HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
PORTS = {"http": "HTTPPort", "https": "HTTPSPort"}
SCHEMES = {"http-only": ["http"], "https-only": ["https"], "match-viewer": ["http", "https"]}
NOT_DONE = ("FunctionAssociations", "LambdaFunctionAssociations", "TrustedKeyGroups", "TrustedSigners")


@dataclass(frozen=True)
class Host:
    """Where a name leads: its addresses, or why there are none; and a port, where that is not the origin's to say."""

    addresses: tuple[str, ...] = ()
    error: str = ""
    port: int | None = None


@dataclass(frozen=True)
class Origin:
    """A custom origin. `servers` are `address:port` by scheme, none where its name leads nowhere; two schemes mean the
    viewer's own. Times are in seconds.
    """

    key: str
    """Its name in NGINX's configuration."""
    name: str
    path: str
    servers: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    attempts: int
    connect_timeout: int
    read_timeout: int
    keepalive_timeout: int


@dataclass(frozen=True)
class Target:
    """An origin, and what takes over where reading from it fails with one of the statuses."""

    primary: Origin
    secondary: Origin | None = None
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """What is done with the paths that an expression matches; with all others where it is empty."""

    expression: str
    viewer_protocol: str
    methods: tuple[str, ...]
    forwarding: Forwarding
    answer: Answer
    target: Target


@dataclass(frozen=True)
class Refused:
    """A behaviour that cannot be served: its paths get 502, and never what another behaviour would do with them."""

    expression: str


@dataclass(frozen=True)
class Site:
    """A distribution that is enabled. The last behaviour is the default one."""

    id: str
    domain: str
    names: tuple[str, ...]
    http2: bool
    tls13_only: bool
    behaviours: tuple[Behaviour | Refused, ...]

    @property
    def origins(self) -> list[Origin]:
        """Every origin that a behaviour leads to, once."""
        targets = [behaviour.target for behaviour in self.behaviours if isinstance(behaviour, Behaviour)]
        found = [origin for target in targets for origin in (target.primary, target.secondary) if origin]
        return list({origin.key: origin for origin in found}.values())

    def without_behaviours(self) -> "Site":
        """The same names, and 502 for all that they are asked."""
        return replace(self, behaviours=(Refused(""),))


def items(document: Document, key: str) -> list[Any]:
    """The items of a list as CloudFront writes it; empty where it is left out."""
    return (document.get(key) or {}).get("Items") or []


def origin_names(distributions: Iterable[Document]) -> set[str]:
    """The names that must be looked up: those of all origins but function URLs, which lead to where AWS is."""
    names = {origin["DomainName"].lower() for config in distributions for origin in items(config, "Origins")}
    return {name for name in names if not FUNCTION_URL.fullmatch(name)}


class Planner:
    """Turns distributions into sites, one after another, and collects `problems` by the way (none twice).

    `policies` are configurations of response-headers policies by id, `hosts` what is known of the origins' names,
    `functions` is where function URLs lead to.
    """

    def __init__(self, policies: Mapping[str, Document], hosts: Mapping[str, Host], functions: Host) -> None:
        self._policies = policies
        self._hosts = hosts
        self._functions = functions
        self._taken: dict[str, str] = {}
        self.problems: dict[str, None] = {}

    def sites(self, distributions: Sequence[Document]) -> list[Site]:
        """The sites of what is enabled. `distributions` are configurations with `Id` and `DomainName` beside."""
        enabled = [config for config in distributions if config["Enabled"] and not config.get("Staging")]
        return [self._site(config) for config in enabled]

    def _site(self, config: Document) -> Site:
        certificate = config.get("ViewerCertificate") or {}
        own_certificate = not certificate.get("CloudFrontDefaultCertificate", not certificate)
        for setting in _ignored(config):
            self._problem(config, f"{setting} is not done by the edge, and left out")
        return Site(
            id=config["Id"],
            domain=config["DomainName"],
            names=(config["DomainName"], *self._aliases(config, own_certificate)),
            http2=config.get("HttpVersion", "http2") in ("http2", "http2and3"),
            tls13_only=own_certificate and certificate.get("MinimumProtocolVersion", "").startswith("TLSv1.3"),
            behaviours=tuple(
                self._behaviour(config, behaviour)
                for behaviour in [*items(config, "CacheBehaviors"), config["DefaultCacheBehavior"]]
            ),
        )

    def _aliases(self, config: Document, own_certificate: bool) -> list[str]:
        served = []
        for alias in (name.lower() for name in items(config, "Aliases")):
            if not own_certificate:
                self._problem(config, f"alias {alias} has no certificate, and is not served")
            elif not HOST_NAME.fullmatch(alias.removeprefix("*.")):
                self._problem(config, f"alias {alias!r} is not a host name, and is not served")
            elif self._taken.setdefault(alias, config["Id"]) != config["Id"]:
                self._problem(config, f"alias {alias} belongs to {self._taken[alias]}, and is not served")
            else:
                served.append(alias)
        return served

    def _behaviour(self, config: Document, behaviour: Document) -> Behaviour | Refused:
        pattern = behaviour.get("PathPattern", "")
        matches = expression(pattern) if pattern else ""
        where = f"behaviour {pattern or '(default)'}"
        try:
            for key in NOT_DONE:
                if items(behaviour, key):
                    raise RefusedError(f"{key} is not done by the edge")
            if not behaviour.get("CachePolicyId"):
                raise RefusedError("it has no CachePolicyId, and ForwardedValues is not done by the edge")
            done = answer(behaviour.get("ResponseHeadersPolicyId"), self._policies)
            for key in done.ignored:
                self._problem(
                    config, f"{where}: {key} of its response headers policy is not done by the edge, and left out"
                )
            return Behaviour(
                expression=matches,
                viewer_protocol=behaviour["ViewerProtocolPolicy"],
                methods=tuple(items(behaviour, "AllowedMethods") or ("GET", "HEAD")),
                forwarding=forwarding(behaviour.get("OriginRequestPolicyId") or None),
                answer=done,
                target=self._target(config, behaviour["TargetOriginId"]),
            )
        except RefusedError as error:
            reason = str(error)
        except (LookupError, TypeError, ValueError) as error:
            # AWS would not have taken it; MiniStack looks less closely.
            reason = f"its settings are not whole: {error!r}"
        self._problem(config, f"{where} answers 502: {reason}")
        return Refused(matches)

    def _target(self, config: Document, target_id: str) -> Target:
        groups = {group["Id"]: group for group in items(config, "OriginGroups")}
        if target_id not in groups:
            return Target(self._origin(config, target_id))
        group = groups[target_id]
        primary, secondary = (member["OriginId"] for member in items(group, "Members"))
        statuses = items(group["FailoverCriteria"], "StatusCodes")
        return Target(self._origin(config, primary), self._origin(config, secondary), tuple(sorted(statuses)))

    def _origin(self, config: Document, origin_id: str) -> Origin:
        origins = items(config, "Origins")
        numbers = {origin["Id"]: number for number, origin in enumerate(origins)}
        if origin_id not in numbers:
            raise RefusedError(f"there is no origin {origin_id}")
        number = numbers[origin_id]
        origin = origins[number]
        custom = origin.get("CustomOriginConfig")
        if not custom:
            raise RefusedError(f"origin {origin_id} is not a custom origin, and others are not done by the edge")
        headers = {item["HeaderName"]: item["HeaderValue"] for item in items(origin, "CustomHeaders")}
        for name, value in headers.items():
            check_header(name, value)
        return Origin(
            key=f"{config['Id']}-{number}".lower(),
            name=origin["DomainName"].lower(),
            path=origin.get("OriginPath", ""),
            servers=self._servers(config, origin["DomainName"].lower(), custom),
            headers=headers,
            attempts=origin.get("ConnectionAttempts", 3),
            connect_timeout=origin.get("ConnectionTimeout", 10),
            read_timeout=custom.get("OriginReadTimeout", 30),
            keepalive_timeout=custom.get("OriginKeepaliveTimeout", 5),
        )

    def _servers(self, config: Document, name: str, custom: Document) -> dict[str, tuple[str, ...]]:
        if FUNCTION_URL.fullmatch(name):
            return {"http": tuple(f"{address}:{self._functions.port}" for address in self._functions.addresses)}
        host = self._hosts[name]
        if not host.addresses:
            self._problem(config, f"origin {name} cannot be resolved, and is answered for with 502: {host.error}")
        return {
            scheme: tuple(f"{address}:{custom[PORTS[scheme]]}" for address in host.addresses)
            for scheme in SCHEMES[custom["OriginProtocolPolicy"]]
        }

    def _problem(self, config: Document, words: str) -> None:
        self.problems[f"distribution {config['Id']} ({config['DomainName']}): {words}"] = None


def _ignored(config: Document) -> list[str]:
    found = {
        "DefaultRootObject": config.get("DefaultRootObject"),
        "WebACLId": config.get("WebACLId"),
        "GeoRestriction": items(config.get("Restrictions") or {}, "GeoRestriction"),
        "CustomErrorResponses.ResponsePagePath": [
            error for error in items(config, "CustomErrorResponses") if error.get("ResponsePagePath")
        ],
    }
    return [setting for setting, value in found.items() if value]
