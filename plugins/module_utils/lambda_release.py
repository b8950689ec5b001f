# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a release of a function is, and what follows from what is there. Pure.

Two facts are kept in AWS, each where it is true of exactly what it is written on. A version's description says what it
was made of, and the package that was made of it; versions never change, and neither can be said of a tag, which is the
function's. An alias's description says which version a release put there, and which one it took the place of.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Customs

# Options of the module are in the place of these.
FUNCTION = Customs(
    # A later layer lies over an earlier one.
    ordered=("LayerList",),
    defaults={"UpdateFunctionConfigurationRequest": {"Handler": "handler.handler"}},
    withheld={
        "UpdateFunctionConfigurationRequest": (
            "FunctionName",
            "Description",
            "Environment",
            "ImageConfig",
            "RevisionId",
            "Runtime",
        )
    },
)
URL = Customs(withheld={"CreateFunctionUrlConfigRequest": ("FunctionName", "Qualifier")})
EVENT_SOURCE = Customs(
    defaults={"CreateEventSourceMappingRequest": {"Enabled": True}},
    withheld={"CreateEventSourceMappingRequest": ("FunctionName", "Tags")},
)

_MADE_OF = re.compile(r"contents sha256:(?P<contents>[0-9a-f]{64}) package sha256:(?P<package>\S{44})\Z")
_NOTE = re.compile(r"version (?P<version>\d+)(?:, before it (?P<before>\d+)|, rolled back from (?P<from>\d+))?\Z")
LATEST = "$LATEST"


@dataclass(frozen=True)
class Release:
    """What a version is made of (``contents``: the digest of its source), and how it runs."""

    contents: str
    config: Mapping[str, Any]
    environment: Mapping[str, str]


def description(contents: str, package: str) -> str:
    """A version's description. ``package`` is the zip file's ``CodeSha256``."""
    return f"contents sha256:{contents} package sha256:{package}"


def contents(configuration: Mapping[str, Any]) -> str:
    """What a version (``FunctionConfiguration``) says it is made of. Empty when it does not say so, or says it of
    another package than it has: code that was uploaded by hand lies under the description that was there."""
    made_of = _MADE_OF.match(configuration.get("Description", ""))
    return made_of["contents"] if made_of and made_of["package"] == configuration["CodeSha256"] else ""


def is_made_of(configuration: Mapping[str, Any], release: Release) -> bool:
    """Whether the code that is there, if any, is what would be built for the release."""
    return contents(configuration) == release.contents


