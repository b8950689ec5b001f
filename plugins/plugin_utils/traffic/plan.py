# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Which requests are sent: templates with weights, filled in by a seed. Pure.

A path and every text of a body may hold two placeholders::

    {1-200}    a whole number from 1 to 200, drawn by the seed
    {unique}   a text that no other request has: the request's X-Request-Id

A text of a body that is nothing but ``{1-200}`` becomes a number: ``patient_id: "{1-200}"`` is sent as 17, not "17".
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.retry_policy import CLASSES, method_class

READ_METHODS = ("GET", "HEAD", "OPTIONS")
_KEYS = ("method", "path", "weight", "body", "class")
_METHOD = re.compile(r"[A-Z][A-Z-]*\Z")
_PATH = re.compile(r"/[!-~]*\Z")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)-(\d+)\Z")


class InputError(ValueError):
    """What is wrong with the settings, one fault a line: the variable, its value, what is allowed."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Template:
    """One entry of verify_requests; ``cls`` is its class in the retry policy, ``body`` JSON or None."""

    method: str
    path: str
    weight: float
    body: Any
    cls: str

    @property
    def reads(self) -> bool:
        """Whether it changes nothing: by its method, or because the operator declares the route read-only."""
        return self.method in READ_METHODS or self.cls == "always"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent. ``id`` is its X-Request-Id, ``seed`` its X-Request-Seed, ``body`` JSON as bytes."""

    id: str
    seed: int
    method: str
    path: str
    body: bytes | None
    cls: str


def templates(entries: Sequence[Mapping[str, Any]], writes: bool, name: str = "verify_requests") -> list[Template]:
    """The entries that are sent: all of them, or those that change nothing when ``writes`` is false.

    Raises InputError with every fault found; ``name`` is what messages call the list.
    """
    faults = [fault for index, entry in enumerate(entries) for fault in _entry_faults(entry, f"{name}[{index}]")]
    if faults:
        raise InputError(faults)
    all_of_them = [_template(entry) for entry in entries]
    chosen = all_of_them if writes else [template for template in all_of_them if template.reads]
    if not entries:
        raise InputError([f"{name} is empty: give at least one request, such as {{method: GET, path: /, weight: 1}}."])
    if not chosen:
        raise InputError(
            [f"{name} holds only writes, and verify_writes is false: add a GET, or set verify_writes: true."]
        )
    if writes and all(template.reads for template in chosen):
        raise InputError([f"verify_writes is true, but {name} holds no write: add one, or set verify_writes: false."])
    return chosen


def requests(templates: Sequence[Template], count: int, seed: int, prefix: str) -> list[Request]:
    """``count`` requests in the templates' exact proportions, in an order and with numbers drawn by ``seed``.

    Request n is the same for every ``prefix`` but for its id, ``<prefix>-<n>``, and what is made of it.
    """
    chance = random.Random(seed)
    order = list(chain.from_iterable(map(repeat, templates, _shares(templates, count))))
    chance.shuffle(order)
    return [_request(template, chance, f"{prefix}-{n}", seed * 1_000_000 + n) for n, template in enumerate(order)]


def _shares(templates: Sequence[Template], count: int) -> list[int]:
    """How many requests each template gets: its weight's share, remainders to those that were cut the most."""
    total = sum(template.weight for template in templates)
    exact = [count * template.weight / total for template in templates]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: count - sum(shares)]:
        shares[index] += 1
    return shares


def _request(template: Template, chance: random.Random, identity: str, seed: int) -> Request:
    path = _filled(template.path, chance, identity)
    body = None if template.body is None else json.dumps(_filled_json(template.body, chance, identity)).encode()
    return Request(identity, seed, template.method, path, body, template.cls)


def _filled(text: str, chance: random.Random, identity: str) -> str:
    def value(match: re.Match[str]) -> str:
        bounds = _RANGE.match(match[1])
        return str(chance.randint(int(bounds[1]), int(bounds[2]))) if bounds else identity

    return _PLACEHOLDER.sub(value, text)


def _filled_json(value: Any, chance: random.Random, identity: str) -> Any:
    if isinstance(value, str):
        text = _filled(value, chance, identity)
        return int(text) if _is_range(value) else text
    if isinstance(value, Mapping):
        return {key: _filled_json(inner, chance, identity) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled_json(inner, chance, identity) for inner in value]
    return value


def _is_range(text: str) -> bool:
    whole = _PLACEHOLDER.fullmatch(text)
    return whole is not None and _RANGE.match(whole[1]) is not None


def _template(entry: Mapping[str, Any]) -> Template:
    method = entry["method"]
    return Template(method, entry["path"], entry["weight"], entry.get("body"), entry.get("class", method_class(method)))


def _entry_faults(entry: Any, name: str) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{name} is {entry!r}: a request is a dictionary of {', '.join(_KEYS)}."
        return
    for key in sorted(set(entry) - set(_KEYS)):
        yield f"{name}.{key} is unknown: a request has {', '.join(_KEYS)}."
    method, path, weight = entry.get("method"), entry.get("path"), entry.get("weight")
    if not isinstance(method, str) or not _METHOD.match(method):
        yield f"{name}.method is {method!r}: an HTTP method in capitals, such as GET."
    if not isinstance(path, str) or not _PATH.match(path):
        yield f"{name}.path is {path!r}: a path that begins with a slash and has no space, such as /patients/{{1-200}}."
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight <= 0:
        yield f"{name}.weight is {weight!r}: a number above 0, the request's share of the traffic."
    if entry.get("class", CLASSES[0]) not in CLASSES:
        yield f"{name}.class is {entry['class']!r}: one of {', '.join(CLASSES)}."
    yield from _text_faults(path, f"{name}.path")
    yield from _text_faults(entry.get("body"), f"{name}.body")


def _text_faults(value: Any, name: str) -> Iterator[str]:
    """Unknown placeholders and reversed ranges in a text, or in any text inside a body."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _text_faults(inner, f"{name}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _text_faults(inner, f"{name}[{index}]")
    elif isinstance(value, str):
        for match in _PLACEHOLDER.finditer(value):
            bounds = _RANGE.match(match[1])
            if match[1] != "unique" and (not bounds or int(bounds[1]) > int(bounds[2])):
                yield f"{name} holds {match[0]}: allowed are a range, lowest first, as {{1-200}}, and {{unique}}."
