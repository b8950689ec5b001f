# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Lambda by boto3: a method is a call, and what must be waited for after it. Clients retry what AWS throttles."""

from __future__ import annotations

import functools
import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import once_known
from ansible_collections.steadyfront.fleet.plugins.module_utils.lambda_release import (
    LATEST,
    Grant,
    as_permission,
    grant_of,
)

# What Lambda answers when something is no longer as it was read, or is being changed just now.
RACES = ["PreconditionFailedException", "ResourceConflictException"]
# An event source is being changed for up to a minute after a change.
BUSY = ["ResourceInUseException"]
NOT_THERE = "ResourceNotFoundException"
# A role that was just made is not known everywhere at once, nor are its permissions.
_NEW_ROLE = ("cannot be assumed by Lambda", "execution role does not have permissions")


class Function:
    """A function in AWS as it was read, with one alias of it. It may not be there yet: then ``latest`` is empty."""

    def __init__(self, client: Any, name: str, alias: str) -> None:
        self._client = client
        self.name = name
        self.alias_name = alias
        self.latest: dict[str, Any] = {}
        self.versions: list[dict[str, Any]] = []
        self.aliases: list[dict[str, Any]] = []
        self.url: dict[str, Any] = {}
        self.grants: dict[str, Grant] = {}
        self.event_sources: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {}
        self.concurrency: int | None = None

    @property
    def alias(self) -> dict[str, Any]:
        """The alias; empty when there is none."""
        return next((alias for alias in self.aliases if alias["Name"] == self.alias_name), {})

    @property
    def live(self) -> dict[str, Any]:
        """The version to which the alias leads; empty when there is no alias."""
        version = self.alias.get("FunctionVersion")
        return next((found for found in self.versions if found["Version"] == version), {})

    def read(self) -> Function:
        try:
            about = self._client.get_function(FunctionName=self.name, aws_retry=True)
        except is_boto3_error_code(NOT_THERE):
            return self
        self.latest, self.tags = about["Configuration"], about.get("Tags", {})
        if self.latest.get("State") == "Pending":
            self._settle("function_active_v2")
        elif self.latest.get("LastUpdateStatus") == "InProgress":
            self._settle("function_updated_v2")
        self.concurrency = about.get("Concurrency", {}).get("ReservedConcurrentExecutions")
        versions = self._pages("list_versions_by_function", "Versions", FunctionName=self.name)
        self.versions = [version for version in versions if version["Version"] != LATEST]
        self.aliases = self._pages("list_aliases", "Aliases", FunctionName=self.name)
        if self.alias:
            self._read_what_the_alias_has()
        return self

    def _read_what_the_alias_has(self) -> None:
        of_alias = {"FunctionName": self.name, "Qualifier": self.alias_name}
        try:
            self.url = self._client.get_function_url_config(**of_alias, aws_retry=True)
        except is_boto3_error_code(NOT_THERE):
            pass
        try:
            policy = self._client.get_policy(**of_alias, aws_retry=True)
        except is_boto3_error_code(NOT_THERE):
            policy = {"Policy": '{"Statement": []}'}
        grants = {statement["Sid"]: grant_of(statement) for statement in json.loads(policy["Policy"])["Statement"]}
        self.grants = {identifier: grant for identifier, grant in grants.items() if grant}
        mappings = self._pages("list_event_source_mappings", "EventSourceMappings", FunctionName=self.alias["AliasArn"])
        self.event_sources = {
            mapping["EventSourceArn"]: {**mapping, "Enabled": mapping["State"] not in ("Disabled", "Disabling")}
            for mapping in mappings
            if mapping["State"] != "Deleting"
        }

    # --- the function and its versions

    def create(self, package: bytes, config: dict[str, Any], tags: dict[str, str]) -> None:
        about = {"FunctionName": self.name, "Code": {"ZipFile": package}, "Tags": tags, **config}
        once_known(functools.partial(self._client.create_function, **about, aws_retry=True), *_NEW_ROLE)
        self.tags = tags
        self._settle("function_active_v2")

    def update_code(self, package: bytes, architecture: str) -> None:
        self._update("update_function_code", {"ZipFile": package, "Architectures": [architecture]})

    def update_config(self, changes: dict[str, Any]) -> None:
        once_known(functools.partial(self._update, "update_function_configuration", changes), *_NEW_ROLE)

    def publish(self) -> dict[str, Any]:
        """A version of what the function is now, or the last one when it is the same."""
        revision = self.latest["RevisionId"]
        version = self._client.publish_version(FunctionName=self.name, RevisionId=revision, aws_retry=True)
        self._wait("published_version_active", version["Version"])
        return dict(version)

    def delete_version(self, version: str) -> None:
        """Left alone when an alias leads to it by now."""
        try:
            self._client.delete_function(FunctionName=self.name, Qualifier=version, aws_retry=True)
        except is_boto3_error_code("ResourceConflictException"):
            pass

    def delete(self) -> None:
        for arn in self.event_sources:
            self.delete_event_source(arn)
        self._client.delete_function(FunctionName=self.name, aws_retry=True)

    def tag(self, tags: dict[str, str]) -> None:
        new, old = compare_aws_tags(self.tags, tags)
        if new:
            self._client.tag_resource(Resource=self.latest["FunctionArn"], Tags=new, aws_retry=True)
        if old:
            self._client.untag_resource(Resource=self.latest["FunctionArn"], TagKeys=old, aws_retry=True)

    def reserve(self, concurrency: int | None) -> None:
        if concurrency is None:
            self._client.delete_function_concurrency(FunctionName=self.name, aws_retry=True)
        else:
            self._client.put_function_concurrency(
                FunctionName=self.name, ReservedConcurrentExecutions=concurrency, aws_retry=True
            )

    # --- the alias and what hangs on it

    def lead_to(self, version: str, note: str) -> None:
        """Move the alias, unless it is no longer where it was read."""
        about = {"FunctionName": self.name, "Name": self.alias_name, "FunctionVersion": version, "Description": note}
        if self.alias:
            self._client.update_alias(**about, RevisionId=self.alias["RevisionId"], aws_retry=True)
        else:
            self._client.create_alias(**about, aws_retry=True)

    def create_url(self, config: dict[str, Any]) -> None:
        self._client.create_function_url_config(
            FunctionName=self.name, Qualifier=self.alias_name, **config, aws_retry=True
        )

    def update_url(self, changes: dict[str, Any]) -> None:
        self._client.update_function_url_config(
            FunctionName=self.name, Qualifier=self.alias_name, **changes, aws_retry=True
        )

    def delete_url(self) -> None:
        self._client.delete_function_url_config(FunctionName=self.name, Qualifier=self.alias_name, aws_retry=True)

    def grant(self, grant: Grant) -> None:
        self._client.add_permission(
            FunctionName=self.name, Qualifier=self.alias_name, **as_permission(grant), aws_retry=True
        )

    def revoke(self, identifier: str) -> None:
        self._client.remove_permission(
            FunctionName=self.name, Qualifier=self.alias_name, StatementId=identifier, aws_retry=True
        )

    def create_event_source(self, config: dict[str, Any]) -> None:
        about = {"FunctionName": f"{self.name}:{self.alias_name}", **config}
        once_known(functools.partial(self._client.create_event_source_mapping, **about, aws_retry=True), *_NEW_ROLE)

    def update_event_source(self, arn: str, changes: dict[str, Any]) -> None:
        self._client.update_event_source_mapping(UUID=self.event_sources[arn]["UUID"], **changes, aws_retry=True)

    def delete_event_source(self, arn: str) -> None:
        self._client.delete_event_source_mapping(UUID=self.event_sources[arn]["UUID"], aws_retry=True)

    # ---

    def _update(self, operation: str, changes: dict[str, Any]) -> None:
        """Change what was read, and read what came of it: its revision is another when the change is complete. Whether
        the function is active does not matter: one that is seldom used is not."""
        getattr(self._client, operation)(
            FunctionName=self.name, RevisionId=self.latest["RevisionId"], **changes, aws_retry=True
        )
        self._settle("function_updated_v2")

    def _settle(self, waiter: str) -> None:
        self._wait(waiter)
        self.latest = self._client.get_function_configuration(FunctionName=self.name, aws_retry=True)

    def _wait(self, waiter: str, version: str = LATEST) -> None:
        """Raises WaiterError."""
        self._client.get_waiter(waiter).wait(FunctionName=self.name, Qualifier=version)

    def _pages(self, operation: str, key: str, **given: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(**given)
        return [item for page in pages for item in page[key]]


class Logs:
    """The log group of a function, and how long it keeps what is logged: in days, 0 for ever, None when it is not
    there."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def retention(self) -> int | None:
        for page in self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self.name):
            for group in page["logGroups"]:
                if group["logGroupName"] == self.name:
                    return int(group.get("retentionInDays", 0))
        return None

    def keep(self, days: int, found: int | None) -> None:
        if found is None:
            self._client.create_log_group(logGroupName=self.name, aws_retry=True)
        self._client.put_retention_policy(logGroupName=self.name, retentionInDays=days, aws_retry=True)


def invoke(client: Any, name: str, version: str, event: Any) -> tuple[Any, str]:
    """What a version answers, and what it failed of, if it did. ``client`` waits as long as a function may run."""
    answer = client.invoke(FunctionName=name, Qualifier=version, Payload=json.dumps(event).encode(), aws_retry=True)
    said = json.loads(answer["Payload"].read() or b"null")
    return said, answer.get("FunctionError", "")
