"""What stands for an export: signed for its caller, so that nobody can make one, or use another's. Pure."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Export:
    """A query and what it is about; `asked_at` is in seconds since 1970, `filters` a query string."""

    query_id: str
    filters: str
    asked_at: int


def token(export: Export, caller: str, keys: Sequence[str]) -> str:
    content = _text(json.dumps(asdict(export)).encode())
    return f"{content}.{_signature(content, caller, keys[0])}"


def export(token: str, caller: str, keys: Sequence[str]) -> Export | None:
    """None for what was not signed for this caller by one of the keys."""
    content, _, signature = token.partition(".")
    given = signature.encode(errors="replace")
    if not sum(hmac.compare_digest(given, _signature(content, caller, key).encode()) for key in keys):
        return None
    return Export(**json.loads(urlsafe_b64decode(content + "=" * (-len(content) % 4))))


def _signature(content: str, caller: str, key: str) -> str:
    signed = json.dumps(["export", caller, content]).encode()
    return _text(hmac.digest(key.encode(), signed, "sha256"))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
