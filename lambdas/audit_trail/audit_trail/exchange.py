"""From a function URL's event (version 2.0) to what is asked, and from answers to what Lambda sends. Pure."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

ORIGIN_HEADER = "x-origin-secret"

HTML, CSV = "text/html", "text/csv"

# As the proxies': what a client may call its request.
REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,128}")

# Nobody else sees an answer, keeps it, frames it or learns where its reader came from.
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "vary": "Accept, Authorization",
    "x-content-type-options": "nosniff",
}

Event = Mapping[str, Any]
Response = dict[str, Any]


class ProblemError(Exception):
    """Ends a request with an error. `fields` has what is wrong with what was given, by name."""

    def __init__(
        self,
        status: int,
        detail: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.fields = fields or {}
        self.headers = headers or {}

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    @property
    def document(self) -> dict[str, Any]:
        """Problem details (RFC 9457)."""
        about = {"title": self.title, "status": self.status, "detail": self.detail}
        return {**about, "errors": self.fields} if self.fields else about


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what. `id` is the function's own and nobody can choose it; `client` is an address, empty when it is
    not known; names of headers are in lower case."""

    id: str
    method: str
    path: str
    query: str
    client: str
    identity: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def ids(self) -> dict[str, str]:
        """By which it is found again: at the function, at the proxies and the client, at CloudFront."""
        client_id = self.headers.get("x-request-id", "")
        return {
            "request_id": self.id,
            "client_request_id": client_id if REQUEST_ID.fullmatch(client_id) else "",
            "edge_request_id": self.headers.get("x-amz-cf-id", ""),
        }

    def wants(self, kind: str) -> bool:
        return kind in self.headers.get("accept", "").lower()

    @property
    def from_elsewhere(self) -> bool:
        """Whether a page of somebody else's made the browser ask."""
        return self.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def permitted(event: Event, secrets: Iterable[str]) -> bool:
    """Whether the request brings one of the secrets. It takes the same time, whichever it brings or how wrong it is."""
    given = event["headers"].get(ORIGIN_HEADER, "").encode(errors="replace")
    return sum(hmac.compare_digest(given, secret.encode()) for secret in secrets) > 0


def request(event: Event, request_id: str, client_header: str | None) -> Request:
    """`client_header` is one in which the front gives the client's address, by itself or with a port; where it is empty
    no address is known, for Lambda sees the front alone. None: there is no front, and Lambda sees the client."""
    context = event["requestContext"]
    return Request(
        id=request_id,
        method=context["http"]["method"],
        path=event["rawPath"],
        query=event.get("rawQueryString", ""),
        client=context["http"]["sourceIp"]
        if client_header is None
        else re.sub(r"(?<=[\d\]]):\d+\Z", "", event["headers"].get(client_header, "")),
        identity=((context.get("authorizer") or {}).get("iam") or {}).get("userArn") or "",
        headers=event["headers"],
    )


def answer(status: int, kind: str, body: str, headers: Mapping[str, str] | None = None) -> Response:
    return {
        "statusCode": status,
        "headers": {**HEADERS, "content-type": kind, **(headers or {})},
        "body": body,
        "isBase64Encoded": False,
    }


def document(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return answer(status, "application/json", json.dumps(content, indent=2) + "\n", headers)


def problem(error: ProblemError) -> Response:
    body = json.dumps(error.document, indent=2) + "\n"
    return answer(error.status, "application/problem+json", body, error.headers)


REFUSED = answer(HTTPStatus.FORBIDDEN, "text/plain", "Forbidden\n")
