# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Buckets and what S3 keeps beside them: each aspect has calls of its own, which read, replace and remove it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import (
    Customs,
    Settings,
    SettingsError,
    tags_after,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.planned import Plan, policy_after

CUSTOMS = Customs(keys={"LifecycleRules": "ID"})


@dataclass(frozen=True)
class Aspect:
    """One part of a bucket's configuration. ``call`` is what follows get_ and put_, ``member`` the member of the
    request that has it, ``absent`` what S3 says where there is none. ``has_one_rule``: the option is that rule."""

    call: str
    member: str
    shape: str
    absent: str = ""
    has_one_rule: bool = False


ASPECTS = {
    "ownership": Aspect(
        "bucket_ownership_controls",
        "OwnershipControls",
        "OwnershipControlsRule",
        "OwnershipControlsNotFoundError",
        has_one_rule=True,
    ),
    "public_access_block": Aspect(
        "public_access_block",
        "PublicAccessBlockConfiguration",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
    ),
    "encryption": Aspect(
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionRule",
        "ServerSideEncryptionConfigurationNotFoundError",
        has_one_rule=True,
    ),
    "logging": Aspect("bucket_logging", "BucketLoggingStatus", "BucketLoggingStatus"),
    "lifecycle": Aspect(
        "bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "BucketLifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
    ),
}


class Buckets:
    """``option_name`` turns a member's name into that of its option."""

    def __init__(self, client: Any, option_name: Callable[[str], str]) -> None:
        self._client = client
        shape_for = client.meta.service_model.shape_for
        self._shapes = {option: shape_for(aspect.shape) for option, aspect in ASPECTS.items()}
        self._settings = {option: Settings(shape, CUSTOMS, option_name) for option, shape in self._shapes.items()}

    def parse(self, bucket: Mapping[str, Any], path: str) -> dict[str, dict[str, Any]]:
        """The aspects that are given, as the API's settings. Raises SettingsError."""
        parsed, errors = {}, []
        for option, settings in self._settings.items():
            if bucket[option] is None:
                continue
            try:
                parsed[option] = settings.parse(bucket[option], f"{path}.{option}")
            except SettingsError as error:
                errors += error.faults
        rules = parsed.get("lifecycle", {}).get("Rules") or []
        errors += [f"{path}.lifecycle.rules[{n}].id is missing" for n, rule in enumerate(rules) if not rule.get("ID")]
        if errors:
            raise SettingsError(errors)
        return parsed

    def plan(self, bucket: Mapping[str, Any], wanted: Mapping[str, dict[str, Any]], path: str) -> Plan:
        """What makes the bucket what is given. Raises SettingsError for settings that lack something."""
        name = bucket["name"]
        is_there = self._is_there(name)
        plan = Plan(before={"name": name} if is_there else {}, after={"name": name})
        if not is_there:
            plan.steps.append(functools.partial(self._create, name))
        missing: list[str] = []
        for option, given in wanted.items():
            current = self._read(name, option) if is_there else {}
            missing += self._plan_aspect(plan, option, current, given, f"{path}.{option}")
        if missing:
            raise SettingsError([f"{option} is missing" for option in missing])
        if bucket["policy"] is not None:
            document = self._policy(name) if is_there else None
            after = policy_after(document, bucket["policy"])
            plan.keep("policy", document, after, functools.partial(self._put_policy, name, after))
        if bucket["tags"] is not None:
            tags = self._tags(name) if is_there else {}
            new_tags = tags_after(tags, bucket["tags"])
            plan.keep("tags", tags, new_tags, functools.partial(self._put_tags, name, new_tags))
        return plan

    def _plan_aspect(
        self, plan: Plan, option: str, current: dict[str, Any], wanted: dict[str, Any], path: str
    ) -> list[str]:
        """The options that are missing."""
        settings = self._settings[option]
        config = settings.overlay(current, wanted)
        before, after = settings.options(current, str), settings.options(config, str)
        plan.keep(
            option, before or None, after or None, functools.partial(self._put, plan.after["name"], option, config)
        )
        return settings.missing(config, path) if after else []

    def _is_there(self, name: str) -> bool:
        try:
            self._client.head_bucket(Bucket=name, aws_retry=True)
        except is_boto3_error_code("404"):
            return False
        return True

    def _create(self, name: str) -> None:
        region = self._client.meta.region_name
        # us-east-1 is where a bucket is that says nothing, and no allowed value.
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self._client.create_bucket(Bucket=name, aws_retry=True, **place)
        self._client.get_waiter("bucket_exists").wait(Bucket=name)

    def _read(self, name: str, option: str) -> dict[str, Any]:
        aspect = ASPECTS[option]
        try:
            answer = getattr(self._client, f"get_{aspect.call}")(Bucket=name, aws_retry=True)
        except is_boto3_error_code(aspect.absent):
            return {}
        # Some answers have the member of the request; some have what is in it, beside members of their own.
        config = answer.get(aspect.member, answer)
        if aspect.has_one_rule:
            return dict(config["Rules"][0])
        return {name: value for name, value in config.items() if name in self._shapes[option].members}

    def _put(self, name: str, option: str, config: Mapping[str, Any]) -> None:
        aspect = ASPECTS[option]
        if option == "lifecycle" and not config["Rules"]:
            self._client.delete_bucket_lifecycle(Bucket=name, aws_retry=True)
            return
        given = {"Rules": [config]} if aspect.has_one_rule else config
        getattr(self._client, f"put_{aspect.call}")(Bucket=name, aws_retry=True, **{aspect.member: given})

    def _policy(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self._client.get_bucket_policy(Bucket=name, aws_retry=True)["Policy"]))
        except is_boto3_error_code("NoSuchBucketPolicy"):
            return None

    def _put_policy(self, name: str, document: Mapping[str, Any] | None) -> None:
        if document is None:
            self._client.delete_bucket_policy(Bucket=name, aws_retry=True)
        else:
            self._client.put_bucket_policy(Bucket=name, Policy=json.dumps(document), aws_retry=True)

    def _tags(self, name: str) -> dict[str, str]:
        try:
            tags = self._client.get_bucket_tagging(Bucket=name, aws_retry=True)["TagSet"]
        except is_boto3_error_code("NoSuchTagSet"):
            return {}
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _put_tags(self, name: str, tags: Mapping[str, str]) -> None:
        if tags:
            tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
            self._client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set}, aws_retry=True)
        else:
            self._client.delete_bucket_tagging(Bucket=name, aws_retry=True)
