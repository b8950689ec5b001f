"""The function's configuration: environment variables, read when they are first needed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(Exception):
    """A variable is missing or wrong; the text says which, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`docs/screening.md` says what each is for. The first of the `origin_secrets` is the one that is sent on."""

    hosp_url: str
    hosp_timeout_seconds: float
    hosp_ca: str
    origin_secrets: tuple[str, ...] = field(repr=False)
    queue_url: str
    bucket: str


def read(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""

    def taken(name: str, pattern: str, allowed: str, shown: bool = True) -> str:
        value = environment.get(name, "")
        if re.fullmatch(pattern, value, re.DOTALL):
            return value
        raise SettingsError(f"{name} is {repr(value) if shown else 'not allowed'}; give {allowed}")

    secrets = taken(
        "ORIGIN_SECRETS",
        r"[\w-]{32,128}( [\w-]{32,128})?",
        "one or two secrets of 32 to 128 letters, digits, hyphens and underscores, parted by a space",
        shown=False,
    )
    return Settings(
        hosp_url=taken("HOSP_URL", r"https?://[^/\s?#@]+", "the proxies' address, http(s)://host[:port]"),
        hosp_timeout_seconds=float(taken("HOSP_TIMEOUT_SECONDS", r"[1-9]\d{0,2}", "whole seconds, 1 to 999")),
        hosp_ca=taken("HOSP_CA", r"(\s*-----BEGIN CERTIFICATE-----.*)?", "nothing, or certificates as PEM"),
        origin_secrets=tuple(secrets.split(" ")),
        queue_url=taken("QUEUE_URL", r"https?://\S+", "the queue's URL"),
        bucket=taken("BUCKET", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the bucket's name"),
    )
