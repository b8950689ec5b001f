# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""From what a function is to what is planned for it, in an order in which users lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_api import Function, Logs, invoke
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_package import Package
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_plan import Planner, State
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import (
    Release,
    as_settings,
    description,
    disagreements,
    environment,
    is_made_of,
)


class SmokeError(Exception):
    """A version that did not answer as it should."""


class Applier:
    """Every step may be the last that is done: the next run finds what is left. ``package`` builds it, ``patient``
    gives a client that waits for as long as a function may run; neither is called unless it is needed."""

    def __init__(
        self,
        function: Function,
        planner: Planner,
        options: dict[str, Any],
        package: Callable[[], Package],
        patient: Callable[[], Any],
    ) -> None:
        self._function = function
        self._planner = planner
        self._options = options
        self._package = package
        self._patient = patient

    def apply(self, logs: Logs, found: State, plan: State) -> State | None:
        """What it has come to; nothing when somebody else changed the function meanwhile."""
        if plan.retention is not None and plan.retention != found.retention:
            logs.keep(plan.retention, found.retention)
        if not plan.version:
            version = self._make(plan)
            if not version:
                return None
            plan = self._planner.at(version, plan, self._function)
        self._lead(plan)
        if plan.concurrency != found.concurrency:
            self._function.reserve(plan.concurrency)
        self._function.tag(dict(plan.tags))
        self._apply_url(found, plan)
        self._apply_event_sources(plan)
        for old in sorted(set(found.versions) - set(plan.versions), key=int):
            self._function.delete_version(old)
        return plan

    def _lead(self, plan: State) -> None:
        """Let the alias lead to the planned version, when that has passed the smoke test. Raises SmokeError."""
        if plan.version == self._function.alias.get("FunctionVersion"):
            return
        if self._options["smoke_event"] is not None:
            self._smoke(plan.version)
        self._function.lead_to(plan.version, str(plan.note))

    def _smoke(self, version: str) -> None:
        name, alias = self._function.name, self._function.alias_name
        answer, error = invoke(self._patient(), name, version, self._options["smoke_event"])
        faults = disagreements(self._options["smoke_result"] or {}, answer)
        if error:
            faults = [f"it failed ({error}): {answer}"]
        if faults:
            stays = self._function.alias.get("FunctionVersion", "no version yet")
            raise SmokeError(
                f"version {version} of {name} did not pass its smoke test: {'; '.join(faults)}. Alias {alias} leads to"
                f" {stays}, as before"
            )

    def _make(self, plan: State) -> str:
        """A new version as planned. Empty when somebody else changed the function meanwhile."""
        function, wanted = self._function, plan.release
        architecture = self._options["architecture"]
        # Where nothing but settings is another, the code that is there serves.
        sha256 = function.latest["CodeSha256"] if is_made_of(function.latest, wanted) else self._package().sha256
        about = {
            "Runtime": self._options["runtime"],
            "Description": description(wanted.contents, sha256),
            "Environment": {"Variables": dict(wanted.environment)},
        }
        if not function.latest:
            function.create(
                self._package().zip, {**wanted.config, **about, "Architectures": [architecture]}, dict(plan.tags)
            )
            return self._publish(wanted)
        if (function.latest["CodeSha256"], function.latest["Architectures"]) != (sha256, [architecture]):
            function.update_code(self._package().zip, architecture)
        there = {**as_settings(function.latest), "Environment": {"Variables": environment(function.latest)}}
        changes = self._planner.config.changes(there, wanted.config)
        changes |= {name: value for name, value in about.items() if there.get(name) != value}
        if changes:
            function.update_config(changes)
        return self._publish(wanted)

    def _publish(self, wanted: Release) -> str:
        version = self._function.publish()
        return str(version["Version"]) if self._planner.is_release(version, wanted) else ""

    def _apply_url(self, found: State, plan: State) -> None:
        """New grants are there before the URL needs them, old ones as long as it does."""
        for grant in plan.grants:
            if grant not in found.grants:
                self._function.grant(grant)
        if plan.url and not found.url:
            self._function.create_url(dict(plan.url))
        elif found.url and not plan.url:
            self._function.delete_url()
        elif found.url != plan.url:
            self._function.update_url(self._planner.url.changes(found.url, plan.url))
        for identifier, grant in self._function.grants.items():
            if grant not in plan.grants:
                self._function.revoke(identifier)

    def _apply_event_sources(self, plan: State) -> None:
        there = self._function.event_sources
        for arn, config in plan.event_sources.items():
            if arn not in there:
                self._function.create_event_source(dict(config))
            elif changes := self._planner.event_source.changes(there[arn], config):
                self._function.update_event_source(arn, changes)
        for arn in there.keys() - plan.event_sources.keys():
            self._function.delete_event_source(arn)
