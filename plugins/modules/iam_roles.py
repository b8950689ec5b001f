#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""Roles with the policies that are written into them, several in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_roles
short_description: Manage roles of IAM together with their inline policies
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes roles, and changes those that differ. Roles that are not named stay as they are.
  - Policies are compared by what they allow, whatever the order in which they say it.
options:
  roles:
    description: The roles. What one does not mention stays as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The role's name.
        type: str
        required: true
      description:
        description: What it is for.
        type: str
      trust_policy:
        description: Who may take it; a policy document. A role that is not there yet must have it.
        type: dict
      policies:
        description:
          - What it may do, policy documents by the names of its inline policies. Policies that are not named stay as
            they are; an empty one is removed.
        type: dict
      tags:
        description: All of its tags.
        type: dict
  state:
    description: With V(absent), the named roles are deleted with their inline policies.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let a function write to a queue
  steadyfront.fleet.iam_roles:
    roles:
      - name: screening
        description: What the function screening may do
        trust_policy:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
        policies:
          function:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: "{{ queue_arn }}"}]
"""

RETURN = r"""
roles:
  description:
    - The roles by their names, as they are now, or in check mode as they would be, in the form of O(roles). Of each
      there is what was given.
  returned: success
  type: dict
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import SettingsError, tags_after
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

UNKNOWN = "NoSuchEntity"


class Roles:
    """What IAM has of roles, and the calls that change it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def plan(self, given: Mapping[str, Any], path: str) -> planned.Plan:
        """What makes the role what is given. Raises SettingsError."""
        name = given["name"]
        current = self._read(name)
        if current is None:
            if not given["trust_policy"]:
                raise SettingsError([f"{path}.trust_policy is missing: there is no role {name} yet"])
            return self._plan_creation(given)
        plan = planned.Plan(before={"name": name}, after={"name": name})
        if given["description"] is not None:
            step = functools.partial(self._client.update_role, RoleName=name, Description=given["description"])
            plan.keep("description", current.get("Description", ""), given["description"], step)
        if given["trust_policy"]:
            document = current["AssumeRolePolicyDocument"]
            after = planned.policy_after(document, given["trust_policy"])
            step = functools.partial(
                self._client.update_assume_role_policy, RoleName=name, PolicyDocument=json.dumps(after)
            )
            plan.keep("trust_policy", document, after, step)
        self._plan_policies(plan, given)
        if given["tags"] is not None:
            tags = {tag["Key"]: tag["Value"] for tag in current.get("Tags", [])}
            after = tags_after(tags, given["tags"])
            plan.keep("tags", tags, after, functools.partial(self._tag, name, tags, after))
        return plan

    def plan_deletion(self, name: str) -> planned.Plan:
        if self._read(name) is None:
            return planned.Plan()
        return planned.Plan(before={"name": name}, steps=[functools.partial(self._delete, name)])

    def _plan_creation(self, given: Mapping[str, Any]) -> planned.Plan:
        after = {option: given[option] for option in ("name", "description", "trust_policy") if given[option]}
        plan = planned.Plan(after=after, steps=[functools.partial(self._create, given)])
        if given["tags"]:
            after["tags"] = tags_after({}, given["tags"])
        self._plan_policies(plan, given)
        return plan

    def _plan_policies(self, plan: planned.Plan, given: Mapping[str, Any]) -> None:
        name, wanted = given["name"], given["policies"] or {}
        before = {policy: self._policy(name, policy) for policy in wanted} if plan.before else dict.fromkeys(wanted)
        after = {policy: planned.policy_after(before[policy], wanted[policy] or {}) for policy in wanted}
        for policy, document in after.items():
            if document != before[policy]:
                plan.steps.append(functools.partial(self._put_policy, name, policy, document))
        for side, policies in ((plan.before, before), (plan.after, after)):
            there = {policy: document for policy, document in policies.items() if document is not None}
            if there:
                side["policies"] = there

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._client.get_role(RoleName=name, aws_retry=True)["Role"])
        except is_boto3_error_code(UNKNOWN):
            return None

    def _create(self, given: Mapping[str, Any]) -> None:
        tags = [{"Key": key, "Value": value} for key, value in tags_after({}, given["tags"]).items()]
        self._client.create_role(
            RoleName=given["name"],
            AssumeRolePolicyDocument=json.dumps(given["trust_policy"]),
            aws_retry=True,
            **({"Description": given["description"]} if given["description"] else {}),
            **({"Tags": tags} if tags else {}),
        )
        self._client.get_waiter("role_exists").wait(RoleName=given["name"])

    def _policy(self, name: str, policy: str) -> dict[str, Any] | None:
        try:
            found = self._client.get_role_policy(RoleName=name, PolicyName=policy, aws_retry=True)
        except is_boto3_error_code(UNKNOWN):
            return None
        return dict(found["PolicyDocument"])

    def _put_policy(self, name: str, policy: str, document: Mapping[str, Any] | None) -> None:
        if document is None:
            self._client.delete_role_policy(RoleName=name, PolicyName=policy, aws_retry=True)
        else:
            self._client.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document), aws_retry=True
            )

    def _tag(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        gone = sorted(before.keys() - after.keys())
        new = [{"Key": key, "Value": value} for key, value in after.items() if before.get(key) != value]
        if gone:
            self._client.untag_role(RoleName=name, TagKeys=gone, aws_retry=True)
        if new:
            self._client.tag_role(RoleName=name, Tags=new, aws_retry=True)

    def _delete(self, name: str) -> None:
        for page in self._client.get_paginator("list_role_policies").paginate(RoleName=name):
            for policy in page["PolicyNames"]:
                self._put_policy(name, policy, None)
        self._client.delete_role(RoleName=name, aws_retry=True)


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    given = module.params["roles"]
    planned.refuse_duplicates("roles", [role["name"] for role in given])
    roles = Roles(client)
    if module.params["state"] == "absent":
        plans = {role["name"]: roles.plan_deletion(role["name"]) for role in given}
    else:
        plans = {role["name"]: roles.plan(role, f"roles[{number}]") for number, role in enumerate(given)}
    planned.apply(module, plans, "roles")


def main() -> None:
    role = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "trust_policy": {"type": "dict"},
        "policies": {"type": "dict"},
        "tags": {"type": "dict"},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "roles": {"type": "list", "elements": "dict", "required": True, "options": role},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    guarded(module, "iam", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
