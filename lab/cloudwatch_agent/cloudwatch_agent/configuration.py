"""The agent's configuration file, as far as the stand-in goes by it. What it does not know it refuses."""

import json
import socket
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from cloudwatch_agent.timestamp import Timestamp

# What a section may have, beside what leads to the next one.
AGENT = {"region", "run_as_user"}
LOGS = {"logs_collected", "endpoint_override", "force_flush_interval"}
FILE = {
    "file_path",
    "log_group_name",
    "log_stream_name",
    "retention_in_days",
    "timestamp_format",
    "timezone",
    "encoding",
}
FLUSH_SECONDS = 5.0
KEEP_FOR_EVER = -1


class ConfigurationError(Exception):
    """Everything that is wrong with a configuration, a fault a line."""


@dataclass(frozen=True)
class LogFile:
    """One file, and the stream that it goes into."""

    path: Path
    group: str
    stream: str
    retention_days: int | None
    timestamp: Timestamp | None


@dataclass(frozen=True)
class Configuration:
    """What is shipped, and where to; `endpoint_url` is AWS's own where it is None."""

    region: str
    endpoint_url: str | None
    flush_seconds: float
    files: tuple[LogFile, ...]


def read(path: Path) -> Configuration:
    """The configuration in a file. Raises ConfigurationError."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    faults = [*_against_schema(document)] or [*_unknown(document)]
    if faults:
        raise ConfigurationError("\n".join(faults))
    logs = document["logs"]
    return Configuration(
        region=document["agent"]["region"],
        endpoint_url=logs.get("endpoint_override"),
        flush_seconds=float(logs.get("force_flush_interval", FLUSH_SECONDS)),
        files=tuple(_log_file(entry) for entry in logs["logs_collected"]["files"]["collect_list"]),
    )


def credentials(path: Path) -> Mapping[str, str]:
    """The credentials section of the agent's common-config.toml. Raises ConfigurationError."""
    try:
        section: Mapping[str, str] = tomllib.loads(path.read_text()).get("credentials", {})
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return section


def _against_schema(document: Any) -> Iterator[str]:
    """What the agent itself would refuse: the schema is its own."""
    schema = json.loads(files("cloudwatch_agent").joinpath("schema.json").read_bytes())
    for error in sorted(jsonschema.Draft4Validator(schema).iter_errors(document), key=str):
        yield f"{error.json_path}: {error.message}"


def _unknown(document: Mapping[str, Any]) -> Iterator[str]:
    """What the agent would accept, and the stand-in does not do."""
    agent, logs = document.get("agent", {}), document.get("logs", {})
    collected = logs.get("logs_collected", {})
    entries = collected.get("files", {}).get("collect_list", [])
    yield from _others("$", document, {"agent", "logs"})
    yield from _others("$.agent", agent, AGENT)
    yield from _others("$.logs", logs, LOGS)
    yield from _others("$.logs.logs_collected", collected, {"files"})
    if not agent.get("region"):
        yield "$.agent.region is missing"
    if not entries:
        yield "$.logs.logs_collected.files.collect_list is missing"
    for n, entry in enumerate(entries):
        yield from _unknown_in_file(f"$.logs.logs_collected.files.collect_list[{n}]", entry)


def _unknown_in_file(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    yield from _others(where, entry, FILE)
    for key in ("log_group_name", "log_stream_name"):
        if key not in entry:
            yield f"{where}.{key} is missing"
    if set(entry["file_path"]) & set("*?[]{}"):
        yield f"{where}.file_path is {entry['file_path']}: one file is followed, not a pattern of names"
    if entry.get("encoding", "utf-8") != "utf-8":
        yield f"{where}.encoding is {entry['encoding']}: allowed is utf-8"
    try:
        _timestamp(entry)
    except ValueError as error:
        yield f"{where}.timestamp_format is {entry['timestamp_format']!r}: {error}"


def _others(where: str, given: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    for key in sorted(given.keys() - known):
        yield f"{where}.{key} is not known to the stand-in, which knows {', '.join(sorted(known))}"


def _log_file(entry: Mapping[str, Any]) -> LogFile:
    days = entry.get("retention_in_days", KEEP_FOR_EVER)
    return LogFile(
        path=Path(entry["file_path"]),
        group=_resolved(entry["log_group_name"]),
        stream=_resolved(entry["log_stream_name"]),
        retention_days=None if days == KEEP_FOR_EVER else days,
        timestamp=_timestamp(entry),
    )


def _timestamp(entry: Mapping[str, Any]) -> Timestamp | None:
    return Timestamp(entry["timestamp_format"], entry.get("timezone", "")) if "timestamp_format" in entry else None


def _resolved(name: str) -> str:
    """Outside EC2 both are the same."""
    host = socket.gethostname()
    return name.replace("{hostname}", host).replace("{local_hostname}", host)
