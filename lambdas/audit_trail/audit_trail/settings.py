"""The function's configuration: environment variables, read when they are first needed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from audit_trail.query import Source

SECRETS = r"[\w-]{32,128}( [\w-]{32,128})?"
SECRETS_ALLOWED = "one or two secrets of 32 to 128 letters, digits, hyphens and underscores, parted by a space"
NAME = r"[^\x00-\x1f\x7f]{1,255}"


class SettingsError(Exception):
    """A variable is missing or wrong; the text says which, and what is allowed."""


@dataclass(frozen=True, slots=True)
class HospSettings:
    """The first of the `origin_secrets` is the one that is sent on to the proxies."""

    url: str
    check_path: str
    timeout_seconds: float
    ca: str
    origin_secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """`docs/audit.md` says what each is for. Without `hosp`, AWS says who asks. The first of the `token_keys` signs."""

    hosp: HospSettings | None
    admins: frozenset[str]
    client_header: str
    token_keys: tuple[str, ...] = field(repr=False)
    link_seconds: int
    most_days: int
    workgroup: str
    source: Source
    log_group: str


def read(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""

    def taken(name: str, pattern: str, allowed: str, shown: bool = True) -> str:
        value = environment.get(name, "")
        if re.fullmatch(pattern, value, re.DOTALL):
            return value
        raise SettingsError(f"{name} is {repr(value) if shown else 'not allowed'}; give {allowed}")

    def hosp() -> HospSettings:
        return HospSettings(
            url=taken("HOSP_URL", r"https?://[^/\s?#@]+", "the proxies' address, http(s)://host[:port]"),
            check_path=taken("HOSP_CHECK_PATH", r"/[!-~]*", "a path that HOSP answers to everybody with an account"),
            timeout_seconds=float(taken("HOSP_TIMEOUT_SECONDS", r"[1-9]\d{0,2}", "whole seconds, 1 to 999")),
            ca=taken("HOSP_CA", r"(\s*-----BEGIN CERTIFICATE-----.*)?", "nothing, or certificates as PEM"),
            origin_secrets=tuple(taken("ORIGIN_SECRETS", SECRETS, SECRETS_ALLOWED, shown=False).split(" ")),
        )

    source = Source(
        kind="parquet"
        if taken("SOURCE_KIND", "cloudwatch|parquet", "cloudwatch or parquet") == "parquet"
        else "cloudwatch",
        catalog=taken("SOURCE_CATALOG", NAME, "the name of a data catalog of Athena's"),
        schema=taken("SOURCE_SCHEMA", NAME, "the log group, or the database, in that catalog"),
        table=taken("SOURCE_TABLE", NAME, "the log stream, all_log_streams, or the table"),
        late_seconds=int(taken("SOURCE_LATE_SECONDS", r"\d{1,6}", "whole seconds, up to six figures")),
    )
    link_seconds = int(taken("LINK_SECONDS", r"[1-9]\d{0,2}", "whole seconds, 1 to 900"))
    if link_seconds > 900:
        raise SettingsError(f"LINK_SECONDS is {link_seconds}; give whole seconds, 1 to 900")
    return Settings(
        hosp=hosp() if taken("SIGN_IN", "hosp|iam", "hosp or iam") == "hosp" else None,
        admins=_admins(environment.get("ADMINS", "")),
        client_header=taken("CLIENT_HEADER", r"[a-z0-9-]*", "nothing, or the name of a header in lower case"),
        token_keys=tuple(taken("TOKEN_KEYS", SECRETS, SECRETS_ALLOWED, shown=False).split(" ")),
        link_seconds=link_seconds,
        most_days=int(taken("MOST_DAYS", r"[1-9]\d{0,3}", "whole days, 1 to 9999")),
        workgroup=taken("WORKGROUP", r"[a-zA-Z0-9._-]{1,128}", "the name of a workgroup of Athena's"),
        source=source,
        log_group=taken("LOG_GROUP", r"[\w./#-]{1,512}", "the name of the log group in which the trail is"),
    )


def _admins(text: str) -> frozenset[str]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if isinstance(names, list) and all(isinstance(name, str) and name for name in names):
        return frozenset(names)
    raise SettingsError(f'ADMINS is {text!r}; give a JSON list of names, such as ["admin"], or []')
