"""JSON as Trino reads it. Pure. Source: Trino's functions json_extract_scalar, json_extract and json_parse."""

import json
import re
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from athena.java import java_double

SPACE = re.compile(r"[ \t\r\n]*")
STEP = re.compile(r"""\.(?:([A-Za-z_][\w-]*)|"((?:[^"\\]|\\.)*)")|\[(?:([0-9]+)|"((?:[^"\\]|\\.)*)")\]""")
MISSING = object()
# A query asks for one member after the other, each of some thousand lines at a time.
MANY = 8192


class Number(str):
    """A number as it is written: Trino answers with its text, and floats would change it."""

    __slots__ = ()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Trino finds the first of members with one name."""
    return dict(reversed(pairs))


DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_first)


# The last of members with one name stays, and order is that of their names.
PARSER = json.JSONDecoder(
    parse_int=Number,
    parse_float=lambda text: Number(java_double(float(text))),
    parse_constant=_no_constant,
    object_pairs_hook=lambda pairs: dict(sorted(dict(pairs).items())),
)


def extract_scalar(text: str, path: str) -> str | None:
    """The text of what is at a path; None for null, an object or a list, for nothing, and for what is no JSON."""
    found = _find(text, path)
    if isinstance(found, bool):
        return "true" if found else "false"
    return _utf8(str(found)) if isinstance(found, str) else None


def extract(text: str, path: str) -> str | None:
    """What is at a path, as JSON; None for nothing, and for what is no JSON."""
    found = _find(text, path)
    return None if found is MISSING else _dumps(found)


@lru_cache(MANY)
def parse(text: str) -> str:
    """The text as Trino's JSON: members sorted, numbers as Java writes them. Raises ValueError when it is no JSON."""
    try:
        return _dumps(PARSER.decode(text))
    except (ValueError, RecursionError):
        raise ValueError(f"Cannot convert value to JSON: '{text}'") from None


def _find(text: str, path: str) -> Any:
    value = _read(text)
    for step in _steps(path):
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return MISSING
    return value


@lru_cache(MANY)
def _read(text: str) -> Any:
    """The value that a text begins with. Trino reads no further than it must: of an object that breaks off, the
    members before the break are there."""
    start = SPACE.match(text).end()  # type: ignore[union-attr]
    try:
        return DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return _members(text, start + 1) if text[start : start + 1] == "{" else MISSING


def _members(text: str, at: int) -> dict[str, Any]:
    """The members of an object that is not whole."""
    found: dict[str, Any] = {}
    try:
        while True:
            name, at = scanstring(text, _after(text, at, '"'), True)
            value, at = DECODER.raw_decode(text, SPACE.match(text, _after(text, at, ":")).end())  # type: ignore[union-attr]
            found.setdefault(name, value)
            at = _after(text, at, ",")
    except (ValueError, RecursionError):
        return found


def _after(text: str, at: int, sign: str) -> int:
    at = SPACE.match(text, at).end()  # type: ignore[union-attr]
    if not text.startswith(sign, at):
        raise ValueError
    return at + 1


@lru_cache(256)
def _steps(path: str) -> tuple[str | int, ...]:
    if not path.startswith("$"):
        raise ValueError(f"Invalid JSON path: '{path}'")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = STEP.match(path, at)
        if not step:
            raise ValueError(f"Invalid JSON path: '{path}'")
        name, quoted, number, key = step.groups()
        text = next((part for part in (name, quoted, key) if part is not None), None)
        steps.append(int(number) if text is None else re.sub(r"\\(.)", r"\1", text))
        at = step.end()
    return tuple(steps)


def _dumps(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dumps(name)}:{_dumps(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumps, value)) + "]"
    return _utf8(json.dumps(value, ensure_ascii=False))


def _utf8(text: str) -> str:
    """Half a character, which JSON can write and UTF-8 cannot, becomes a question mark, as Java does it."""
    return text.encode("utf-8", "replace").decode()
