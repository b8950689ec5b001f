"""From a function URL's event (version 2.0) to the request for HOSP, and from HOSP's answer to the user's. Pure."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ORIGIN_HEADER = "x-origin-secret"

# They belong to one connection, not to the request (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
# Of the way to this function: its own name, and what its client is asked for alone.
OURS = frozenset({"host", "content-length", "cookie", "x-forwarded-for", ORIGIN_HEADER})

# As the proxies': what a client may call its request.
REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,128}")

Event = Mapping[str, Any]
Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A request for HOSP. `target` is path and query as the user sent them; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """HOSP's answer. A header may come more than once."""

    status: int
    headers: Sequence[Header] = ()
    body: bytes = b""


REFUSED = Answer(403, [("content-type", "text/plain")], b"Forbidden\n")


def permitted(event: Event, secrets: Iterable[str]) -> bool:
    """Whether the request brings one of the secrets. It takes the same time, whichever it brings or how wrong it is."""
    given = event["headers"].get(ORIGIN_HEADER, "").encode(errors="replace")
    return sum(hmac.compare_digest(given, secret.encode()) for secret in secrets) > 0


def ids(event: Event, call: str) -> dict[str, str]:
    """By which a request is found again: here, at the client and the proxies, at CloudFront."""
    client = event["headers"].get("x-request-id", "")
    return {
        "request_id": call,
        "client_request_id": client if REQUEST_ID.fullmatch(client) else "",
        "edge_request_id": event["headers"].get("x-amz-cf-id", ""),
    }


def request(event: Event, secret: str, call: str) -> Request:
    """The user's request as the proxies get it, with their secret. One without an id gets this call's."""
    client = event["requestContext"]["http"]
    given = event["headers"]
    dropped = HOP_BY_HOP | OURS | _named(given.get("connection", ""))
    headers = {name: value for name, value in given.items() if name not in dropped}
    if cookies := [*event.get("cookies", []), *filter(None, [given.get("cookie")])]:
        headers["cookie"] = "; ".join(cookies)
    # Lambda leaves only the first address, which a client can choose. As every proxy does, we add who asked us.
    headers["x-forwarded-for"] = ", ".join(filter(None, [given.get("x-forwarded-for"), client["sourceIp"]]))
    headers.setdefault("x-request-id", call)
    headers[ORIGIN_HEADER] = secret
    query = event.get("rawQueryString")
    return Request(
        method=client["method"],
        target=event["rawPath"] + (f"?{query}" if query else ""),
        headers=headers,
        body=_body(event),
    )


def response(answer: Answer) -> dict[str, Any]:
    """HOSP's answer as Lambda gives it to the user: byte for byte, and each cookie for itself."""
    named = [(name.lower(), value) for name, value in answer.headers]
    dropped = HOP_BY_HOP | _named(",".join(value for name, value in named if name == "connection"))
    headers: dict[str, str] = {}
    for name, value in named:
        if name not in dropped and name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    text = _text(answer.body)
    return {
        "statusCode": answer.status,
        "headers": headers,
        "cookies": [value for name, value in named if name == "set-cookie"],
        "body": b64encode(answer.body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }


def _body(event: Event) -> bytes:
    body: str = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _named(connection: str) -> frozenset[str]:
    """The headers that a Connection header names as its own."""
    return frozenset(name.strip().lower() for name in connection.split(","))
