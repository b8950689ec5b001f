# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The settings of a verification, checked before anything is sent. Pure but for a look at the CA file."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .client import Target, basic_authorization
from .limits import Limits
from .plan import InputError, Template, templates


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked for. ``baseline`` names the target that the others are compared with and no limit applies to."""

    targets: tuple[Target, ...]
    baseline: str | None
    templates: tuple[Template, ...]
    count: int
    concurrency: int
    seed: int
    timeout_seconds: float
    limits: Limits
    controls_url: str | None
    faults: Mapping[str, Any]
    report_path: str | None


def settings(options: Mapping[str, Any]) -> Settings:
    """The settings in ``options``, the module's. Raises InputError with every fault, by the playbook's variables."""
    faults = [
        *_number_faults(options),
        *_target_faults(options["targets"]),
        *_control_faults(options),
        *_secret_faults(options),
    ]
    chosen: list[Template] = []
    try:
        chosen = templates(options["requests"], options["writes"])
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    return Settings(
        targets=tuple(_target(target, options) for target in options["targets"]),
        baseline=next((target["name"] for target in options["targets"] if target["baseline"]), None),
        templates=tuple(chosen),
        count=options["count"],
        concurrency=options["concurrency"],
        seed=options["seed"],
        timeout_seconds=options["timeout_seconds"],
        limits=Limits(options["attempts"], options["max_safe_failures_percent"]),
        controls_url=options["controls_url"],
        faults=options["faults"],
        report_path=options["report_path"],
    )


def _target(target: Mapping[str, Any], options: Mapping[str, Any]) -> Target:
    user, password = options["user"], options["password"]
    headers = {**(basic_authorization(user, password) if user else {}), **options["headers"]}
    return Target(target["name"], target["url"], target["host_header"], headers, options["ca_path"])


def _number_faults(options: Mapping[str, Any]) -> Iterator[str]:
    ranges = {
        "count": (1, 1_000_000),
        "concurrency": (1, 1_000),
        "seed": (0, 1_000_000_000),
        "timeout_seconds": (0.1, 3_600),
        "attempts": (1, 100),
        "max_safe_failures_percent": (0, 100),
    }
    for option, (least, most) in ranges.items():
        value = options[option]
        if value is not None and not least <= value <= most:
            variable = "fleet_retry_policy.attempts" if option == "attempts" else f"verify_{option}"
            yield f"{variable} is {value}: a number from {least} to {most}."


def _target_faults(targets: list[Mapping[str, Any]]) -> Iterator[str]:
    if not targets:
        yield "verify_targets is empty: give at least one {name, url}."
    names = [target["name"] for target in targets]
    for index, target in enumerate(targets):
        name = f"verify_targets[{index}]"
        if names.index(target["name"]) != index:
            yield f"{name}.name is {target['name']!r} once more: each target needs a name of its own."
        yield from _url_faults(target["url"], f"{name}.url")
    if sum(target["baseline"] for target in targets) > 1:
        yield "verify_targets has more than one baseline: at most one target can be what the others are compared with."


def _url_faults(url: str, name: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if complete and (parts.username is not None or parts.password is not None):
        yield f"{name} holds a user or a password: give them as verify_user and verify_password."
    elif not complete or parts.query or parts.fragment:
        yield f"{name} is {url!r}: an address such as https://api.example.com, without a query."


def _control_faults(options: Mapping[str, Any]) -> Iterator[str]:
    """What the upstream itself cannot say about its controls and faults."""
    url, rate = options["controls_url"], options["faults"].get("rate")
    if url:
        yield from _url_faults(url, "verify_controls_url")
    elif options["faults"]:
        yield "verify_faults is given without verify_controls_url: faults need an upstream that takes them."
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1):
        yield f"verify_faults.rate is {rate!r}: a number from 0 to 1, the share of requests that fail."


def _secret_faults(options: Mapping[str, Any]) -> Iterator[str]:
    """Of the secrets only what is missing or wrong about them is said."""
    user, password, ca_path = options["user"], options["password"], options["ca_path"]
    if bool(user) != bool(password):  # an environment variable that is not set is an empty text
        yield f"{'verify_password' if user else 'verify_user'} is missing: give both, or neither."
    if user and ":" in user:
        yield "verify_user holds a colon, which Basic authentication does not allow."
    for header, value in options["headers"].items():
        if not isinstance(header, str) or not isinstance(value, str):
            yield f"verify_headers: {header!r} is not text: put its name and its value in quotes."
        elif any(char in f"{header}{value}" for char in "\r\n\0"):
            yield f"verify_headers: {header!r} holds a line break, which no header can."
    if ca_path:
        yield from _ca_faults(ca_path)


def _ca_faults(path: str) -> Iterator[str]:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        yield f"verify_ca_path is {path!r}: it holds no certificate in PEM that can be read."
    except OSError as error:
        yield f"verify_ca_path is {path!r}: {error.strerror} (on the controller)."
