"""The function's configuration: environment variables, read when they are first needed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(Exception):
    """A variable is missing or wrong; the text says which, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`docs/screening.md` says what each is for."""

    hosp_url: str
    hosp_timeout_seconds: float
    hosp_ca: str
    hosp_secret_id: str
    origin_secret: str = field(repr=False)
    staff_id: int
    note_title: str
    settle_seconds: float
    queue_url: str
    dead_letter_queue_url: str
    bucket: str


def read(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""

    def taken(name: str, pattern: str, allowed: str, shown: bool = True) -> str:
        value = environment.get(name, "")
        if re.fullmatch(pattern, value, re.DOTALL):
            return value
        raise SettingsError(f"{name} is {repr(value) if shown else 'not allowed'}; give {allowed}")

    secret = taken("ORIGIN_SECRET", r"[\w-]{32,128}", "32 to 128 letters, digits, hyphens and underscores", shown=False)
    return Settings(
        hosp_url=taken("HOSP_URL", r"https?://[^/\s?#@]+", "the proxies' address, http(s)://host[:port]"),
        hosp_timeout_seconds=float(taken("HOSP_TIMEOUT_SECONDS", r"[1-9]\d{0,2}", "whole seconds, 1 to 999")),
        hosp_ca=taken("HOSP_CA", r"(\s*-----BEGIN CERTIFICATE-----.*)?", "nothing, or certificates as PEM"),
        hosp_secret_id=taken("HOSP_SECRET_ID", r"\S+", "the name or ARN of a secret with HOSP's credentials"),
        origin_secret=secret,
        staff_id=int(taken("STAFF_ID", r"[1-9]\d{0,17}", "the number of a staff member of HOSP's")),
        note_title=taken("NOTE_TITLE", r".*\S.*", "the title of the notes"),
        settle_seconds=float(taken("SETTLE_SECONDS", r"[1-9]\d{0,2}", "whole seconds, 1 to 999")),
        queue_url=taken("QUEUE_URL", r"https?://\S+", "the queue's URL"),
        dead_letter_queue_url=taken("DEAD_LETTER_QUEUE_URL", r"https?://\S+", "the dead-letter queue's URL"),
        bucket=taken("BUCKET", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the bucket's name"),
    )
