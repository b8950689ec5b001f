# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What an operator says of writes that can be looked for: what is refused, and the complete settings.

Pure. docs/verified-writes.md says what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METHODS = ("POST", "PATCH")
MOST_SENDS = 3
_DEFAULTS: dict[str, Any] = {"list": None, "match": [], "max_write_seconds": None, "app_errors_are_final": False}
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LIST = re.compile(r"""/[^\s"'\\%#]*\Z""", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def verify_faults(route: Mapping[str, Any], name: str) -> Iterator[str]:
    """Everything that is wrong with a route's class ``verified`` and its ``verify``, but for its times."""
    methods, verify = route.get("methods", []), route.get("verify")
    is_list = isinstance(methods, Sequence) and not isinstance(methods, str)
    if "verify" in route and route.get("class") != "verified":
        yield f"{name}.verify is given: allowed with class 'verified'."
    elif route.get("class") == "verified" and is_list and not (methods and all(m in METHODS for m in methods)):
        given = ", ".join(map(str, methods)) or "every method"
        yield f"{name}.class is 'verified' for {given}: allowed with POST, PATCH."
    if "verify" not in route:
        return
    if not isinstance(verify, Mapping):
        yield f"{name}.verify is {verify!r}: allowed is a mapping with {', '.join(_DEFAULTS)}."
        return
    for key in verify:
        if key not in _DEFAULTS:
            yield f"{name}.verify.{key} is unknown: allowed are {', '.join(_DEFAULTS)}."
    settings = {**_DEFAULTS, **verify}
    yield from _match_faults(settings["match"], f"{name}.verify.match")
    if settings["list"] is not None or (is_list and "POST" in methods):
        yield from _list_faults(settings["list"], settings["match"], f"{name}.verify.list")
    bound, final = settings["max_write_seconds"], settings["app_errors_are_final"]
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 < bound <= 3600):
        yield (
            f"{name}.verify.max_write_seconds is {bound!r}: allowed is null (look only) or a number of seconds above 0 "
            f"and up to 3600."
        )
    if not isinstance(final, bool):
        yield f"{name}.verify.app_errors_are_final is {final!r}: allowed are true and false."


def resend_faults(
    verify: Mapping[str, Any], policy: Mapping[str, Any], least_seconds: float, name: str
) -> Iterator[str]:
    """What is wrong with a route's deadline, when a write is to be sent again after ``max_write_seconds``."""
    bound, deadline = verify.get("max_write_seconds"), policy["deadline_seconds"]
    if bound is not None and deadline < bound + least_seconds:
        yield (
            f"{name}.verify.max_write_seconds is {bound!r}: allowed with deadline_seconds {deadline:g} is at most "
            f"{deadline - least_seconds:g}, for what is sent again after it must fit."
        )


def resolved(verify: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, complete, with ``has_pages``: whether the list is asked for page by page."""
    settings = {**_DEFAULTS, **verify}
    return {**settings, "has_pages": "{page}" in (settings["list"] or "")}


def _match_faults(match: Any, name: str) -> Iterator[str]:
    if not isinstance(match, Sequence) or isinstance(match, str) or not match:
        yield f"{name} is {match!r}: allowed is a list of at least one field of the request's JSON object."
        return
    for index, field in enumerate(match):
        if not isinstance(field, str) or not _FIELD.match(field):
            yield f"{name}[{index}] is {field!r}: allowed is a field's name, of letters, digits and underscores."
        elif field in match[:index]:
            yield f"{name}[{index}] is {field!r} once more: allowed is each field once."


def _list_faults(template: Any, match: Any, name: str) -> Iterator[str]:
    if not isinstance(template, str) or not _LIST.match(_PLACEHOLDER.sub("", template)):
        yield (
            f"{name} is {template!r}: allowed is a path with its query, without spaces, quotes, backslashes, % and #, "
            f"such as /notes?patient_id={{patient_id}}&page={{page}}."
        )
        return
    fields = [field for field in match if isinstance(field, str)] if isinstance(match, Sequence) else []
    for placeholder in _PLACEHOLDER.findall(template):
        if placeholder not in [*fields, "page"]:
            yield (
                f"{name} is {template!r}, with {{{placeholder}}}: allowed are the fields of match "
                f"({', '.join(fields) or 'none'}) and {{page}}."
            )