def as_settings(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A ``FunctionConfiguration`` as a request would have it."""
    layers = [layer["Arn"] for layer in configuration.get("Layers", [])]
    return {**configuration, "Layers": layers}


def environment(configuration: Mapping[str, Any]) -> dict[str, str]:
    return dict(configuration.get("Environment", {}).get("Variables", {}))


# --- where the alias leads


@dataclass(frozen=True)
class Note:
    """An alias's description: ``version`` was put there, in the place of ``before``, or back from ``taken_back``."""

    version: str = ""
    before: str = ""
    taken_back: str = ""

    def __str__(self) -> str:
        more = f", before it {self.before}" if self.before else ""
        return f"version {self.version}{more or (f', rolled back from {self.taken_back}' if self.taken_back else '')}"

    @classmethod
    def of(cls, alias: Mapping[str, Any]) -> Note:
        found = _NOTE.match(alias.get("Description", ""))
        return cls(found["version"], found["before"] or "", found["from"] or "") if found else cls()

    @property
    def kept(self) -> set[str]:
        """The versions that a rollback, or the memory of one, needs."""
        return {self.version, self.before, self.taken_back} - {""}


def fault_of_alias(alias: Mapping[str, Any]) -> str:
    """Why no release may move the alias, which is used by hand; empty when it may. An alias without a description is
    anybody's."""
    name, version, said = alias["Name"], alias["FunctionVersion"], alias.get("Description", "")
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if weights:
        shares = ", ".join(f"version {other} gets {share:.0%}" for other, share in sorted(weights.items()))
        return f"alias {name} is weighted by hand ({shares}): let it lead to one version first"
    if version == LATEST:
        return (
            f"alias {name} leads to {LATEST}, where users would meet a release before it is tested: let it lead to a"
            " version first"
        )
    if said and Note.of(alias).version != version:
        return (
            f"alias {name} leads to version {version}, and its description is {said!r}: somebody moved it by hand. Put"
            " it back, or empty its description, and a release takes it over as it is"
        )
    return ""


def surplus(versions: Iterable[str], kept: Collection[str], more: int) -> list[str]:
    """The versions to delete, when ``kept`` stay, and the newest ``more`` of the others.

    >>> surplus(["1", "2", "9", "10", "11"], {"2", "11"}, 1)
    ['1', '9']
    """
    others = sorted(set(versions) - set(kept), key=int)
    return others[: max(0, len(others) - more)]


def next_version(versions: Collection[str]) -> str:
    """What a new version's number will be, unless newer ones were deleted."""
    return str(1 + max(map(int, versions), default=0))


def in_use(aliases: Iterable[Mapping[str, Any]]) -> set[str]:
    """The versions to which aliases lead."""
    return {
        version
        for alias in aliases
        for version in (alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
    }


# --- who may use the URL

# Option → the name in a request, and in a policy's conditions.
_GRANT = {
    "action": "Action",
    "principal": "Principal",
    "source_arn": "SourceArn",
    "source_account": "SourceAccount",
    "principal_org_id": "PrincipalOrgID",
    "auth_type": "FunctionUrlAuthType",
    "via_url": "InvokedViaFunctionUrl",
}
_CONDITIONS = {
    "aws:sourcearn": "source_arn",
    "aws:sourceaccount": "source_account",
    "aws:principalorgid": "principal_org_id",
    "lambda:functionurlauthtype": "auth_type",
    "lambda:invokedviafunctionurl": "via_url",
}
USE_URL, INVOKE = "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"
_ROOT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root\Z")
Grant = dict[str, Any]


def grants_for(users: Iterable[Mapping[str, str]], auth_type: str) -> list[Grant]:
    """The two grants that each user of a URL needs since November 2026."""
    return [
        {"action": action, **{name: _account(value) for name, value in user.items() if value}, **condition}
        for user in users
        for action, condition in ((USE_URL, {"auth_type": auth_type}), (INVOKE, {"via_url": True}))
    ]


def grant_of(statement: Mapping[str, Any]) -> Grant | None:
    """A statement of a function's policy as a grant; None when it is not about a URL."""
    grant: Grant = {"action": statement["Action"], "principal": _principal(statement["Principal"])}
    for operator in statement.get("Condition", {}).values():
        for key, value in operator.items():
            name = _CONDITIONS.get(key.lower(), key)
            grant[name] = str(value).lower() == "true" if name == "via_url" else value
    return grant if grant["action"] == USE_URL or grant.get("via_url") else None


def as_permission(grant: Grant) -> dict[str, Any]:
    """A grant as a request; what it grants is its identifier."""
    told = hashlib.sha256(json.dumps(grant, sort_keys=True).encode()).hexdigest()
    return {"StatementId": f"url-{told[:16]}", **{_GRANT[name]: value for name, value in grant.items()}}


def sorted_grants(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: json.dumps(grant, sort_keys=True))


def _principal(principal: Any) -> str:
    return _account(principal if isinstance(principal, str) else next(iter(principal.values())))


def _account(value: str) -> str:
    """An account's number in the place of its root user, as AWS writes it."""
    root = _ROOT.match(value)
    return root[1] if root else value


# --- the smoke test


def disagreements(wanted: Any, got: Any, path: str = "") -> list[str]:
    """Where an answer is not as wanted. Of mappings only what is mentioned is compared.

    >>> disagreements({"statusCode": 200}, {"statusCode": 403, "body": ""})
    ['statusCode is 403, not 200']
    """
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return [
            fault
            for name, value in wanted.items()
            for fault in disagreements(value, got.get(name), f"{path}.{name}" if path else str(name))
        ]
    if wanted == got:
        return []
    return [f"{path or 'the answer'} is {json.dumps(got)}, not {json.dumps(wanted)}"]
