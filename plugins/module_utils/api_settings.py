# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Settings of an AWS API as options of a module, by the shapes that the installed botocore has of that API.

Options have the API's own structure, with its names in snake_case (botocore's ``xform_name``). What AWS writes as
``{Quantity, Items}`` is a list. An option that is not mentioned stays as it is, a list that is given is owned whole,
its elements keep what is not mentioned of them, and ``null`` takes a setting away.

Pure: shapes are passed in (``botocore.model.Shape``), nothing is asked of AWS.
"""

from __future__ import annotations

import difflib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_WRAPPED = {"Quantity", "Items"}
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


class SettingsError(ValueError):
    """One or more faults of the settings, one a line, each with its option's path."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True)
class Customs:
    """What an API's shapes do not say; shapes and members by their names there.

    ``keys``: list → the member that tells its elements apart. ``ordered``: lists whose order means something.
    ``alternatives``: structure → groups of members of which one group may be set. ``derived``: structure → members
    that AWS answers with and computes itself. ``defaults``: structure → values of members that are required and were
    not given. ``public``: texts that AWS calls sensitive and that are meant to be read. ``withheld``: structure →
    members that no option sets.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    ordered: Collection[str] = ()
    alternatives: Mapping[str, Sequence[Collection[str]]] = field(default_factory=dict)
    derived: Mapping[str, Collection[str]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    public: Collection[str] = ()
    withheld: Mapping[str, Collection[str]] = field(default_factory=dict)


class Settings:
    """The settings that ``shape`` describes. ``option_name`` turns a member's name into that of its option."""

    def __init__(self, shape: Any, customs: Customs, option_name: Callable[[str], str]) -> None:
        self._shape = shape
        self._customs = customs
        self._option_name = option_name

    def parse(self, options: Any, path: str) -> dict[str, Any]:
        """Options as the API's settings; ``None`` where a setting is taken away. Raises SettingsError."""
        faults: list[str] = []
        parsed = self._parse(options, self._shape, path, faults)
        if faults:
            raise SettingsError(faults)
        return dict(parsed)

    def overlay(self, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """``current`` with what ``wanted`` mentions, and defaults where something required is missing. Can be sent."""
        return dict(self._overlay(current, wanted, self._shape))

    def changes(self, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What to tell an API that keeps the settings which it is not told, to make ``wanted`` of ``current``. None is
        what ``lasting`` says of."""
        before, after = self.canonical(current), self.canonical(wanted)
        differing = [name for name in self._shape.members if before.get(name) != after.get(name)]
        return {name: after[name] if name in after else _nothing(self._shape.members[name]) for name in differing}

    def lasting(self, current: Mapping[str, Any], wanted: Mapping[str, Any], path: str) -> list[str]:
        """A fault for each setting that is to be taken away and cannot be."""
        changes = self.changes(current, wanted)
        return [self._lasts(name, path) for name, value in changes.items() if value is None]

    def updates(self, before: Mapping[str, Any], after: Mapping[str, Any], shape: Any, path: str) -> dict[str, Any]:
        """What to tell an API that keeps what it is not told, knows ``RemoveX`` for what is taken away, and
        ``XUpdates`` for the same within X. ``shape``: that of its updates. Raises SettingsError for what cannot be
        taken away."""
        told: dict[str, Any] = {}
        for name in sorted({*before, *after}):
            if before.get(name) == after.get(name):
                continue
            inner = shape.members.get(f"{name}Updates")
            if inner is not None:
                inner_path = f"{path}.{self._option_name(name)}"
                told[f"{name}Updates"] = self.updates(before.get(name) or {}, after.get(name) or {}, inner, inner_path)
            elif name in after:
                told[name] = after[name]
            elif f"Remove{name}" in shape.members:
                told[f"Remove{name}"] = True
            else:
                raise SettingsError([self._lasts(name, path)])
        return told

    def _lasts(self, name: str, path: str) -> str:
        return f"{path}.{self._option_name(name)} cannot be taken away, only changed"

    def missing(self, settings: Mapping[str, Any], path: str) -> list[str]:
        """The paths of the options that are required and not there."""
        return list(self._missing(settings, self._shape, path))

    def canonical(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The same for all settings that mean the same: sorted, without what is empty or computed by AWS."""
        return dict(self._canonical(settings, self._shape) or {})

    def options(self, settings: Mapping[str, Any], hide: Callable[[str], str]) -> dict[str, Any]:
        """Settings as the options that would make them, in canonical form; secrets as ``hide`` shows them."""
        return dict(self._options(self.canonical(settings), self._shape, hide))

    def secrets(self, options: Any) -> set[str]:
        """The values that must never be shown, of options that need not be right."""
        return set(self._secrets(options, self._shape))

    # --- from options

    def _parse(self, value: Any, shape: Any, path: str, faults: list[str]) -> Any:
        if value is None:
            return None
        if shape.type_name == "structure":
            if _is_list(shape):
                items = self._parse(value, shape.members["Items"], path, faults)
                return items if items is None else {"Quantity": len(items), "Items": items}
            return self._parse_structure(value, shape, path, faults)
        if shape.type_name == "list":
            return self._parse_list(value, shape, path, faults)
        if shape.type_name == "map":
            return self._parse_map(value, shape, path, faults)
        try:
            return _scalar(value, shape)
        except ValueError as error:
            faults.append(f"{path} is {self._shown(value, shape)}: {error}")
            return None

    def _parse_structure(self, value: Any, shape: Any, path: str, faults: list[str]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            faults.append(f"{path} is {self._shown(value, shape)}: allowed is a mapping")
            return {}
        withheld = {"Quantity", *self._customs.withheld.get(shape.name, ())}
        members = {self._option_name(name): name for name in shape.members if name not in withheld}
        parsed = {}
        for option, setting in value.items():
            if option not in members:
                faults.append(f"{path}.{option} is unknown{_suggestion(str(option), members)}")
                continue
            member = members[option]
            parsed[member] = self._parse(setting, shape.members[member], f"{path}.{option}", faults)
        if _is_wrapped(shape) and "Items" in parsed:
            parsed["Items"] = parsed["Items"] or []
            parsed["Quantity"] = len(parsed["Items"])
        chosen = [
            sorted(self._option_name(name) for name in group if parsed.get(name) is not None)
            for group in self._customs.alternatives.get(shape.name, ())
        ]
        if len([names for names in chosen if names]) > 1:
            faults.append(f"{path} has {' and '.join(name for names in chosen for name in names)}: only one may be set")
        return parsed

    def _parse_list(self, value: Any, shape: Any, path: str, faults: list[str]) -> list[Any]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
            faults.append(f"{path} is {self._shown(value, shape)}: allowed is a list")
            return []
        parsed = [self._parse(item, shape.member, f"{path}[{n}]", faults) for n, item in enumerate(value)]
        key = self._customs.keys.get(shape.name)
        if key:
            first: dict[Any, int] = {}
            for n, item in enumerate(parsed):
                name = _key(item, key)
                if name is not None and first.setdefault(name, n) != n:
                    option, other = self._option_name(key), f"{path}[{first[name]}]"
                    faults.append(f"{path}[{n}].{option} is {item[key]}, as that of {other} is")
        return parsed

    def _parse_map(self, value: Any, shape: Any, path: str, faults: list[str]) -> dict[str, Any]:
        """Its keys are the user's, and it is owned whole, as a list is."""
        if not isinstance(value, Mapping):
            faults.append(f"{path} is {self._shown(value, shape)}: allowed is a mapping")
            return {}
        return {str(key): self._parse(item, shape.value, f"{path}.{key}", faults) for key, item in value.items()}

    def _shown(self, value: Any, shape: Any) -> str:
        if isinstance(value, (Mapping, list)):
            return "a mapping" if isinstance(value, Mapping) else "a list"
        return "not shown" if any(self._secrets(value, shape)) else json.dumps(value, default=str)

    def _secrets(self, value: Any, shape: Any) -> Iterator[str]:
        if self._is_secret(shape):
            yield from _texts(value)
        elif shape.type_name == "list":
            for item in value if isinstance(value, list) else [value]:
                yield from self._secrets(item, shape.member)
        elif shape.type_name == "map":
            for item in value.values() if isinstance(value, Mapping) else [value]:
                yield from self._secrets(item, shape.value)
        elif shape.type_name == "structure" and _is_list(shape):
            yield from self._secrets(value, shape.members["Items"])
        elif shape.type_name == "structure" and isinstance(value, Mapping):
            members = {self._option_name(name): member for name, member in shape.members.items()}
            for option, setting in value.items():
                # Under an unknown name there may be what belongs under any other.
                for member in [members[option]] if option in members else members.values():
                    if option in members or self._is_secret(member) or isinstance(setting, (Mapping, list)):
                        yield from self._secrets(setting, member)
        elif self._holds_secret(shape):
            yield from _texts(value)

    def _is_secret(self, shape: Any) -> bool:
        return bool(shape.metadata.get("sensitive")) and shape.name not in self._customs.public

    def _holds_secret(self, shape: Any, within: tuple[str, ...] = ()) -> bool:
        """At any depth. Shapes can hold themselves."""
        if self._is_secret(shape) or shape.name in within:
            return self._is_secret(shape)
        if shape.type_name == "structure":
            return any(self._holds_secret(member, (*within, shape.name)) for member in shape.members.values())
        inner = {"list": "member", "map": "value"}.get(shape.type_name)
        return inner is not None and self._holds_secret(getattr(shape, inner), (*within, shape.name))

    # --- onto what is there

    def _overlay(self, current: Any, wanted: Any, shape: Any) -> Any:
        if shape.type_name == "list":
            key = self._customs.keys.get(shape.name)
            there = {_key(item, key): item for item in current or []} if key else {}
            return [self._overlay(there.get(_key(item, key)) if key else None, item, shape.member) for item in wanted]
        if shape.type_name != "structure":
            return wanted
        derived = self._customs.derived.get(shape.name, ())
        result = {name: value for name, value in (current or {}).items() if name not in derived}
        for group in self._customs.alternatives.get(shape.name, ()):
            others = [other for other in self._customs.alternatives[shape.name] if other != group]
            if any(wanted.get(name) is not None for name in group):
                for name in (name for other in others for name in other):
                    result.pop(name, None)
        for name, value in wanted.items():
            if value is None:
                result.pop(name, None)
            else:
                result[name] = self._overlay(result.get(name), value, shape.members[name])
        for name, value in self._customs.defaults.get(shape.name, {}).items():
            result.setdefault(name, value)
        if _is_wrapped(shape):
            result["Quantity"] = len(result.get("Items") or [])
        return result

    def _missing(self, value: Any, shape: Any, path: str) -> Iterator[str]:
        if shape.type_name == "structure":
            for name in shape.required_members:
                if name not in {*value, *_WRAPPED, *self._customs.withheld.get(shape.name, ())}:
                    yield f"{path}.{self._option_name(name)}"
            for name, member in value.items():
                inner = path if name == "Items" and _is_list(shape) else f"{path}.{self._option_name(name)}"
                yield from self._missing(member, shape.members[name], inner)
        elif shape.type_name == "list":
            for n, item in enumerate(value):
                yield from self._missing(item, shape.member, f"{path}[{n}]")

    # --- in canonical form, and back

    def _canonical(self, value: Any, shape: Any) -> Any:
        if shape.type_name == "structure":
            ignored = {
                *self._customs.derived.get(shape.name, ()),
                *self._customs.withheld.get(shape.name, ()),
                *(["Quantity"] if _is_wrapped(shape) else []),
            }
            members = {
                name: self._canonical(member, shape.members[name])
                for name, member in (value or {}).items()
                if name in shape.members and name not in ignored
            }
            # Left out, empty and false mean the same; zero does not.
            return {name: member for name, member in members.items() if member or (member == 0 and member is not False)}
        if shape.type_name == "list":
            items = [self._canonical(item, shape.member) for item in value or []]
            if shape.name in self._customs.ordered:
                return items
            key = self._customs.keys.get(shape.name)
            return sorted(items, key=lambda item: str(_key(item, key)) if key else json.dumps(item, sort_keys=True))
        return _time(value).isoformat() if shape.type_name == "timestamp" and value else value

    def _options(self, value: Any, shape: Any, hide: Callable[[str], str]) -> Any:
        if shape.type_name == "structure":
            if _is_list(shape):
                return self._options(value.get("Items", []), shape.members["Items"], hide)
            return {
                self._option_name(name): self._options(member, shape.members[name], hide)
                for name, member in value.items()
                if name in shape.members and not (name == "Quantity" and _is_wrapped(shape))
            }
        if shape.type_name == "list":
            return [self._options(item, shape.member, hide) for item in value]
        return hide(value) if self._is_secret(shape) else value


class Hidden:
    """Shows a secret as a word that is the same for the same secret, in this run only."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def __call__(self, secret: str) -> str:
        return "hidden-" + hmac.new(self._key, secret.encode(), "sha256").hexdigest()[:8]


def tags_after(current: Mapping[str, str], given: Mapping[str, Any] | None) -> dict[str, str]:
    """All that are given, and those of AWS, which nobody else can change; without any given, as they are."""
    kept = {name: value for name, value in current.items() if given is None or name.startswith("aws:")}
    return {**kept, **{name: str(value) for name, value in (given or {}).items()}}


def _is_wrapped(shape: Any) -> bool:
    return set(shape.members) >= _WRAPPED


def _is_list(shape: Any) -> bool:
    return set(shape.members) == _WRAPPED


def _texts(value: Any) -> Iterator[str]:
    """All texts and numbers in a value."""
    if isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
    elif value and not isinstance(value, bool):
        yield str(value)


def _nothing(shape: Any) -> Any:
    """The empty value of a shape, in a structure that of each member. None for a number and a choice, which have none,
    and for a structure that needs one or has a choice. One of numbers alone is emptied by telling none."""
    if shape.type_name == "structure":
        members = {name: _nothing(member) for name, member in shape.members.items()}
        choices = [name for name, member in shape.members.items() if getattr(member, "enum", None)]
        if any(members[name] is None for name in (*shape.required_members, *choices)):
            return None
        return {name: value for name, value in members.items() if value is not None}
    if getattr(shape, "enum", None):
        return None
    return {"list": [], "string": "", "boolean": False}.get(shape.type_name)


def _key(item: Any, key: str | None) -> Any:
    """What tells an element apart. Names of headers are the same whatever their case."""
    value = (item or {}).get(key)
    return value.lower() if key == "HeaderName" and value else value


def _scalar(value: Any, shape: Any) -> Any:
    """A value of the shape's type. Raises ValueError, which says what is allowed."""
    kind = shape.type_name
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if str(value).lower() in _TRUE + _FALSE:
            return str(value).lower() in _TRUE
        raise ValueError("allowed are true and false")
    if kind in ("integer", "long"):
        if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
            raise ValueError("allowed is a whole number")
        return int(value)
    if kind in ("float", "double"):
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ValueError("allowed is a number") from None
    if kind == "timestamp":
        try:
            return _time(value)
        except ValueError:
            raise ValueError("allowed is a time, such as 2030-01-01 or 2030-01-01T12:00:00Z") from None
    if isinstance(value, (bool, Mapping, list)):
        raise ValueError("allowed is a text")
    allowed = getattr(shape, "enum", None)
    if allowed and str(value) not in allowed:
        raise ValueError(f"allowed are {', '.join(allowed)}")
    return str(value)


def _time(value: Any) -> datetime:
    """In UTC, as one without a zone is. Raises ValueError."""
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _suggestion(option: str, allowed: Collection[str]) -> str:
    """
    >>> _suggestion("domain", ["domain_name", "id"])
    ': did you mean domain_name? Allowed are domain_name, id'
    """
    close = difflib.get_close_matches(option, allowed, n=1)
    return (f": did you mean {close[0]}? Allowed" if close else ": allowed") + f" are {', '.join(sorted(allowed))}"
