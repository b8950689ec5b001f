# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a function is to become, by the module's options and by what is there. Pure: nothing is asked of AWS."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils import lambda_release as release
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import (
    Settings,
    SettingsError,
    tags_after,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import Grant, Note, Release

NOTHING_RESERVED = -1


@dataclass(frozen=True)
class State:
    """A function as users meet it, and what hangs on its alias. ``version`` is the live one: empty in what is there
    when there is none, empty in a plan when it must be made first. ``retention`` is in days, 0 for ever. ``held``: a
    version that was rolled back is what would be released."""

    release: Release
    version: str
    versions: tuple[str, ...]
    note: Note
    url: Mapping[str, Any]
    grants: list[Grant]
    event_sources: Mapping[str, Mapping[str, Any]]
    concurrency: int | None
    retention: int | None
    tags: Mapping[str, str]
    held: bool = False


class Planner:
    """``shape_for`` gives Lambda's shapes (botocore), ``option_name`` turns a member's name into an option's. What is
    planned raises SettingsError for options that mean nothing."""

    def __init__(
        self, options: Mapping[str, Any], shape_for: Callable[[str], Any], option_name: Callable[[str], str]
    ) -> None:
        self._options = options
        self.config = Settings(shape_for("UpdateFunctionConfigurationRequest"), release.FUNCTION, option_name)
        self.url = Settings(shape_for("CreateFunctionUrlConfigRequest"), release.URL, option_name)
        self.event_source = Settings(shape_for("CreateEventSourceMappingRequest"), release.EVENT_SOURCE, option_name)

    @functools.cached_property
    def _config(self) -> dict[str, Any]:
        return self.config.parse(self._options["config"] or {}, "config")

    @functools.cached_property
    def _url(self) -> dict[str, Any]:
        return self.url.parse(self._options["url"] or {}, "url")

    @functools.cached_property
    def _event_sources(self) -> dict[str, dict[str, Any]]:
        return dict(self._parsed_event_sources())

    def _parsed_event_sources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        seen = set()
        for n, given in enumerate(self._options["event_sources"] or []):
            parsed = self.event_source.parse(given, f"event_sources[{n}]")
            arn = parsed.get("EventSourceArn")
            if not arn:
                raise SettingsError([f"event_sources[{n}].event_source_arn is missing"])
            if arn in seen:
                raise SettingsError([f"event_sources[{n}].event_source_arn is {arn}, as that of an earlier one is"])
            seen.add(arn)
            yield arn, parsed

    # --- what is there

    def release_of(self, configuration: Mapping[str, Any]) -> Release:
        """What a ``FunctionConfiguration`` is; of nothing, nothing."""
        if not configuration:
            return Release("", {}, {})
        return Release(
            release.contents(configuration),
            self.config.canonical(release.as_settings(configuration)),
            release.environment(configuration),
        )

    def log_group(self, function: Any) -> str:
        """Where it will log to."""
        settings = [self._config, function.live, function.latest]
        names = [(config.get("LoggingConfig") or {}).get("LogGroup") for config in settings]
        return next(filter(None, names), f"/aws/lambda/{function.name}")

    def found(self, function: Any, retention: int | None) -> State:
        """``function`` as lambda_api.Function read it."""
        return State(
            release=self.release_of(function.live),
            version=function.alias.get("FunctionVersion", ""),
            versions=tuple(version["Version"] for version in function.versions),
            note=Note.of(function.alias),
            url=self.url.canonical(function.url),
            grants=release.sorted_grants(function.grants.values()),
            event_sources=function.event_sources,
            concurrency=function.concurrency,
            retention=retention,
            tags=function.tags,
        )

    # --- what is to be

    def planned(self, function: Any, found: State, contents: str) -> State:
        """``contents`` is the digest of the source. Raises SettingsError where it cannot be."""
        wanted, url = self._release(function, contents), self._planned_url(function)
        event_sources = self._planned_event_sources(function)
        version = self._version(function, found, wanted)
        faults = [*_faults_of_alias(function.alias), *self._faults_of_url(url)]
        if "Role" not in wanted.config:
            faults.append("config.role is missing: a new function needs one")
        if function.latest and not version:
            faults += self.config.lasting(release.as_settings(function.latest), wanted.config, "config")
        if url:
            faults += self.url.lasting(found.url, url, "url")
        for n, (arn, source) in enumerate(event_sources.items()):
            faults += self.event_source.lasting(function.event_sources.get(arn, {}), source, f"event_sources[{n}]")
        if faults:
            raise SettingsError(faults)
        stays = bool(version) and version == found.version
        return self.at(
            version,
            replace(
                found,
                release=found.release if stays else wanted,
                held=stays and wanted != found.release,
                url=url,
                grants=self._planned_grants(found, url),
                event_sources=event_sources,
                concurrency=self._given("reserved_concurrency", found.concurrency),
                retention=self._given("log_retention_days", found.retention),
                tags=tags_after(found.tags, self._options["tags"]),
            ),
            function,
        )

    def rolled_back(self, function: Any, found: State) -> State:
        """The version of before is live, once. Raises SettingsError when there is none."""
        if not function.alias:
            raise SettingsError([f"{function.name} has no alias {function.alias_name}: nothing was released"])
        faults = _faults_of_alias(function.alias)
        if faults:
            raise SettingsError(faults)
        if found.note.taken_back:
            return found
        before = next((version for version in function.versions if version["Version"] == found.note.before), None)
        if not before:
            raise SettingsError([f"{function.name} has no version from before version {found.version} any more"])
        note = Note(before["Version"], taken_back=found.version)
        return replace(found, release=self.release_of(before), version=before["Version"], note=note)

    def at(self, version: str, plan: State, function: Any) -> State:
        """The plan with the alias at ``version``, and without the versions that are then too many."""
        was = function.alias.get("FunctionVersion", "")
        note = Note(version, before=was) if version != was else Note.of(function.alias)
        others = [alias for alias in function.aliases if alias["Name"] != function.alias_name]
        versions = {*(found["Version"] for found in function.versions), version} - {""}
        gone = release.surplus(versions, {version, *note.kept, *release.in_use(others)}, self._options["keep_versions"])
        left = sorted(versions - set(gone), key=int)
        return replace(plan, version=version, versions=tuple(left), note=note)

    def is_release(self, configuration: Mapping[str, Any], wanted: Release) -> bool:
        """Whether a version is as wanted. It may have more than was wanted: what AWS fills in."""
        has = self.release_of(configuration)
        return has == replace(wanted, config=self._laid_over(configuration, wanted.config))

    def _laid_over(self, configuration: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
        return self.config.canonical(self.config.overlay(release.as_settings(configuration), config))

    def _release(self, function: Any, contents: str) -> Release:
        """Laid over what is live, for that is what users know; over the function itself before it has an alias."""
        there = function.live or function.latest
        environment = self._options["environment"]
        if environment is None:
            environment = release.environment(there)
        return Release(
            contents,
            self._laid_over(there, self._config),
            {name: str(value) for name, value in environment.items() if value is not None},
        )

    def _version(self, function: Any, found: State, wanted: Release) -> str:
        """The version that is as wanted already: the live one rather than another, a newer one rather than an older.
        One that was rolled back stays so. Empty when it must be made."""
        if wanted == found.release:
            return found.version
        alike = [
            version["Version"]
            for version in function.versions
            if self.is_release(version, wanted) and self.release_of(version).config.keys() <= wanted.config.keys()
        ]
        newest = max(alike, key=int, default="")
        return found.version if newest and newest == found.note.taken_back else newest

    def _planned_url(self, function: Any) -> dict[str, Any]:
        return self.url.canonical(self.url.overlay(function.url, self._url)) if self._options["url"] != {} else {}

    def _faults_of_url(self, url: Mapping[str, Any]) -> list[str]:
        if self._options["url_users"] and not url:
            return ["url_users is given: allowed with url, for there is none"]
        return [f"{option} is missing" for option in self.url.missing(url, "url")] if url else []

    def _planned_grants(self, found: State, url: Mapping[str, Any]) -> list[Grant]:
        users = self._options["url_users"]
        if users is None and self._options["url"] is None:
            return found.grants
        if users is None:
            users = [{"principal": "*"}] if url.get("AuthType") == "NONE" else []
        return release.sorted_grants(release.grants_for(users, url.get("AuthType", "")))

    def _planned_event_sources(self, function: Any) -> Mapping[str, Mapping[str, Any]]:
        if self._options["event_sources"] is None:
            return dict(function.event_sources)
        return {
            arn: self.event_source.overlay(function.event_sources.get(arn, {}), given)
            for arn, given in self._event_sources.items()
        }

    def _given(self, option: str, found: int | None) -> int | None:
        given = self._options[option]
        if given is None:
            return found
        return None if given == NOTHING_RESERVED else int(given)

    # --- for people

    def shown(self, state: State, hide: Callable[[str], str]) -> dict[str, Any]:
        return {
            "version": state.version,
            "versions": list(state.versions),
            "contents": state.release.contents,
            "config": self.config.options(state.release.config, hide),
            "environment": {name: hide(value) for name, value in sorted(state.release.environment.items())},
            "url": self.url.options(state.url, hide),
            "url_grants": state.grants,
            "event_sources": [
                self.event_source.options(config, hide) for _arn, config in sorted(state.event_sources.items())
            ],
            "reserved_concurrency": NOTHING_RESERVED if state.concurrency is None else state.concurrency,
            "log_retention_days": state.retention,
            "tags": dict(state.tags),
        }


def _faults_of_alias(alias: Mapping[str, Any]) -> list[str]:
    fault = release.fault_of_alias(alias) if alias else ""
    return [fault] if fault else []
