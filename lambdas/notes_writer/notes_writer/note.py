"""From a message about a screening to the patient's note, and how that note is known again. Pure."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class UnreadableError(Exception):
    """A message that no note can be made of, and never could; the text says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """`fields` are HOSP's: title, body, patient_id, staff_id. The `reference` stands in the body."""

    reference: str
    fields: Mapping[str, Any]

    @property
    def patient(self) -> int:
        return int(self.fields["patient_id"])

    def among(self, notes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those that bear the reference, also when people have changed them since; the eldest first."""
        return sorted((note for note in notes if self.reference in str(note["body"])), key=lambda note: int(note["id"]))

    def same(self, note: Mapping[str, Any]) -> bool:
        """Whether nobody has changed it."""
        return all(note.get(name) == value for name, value in self.fields.items())


def note(message: str, title: str, staff_id: int) -> Note:
    """Raises UnreadableError."""
    try:
        given = json.loads(message)
        reference, patient = str(given["reference"]), int(given["patient_id"])
        about = {name: str(given[name]) for name in ("reference", "screening", "screened_at")}
        result = b64decode(given["result_base64"], validate=True)
        content = (str(given["content_type"]), str(given["content_encoding"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"the message is not what `screening` sends: {type(error).__name__}") from None
    body = json.dumps(about)[:-1] + f', "result": {_structured(result, *content)}}}'
    return Note(reference, {"title": title, "body": body, "patient_id": patient, "staff_id": staff_id})


def _structured(result: bytes, content_type: str, content_encoding: str) -> str:
    """The result as JSON text: as HOSP wrote it, to the last digit; what is none, whole in a string."""
    try:
        text = _plain(result, content_encoding).decode()
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError, zlib.error):
        return json.dumps({"content_type": content_type, "content_encoding": content_encoding, **_whole(result)})
    return text


def _plain(result: bytes, content_encoding: str) -> bytes:
    if content_encoding.lower() in ("gzip", "x-gzip"):
        return zlib.decompress(result, zlib.MAX_WBITS | 16)
    if content_encoding.lower() in ("", "identity"):
        return result
    raise ValueError(content_encoding)


def _whole(result: bytes) -> Mapping[str, str]:
    try:
        return {"text": result.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(result).decode()}


def _refuse(word: str) -> None:
    """Python takes NaN and Infinity for numbers; JSON does not."""
    raise ValueError(word)
