"""HOSP's surface: a call in, an answer out, the records between. Knows nothing of faults or of the ledger."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from hosp import records
from hosp.screening import analyse
from hosp.store import WHOLE_LIST, Store

ACCOUNTS = ("nurse", "admin", *(f"user{n}" for n in range(1, 11)))
CREDENTIALS = frozenset(base64.b64encode(f"{name}:{name}".encode()) for name in ACCOUNTS)

ADDRESS = re.compile(r"/(hospitals|patients|staff|notes)(?:/([0-9]{1,18}))?(?:\.json)?")
SCREEN_ADDRESS = re.compile(r"/(patients)/([0-9]{1,18})/screen(?:\.json)?")
COLLECTION, MEMBER, SCREEN = "GET, HEAD, OPTIONS, POST", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT", "OPTIONS, POST"


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `body` is None when it was larger than HOSP takes; `path` is decoded, `query` is not."""

    method: str
    path: str
    query: str
    host: str
    authorization: bytes
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and whether a write took effect."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False


class RefusalError(Exception):
    """Ends a call with an answer that is an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem(status: int, **headers: str) -> Answer:
    """Rails' own body for an error."""
    return _json(status, {"status": status, "error": HTTPStatus(status).phrase}, headers)


class Api:
    """The resources of a store, in lists of `page_size()` or whole ones.

    Answering neither waits nor yields: a caller can put it inside a transaction.
    """

    def __init__(self, store: Store, page_size: Callable[[], int | None] = lambda: None) -> None:
        self._store = store
        self._page_size = page_size

    def answer(self, call: Call) -> Answer:
        """Carry out a call. Nothing has been written when the answer is an error."""
        try:
            return self._route(call)
        except RefusalError as refusal:
            return refusal.answer

    def _route(self, call: Call) -> Answer:
        if not _known(call.authorization):
            return problem(401, **{"www-authenticate": 'Basic realm="HOSP"'})
        if call.body is None:
            return problem(413)
        if found := ADDRESS.fullmatch(call.path):
            resource, number = found.groups()
            methods = COLLECTION if number is None else MEMBER
        elif found := SCREEN_ADDRESS.fullmatch(call.path):
            resource, number = found.groups()
            methods = SCREEN
        else:
            return problem(404)
        if call.method not in methods.split(", "):
            return problem(405, allow=methods)
        if call.method == "OPTIONS":
            return Answer(204, headers={"allow": methods})
        if methods == SCREEN:
            return self._screen(call, int(number))
        if methods == COLLECTION:
            return self._create(call, resource) if call.method == "POST" else self._list(call, resource)
        match call.method:
            case "GET" | "HEAD":
                return self._show(call, resource, int(number))
            case "DELETE":
                return self._delete(resource, int(number))
            case _:
                return self._update(call, resource, int(number))

    def _list(self, call: Call, resource: str) -> Answer:
        query = parse_qs(call.query)
        patient = query.get("patient_id") if resource == "notes" else None
        page = max(1, _number(query.get("page", ["1"])[-1])), self._page_size() or WHOLE_LIST
        return _text(200, self._store.documents(resource, call.host, _number(patient[-1]) if patient else None, page))

    def _show(self, call: Call, resource: str, number: int) -> Answer:
        document = self._store.document(resource, number, call.host)
        return problem(404) if document is None else _text(200, document)

    def _create(self, call: Call, resource: str) -> Answer:
        fields = records.own_fields(resource, _object(call))
        self._check(resource, fields)
        return self._written(201, call, resource, self._store.insert(resource, fields), applied=True)

    def _update(self, call: Call, resource: str, number: int) -> Answer:
        """As Rails does: PUT too leaves alone what is not given, and a record that stays the same is not written."""
        before = self._store.members(resource, number)
        if before is None:
            return problem(404)
        changes = records.own_fields(resource, _object(call))
        after = {**before, **changes}
        self._check(resource, after)
        if after != before:
            self._store.update(resource, number, after)
        return self._written(200, call, resource, number, applied=after != before)

    def _delete(self, resource: str, number: int) -> Answer:
        return Answer(204, applied=True) if self._store.delete(resource, number) else problem(404)

    def _screen(self, call: Call, patient: int) -> Answer:
        if not self._store.exists("patients", patient):
            return problem(404)
        images = _object(call).get("images")
        if not isinstance(images, list) or not images or not all(isinstance(image, str) for image in images):
            return _invalid({"images": ["must be a list of at least one text"]})
        return _json(200, {"id": str(uuid4()), "patient_id": patient, "results": analyse(images)})

    def _check(self, resource: str, fields: Mapping[str, Any]) -> None:
        if errors := records.errors(resource, fields, self._store.exists):
            raise RefusalError(_invalid(errors))

    def _written(self, status: int, call: Call, resource: str, number: int, *, applied: bool) -> Answer:
        document = self._store.document(resource, number, call.host)
        assert document is not None
        return _text(status, document, applied=applied)


def _known(authorization: bytes) -> bool:
    scheme, _, credentials = authorization.partition(b" ")
    return scheme.lower() == b"basic" and credentials.strip() in CREDENTIALS


def _number(text: str) -> int:
    """An id from a query; 0, which no record has, for what is none."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else 0


def _object(call: Call) -> dict[str, Any]:
    try:
        document = json.loads(call.body or b"{}")
    except (ValueError, RecursionError):
        raise RefusalError(problem(400)) from None
    if not isinstance(document, dict):
        raise RefusalError(_invalid({"base": ["must be an object"]}))
    return document


def _invalid(errors: Mapping[str, list[str]]) -> Answer:
    return _json(422, {"errors": errors})


def _json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return _text(status, json.dumps(document, separators=(",", ":")), headers)


def _text(status: int, text: str, headers: Mapping[str, str] | None = None, *, applied: bool = False) -> Answer:
    headers = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return Answer(status, text.encode(), headers, applied)
