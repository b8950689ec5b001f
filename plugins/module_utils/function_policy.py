# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a function may do, as the policy of its execution role: what it is given, and what its settings need. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# What Lambda does in the role's name, by the service of the ARN. Streams and brokers have more to them: name it.
_READS = {"sqs": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]}
_DEAD_LETTERS = {"sqs": ["sqs:SendMessage"], "sns": ["sns:Publish"]}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
Statement = dict[str, Any]


class GrantError(ValueError):
    """One or more faults of a function's permissions, one a line."""


def function_roles(functions: Sequence[Mapping[str, Any]], region: str, account_id: str) -> list[dict[str, Any]]:
    """The functions' execution roles, as the module ``iam_roles`` takes them. Raises GrantError for all of them."""
    roles, errors = [], []
    for function in functions:
        name = str(function["name"])
        try:
            policy = function_policy(function, name, region, account_id)
        except GrantError as error:
            errors.append(str(error))
            continue
        description = f"What the function {name} may do"
        roles.append(
            {"name": name, "description": description, "trust_policy": _TRUST, "policies": {"function": policy}}
        )
    if errors:
        raise GrantError("\n".join(errors))
    return roles


def function_policy(function: Mapping[str, Any], name: str, region: str, account_id: str) -> dict[str, Any]:
    """The policy document for a function as the role ``lambda_functions`` takes it. Faults name it as ``name``; raises
    GrantError."""
    permissions = function.get("permissions") or []
    faults = [fault for n, given in enumerate(permissions) for fault in _faults(given, f"{name}.permissions[{n}]")]
    if faults:
        raise GrantError("\n".join(faults))
    logging = function.get("config", {}).get("logging_config") or {}
    group = logging.get("log_group") or f"/aws/lambda/{function['name']}"
    own_logs = f"arn:aws:logs:{region}:{account_id}:log-group:{group}:log-stream:*"
    statements = [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [own_logs]),
        *_of_settings(function),
        *(_allow(given["actions"], given["resources"]) for given in permissions),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _of_settings(function: Mapping[str, Any]) -> Iterator[Statement]:
    sources = [(source["event_source_arn"], _READS) for source in function.get("event_sources") or []]
    target = (function.get("config", {}).get("dead_letter_config") or {}).get("target_arn")
    for arn, needed in [*sources, *([(target, _DEAD_LETTERS)] if target else [])]:
        actions = needed.get(arn.split(":")[2])
        if actions:
            yield _allow(actions, [arn])


def _allow(actions: list[str], resources: list[str]) -> Statement:
    """Sorted, so that another order is no other policy."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": sorted(resources)}


def _faults(given: Any, name: str) -> Iterator[str]:
    if not isinstance(given, Mapping) or given.keys() != {"actions", "resources"}:
        yield f"{name} is {given!r}: allowed is a mapping with actions and resources."
        return
    for key in ("actions", "resources"):
        if not isinstance(given[key], list) or not given[key]:
            yield f"{name}.{key} is {given[key]!r}: allowed is a list with at least one."
            return
    for action in given["actions"]:
        if "*" in str(action) or ":" not in str(action):
            yield f"{name}.actions has {action!r}: allowed are actions such as sqs:SendMessage, without wildcards."
    for resource in given["resources"]:
        # The last part of an ARN may be a pattern: objects of a bucket have no names beforehand.
        if "*" in ":".join(str(resource).split(":")[:5]) or not str(resource).startswith("arn:"):
            yield f"{name}.resources has {resource!r}: allowed are ARNs that name service, region and account."
        elif str(resource).split(":", 5)[-1].startswith("*"):
            yield f"{name}.resources has {resource!r}: allowed are ARNs that name a resource."
