"""The analysis of a patient's images: invented, but the same for the same image. Pure."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

FINDINGS = ("no finding", "fracture", "effusion", "foreign body", "enlarged heart", "mass")


def analyse(images: Sequence[str]) -> list[dict[str, Any]]:
    """One result an image: its number from 1, the finding, and a confidence from 0.5 to 1."""
    return [_result(number, image) for number, image in enumerate(images, 1)]


def _result(number: int, image: str) -> dict[str, Any]:
    digest = sha256(image.encode("utf-8", "surrogatepass")).digest()
    finding, confidence = FINDINGS[digest[0] % len(FINDINGS)], round(0.5 + digest[1] / 510, 3)
    return {"image": number, "finding": finding, "confidence": confidence}
