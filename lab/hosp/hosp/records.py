"""The resources, their fields, and what HOSP says about fields that are missing or wrong. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

TEXT = ""
"""The kind of a text field; any other kind is the resource whose id the field holds."""

FIELDS: Mapping[str, Mapping[str, str]] = {
    "hospitals": {"name": TEXT},
    "patients": {"name": TEXT, "species": TEXT, "hospital_id": "hospitals"},
    "staff": {"name": TEXT, "role": TEXT, "hospital_id": "hospitals"},
    "notes": {"title": TEXT, "body": TEXT, "patient_id": "patients", "staff_id": "staff"},
}

Exists = Callable[[str, int], bool]
"""Whether a resource has a record of this id."""


def own_fields(resource: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a client's document that are fields; the rest (`id`, `url` …) is ignored, as Rails does."""
    return {field: document[field] for field in FIELDS[resource] if field in document}


def errors(resource: str, fields: Mapping[str, Any], exists: Exists) -> dict[str, list[str]]:
    """What is wrong with a whole record, as `{field: [message]}`; empty when nothing is."""
    found = {field: _error(kind, fields.get(field), exists) for field, kind in FIELDS[resource].items()}
    return {field: [message] for field, message in found.items() if message}


def _error(kind: str, value: Any, exists: Exists) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return "can't be blank"
    if kind == TEXT:
        return None if isinstance(value, str) else "is not a string"
    if not isinstance(value, int) or isinstance(value, bool):
        return "is not an integer"
    return None if exists(kind, value) else "must exist"
