"""HOSP's notes, through the proxies. A request is sent once; the proxies try the safe ones again."""

from __future__ import annotations

import json
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3

from notes_writer.delivery import DoubtError, RefusedError
from notes_writer.note import Note
from notes_writer.settings import Settings

CONNECT_SECONDS = 3
MOST_PAGES = 100
LONGEST_RETRY_AFTER = 3600

# What says nothing about the note, though it blames the client.
TRY_AGAIN = (401, 408, 425, 429)


class NotesOfHosp:
    """`credentials` gives user and password, and is asked once, until HOSP refuses them."""

    def __init__(self, settings: Settings, credentials: Callable[[], tuple[str, str]]) -> None:
        tls: dict[str, Any] = {}
        if settings.hosp_url.startswith("https"):
            tls["ssl_context"] = ssl.create_default_context(cadata=settings.hosp_ca or None)
        self._pool = urllib3.PoolManager(**tls)
        self._url = settings.hosp_url
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=settings.hosp_timeout_seconds)
        self._secret = settings.origin_secret
        self._credentials = credentials

    def create(self, note: Note) -> None:
        headers = {
            "x-patient-id": str(note.patient),
            "x-request-id": note.reference,
            "content-type": "application/json",
        }
        answer = self._ask("POST", f"{self._url}/notes", headers, json.dumps(note.fields).encode())
        if answer.status // 100 == 4 and answer.status not in TRY_AGAIN:
            raise RefusedError(f"HOSP answered {answer.status}{_fields(answer.data)}")
        _settled(answer)

    def notes(self, patient: int) -> Sequence[Mapping[str, Any]]:
        """All of a patient's, with those of further pages, where HOSP names them in a Link header."""
        url, found = f"{self._url}/notes?patient_id={patient}", list[Mapping[str, Any]]()
        for _ in range(MOST_PAGES):
            answer = self._ask("GET", url)
            _settled(answer)
            found += _list(answer.data)
            following = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', answer.headers.get("link", ""))
            if following is None:
                return found
            # HOSP may write its own address; the way there is through the proxies.
            page = urlsplit(urljoin(url, following[1]))
            url = f"{self._url}{page.path}?{page.query}"
        raise DoubtError(f"the patient's notes fill more than {MOST_PAGES} pages")

    def delete(self, number: int) -> None:
        answer = self._ask("DELETE", f"{self._url}/notes/{number}")
        if answer.status != HTTPStatus.NOT_FOUND:
            _settled(answer)

    @cached_property
    def _authorization(self) -> str:
        return "Basic " + b64encode(":".join(self._credentials()).encode()).decode()

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        ours = {"authorization": self._authorization, "x-origin-secret": self._secret, "connection": "close"}
        try:
            answer = self._pool.request(
                method,
                url,
                body=body,
                headers={**(headers or {}), **ours},
                retries=False,
                redirect=False,
                timeout=self._timeout,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise DoubtError(f"no answer: {type(error).__name__}") from None
        finally:
            # A connection that sleeps with the function may be dead when both awake.
            self._pool.clear()
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # The next request reads them again: they may have been replaced.
            del self._authorization
        return answer


def _settled(answer: urllib3.BaseHTTPResponse) -> None:
    """Raises DoubtError for everything but success."""
    if answer.status // 100 != 2:
        raise DoubtError(f"HOSP answered {answer.status}", _retry_after(answer.headers.get("retry-after", "")))


def _list(body: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        notes = json.loads(body)
    except ValueError:
        notes = None
    if not isinstance(notes, list) or not all(isinstance(note, dict) and {"id", "body"} <= {*note} for note in notes):
        raise DoubtError("HOSP's list of notes is none")
    return notes


def _retry_after(value: str) -> float:
    """Seconds, given as such or as a date; 0 for anything else."""
    if re.fullmatch(r"\d{1,9}", value):
        seconds = float(value)
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return 0
    return max(0, min(seconds, LONGEST_RETRY_AFTER))


def _fields(body: bytes) -> str:
    """The fields that HOSP objects to; not its words, which may repeat what is in them."""
    try:
        errors = json.loads(body)["errors"]
        return f": {', '.join(sorted(errors))}"
    except (ValueError, KeyError, TypeError):
        return ""
