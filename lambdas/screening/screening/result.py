"""What is kept of a screening: the message from which `notes_writer` makes the patient's note. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from screening.exchange import Answer, Request

SCREENED = re.compile(r"/patients/([0-9]{1,18})/screen")


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is a JSON object in ASCII, which any queue takes; `reference` tells this screening's note from others."""

    reference: str
    text: str


def message(request: Request, answer: Answer, screening: str, screened_at: str) -> Message | None:
    """The message for a screening that succeeded with a result; None for everything else.

    `screening` is an id that no other screening has, for HOSP gives the same result for the same images.
    """
    path = SCREENED.fullmatch(request.path)
    if request.method != "POST" or path is None or not 200 <= answer.status < 300 or not answer.body:
        return None
    patient = int(path[1])
    headers = {name.lower(): value for name, value in answer.headers}
    identity = f"{patient} {screening} {sha256(answer.body).hexdigest()}"
    reference = "screening-" + sha256(identity.encode()).hexdigest()[:32]
    document = {
        "reference": reference,
        "patient_id": patient,
        "screening": screening,
        "screened_at": screened_at,
        "content_type": headers.get("content-type", ""),
        "content_encoding": headers.get("content-encoding", ""),
        "result_base64": b64encode(answer.body).decode(),
    }
    return Message(reference, json.dumps(document, separators=(",", ":")))
