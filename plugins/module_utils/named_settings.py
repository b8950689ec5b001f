# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Modules for what AWS keeps under a name, with settings and at most some tags: read, overlay, compare, apply, exit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import (
    Settings,
    SettingsError,
    tags_after,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

Config = dict[str, Any]


class Named(Protocol):
    """One thing in AWS by its name. ``settings`` describes its configuration; ``path`` is the option that has it."""

    settings: Settings
    path: str

    def wanted(self) -> Mapping[str, Any]:
        """The options as they are given, those that are not left out."""

    def read(self) -> tuple[Config, dict[str, str]] | None:
        """Its configuration and tags; None when there is none."""

    def create(self, config: Config, tags: Mapping[str, str]) -> None: ...

    def update(self, config: Config) -> Callable[[], Any]:
        """The call that makes it so. Raises SettingsError for what cannot be."""

    def tag(self, before: Mapping[str, str], after: Mapping[str, str]) -> None: ...

    def delete(self) -> None: ...


def ensure(module: AnsibleAWSModule, thing: Named, result: str) -> None:
    """Make it what the module's options say, and exit; what it is then is in ``result``."""
    settings, path = thing.settings, thing.path
    wanted = settings.parse(thing.wanted(), path)
    there = thing.read()
    current, tags = there or ({}, {})
    present = module.params["state"] == "present"
    config = settings.overlay(current, wanted) if present else {}
    missing = [f"{option} is missing" for option in settings.missing(config, path)] if present else []
    if missing:
        raise SettingsError(missing)
    given = module.params.get("tags")
    new_tags = tags_after(tags, given) if present else {}
    before, after = settings.options(current, str), settings.options(config, str)
    changed = present != (there is not None) or before != after or tags != new_tags
    update = thing.update(config) if there and present and before != after else None
    if changed and not module.check_mode:
        if not present:
            thing.delete()
        elif there is None:
            thing.create(config, new_tags)
        else:
            if update:
                update()
            if tags != new_tags:
                thing.tag(tags, new_tags)
    if given is not None:
        before.update({"tags": tags} if before else {})
        after.update({"tags": new_tags} if after else {})
    module.exit_json(changed=changed, diff={"before": before, "after": after}, **{result: after})


def run(module: AnsibleAWSModule, service: str, make: Any, result: str) -> None:
    """``make(module, client)`` is the thing."""
    guarded(module, service, lambda client: ensure(module, make(module, client), result))


def given(params: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the options that are given."""
    return {name: params[name] for name in names if params[name] is not None}
