#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""DNS records of one zone, several in one change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_records
short_description: Manage records of a hosted zone of Route 53
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Makes records, and changes those that differ, all in one change of the zone. Records that are not named stay as they
    are.
  - It knows simple records. Records with a C(SetIdentifier), which share a name and a type, are refused.
options:
  zone:
    description: The name of the hosted zone, which is public.
    type: str
    required: true
  records:
    description: The records, told apart by name and type.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The full name, with or without the dot at its end.
        type: str
        required: true
      type:
        description: The type, such as V(A), V(CNAME) or V(TXT).
        type: str
        required: true
      ttl:
        description: For how many seconds resolvers may keep it. An alias has none.
        type: int
        default: 300
      value:
        description: All values of it. Those of V(TXT) are put in quotation marks where they are in none.
        type: list
        elements: str
      alias:
        description: The resource in AWS to which the name leads, instead of O(records[].value).
        type: dict
        suboptions:
          dns_name:
            description: Its domain name.
            type: str
            required: true
          hosted_zone_id:
            description: The zone of that name; Z2FDTNDATAQYW2 for every distribution of CloudFront.
            type: str
            required: true
  state:
    description: With V(absent), the records are deleted, whatever their values.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description: Wait until all name servers of the zone have the change.
    type: bool
    default: false
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Lead a domain to a distribution
  steadyfront.fleet.route53_records:
    zone: example.com
    records:
      - {name: api.example.com, type: A, alias: "{{ to_cloudfront }}"}
      - {name: api.example.com, type: AAAA, alias: "{{ to_cloudfront }}"}
  vars:
    to_cloudfront: {dns_name: d1.cloudfront.net, hosted_zone_id: Z2FDTNDATAQYW2}

- name: Prove that a name is ours
  steadyfront.fleet.route53_records:
    zone: example.com
    records:
      - {name: _acme-challenge.example.com, type: TXT, ttl: 60, value: [token]}
    wait: true
"""

RETURN = r"""
records:
  description:
    - The records by name and type, as they are now, or in check mode as they would be, in the form of O(records).
  returned: success
  type: dict
"""

import functools
from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import planned
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import SettingsError
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded


def full(name: str) -> str:
    r"""A name as Route 53 has it.

    >>> full("*.Example.com"), full(r"\052.example.com.")
    ('*.example.com.', '*.example.com.')
    """
    return name.lower().rstrip(".").replace(r"\052", "*") + "."


def quoted(text: str) -> str:
    """A text as Route 53 has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if text.startswith('"') else f'"{escaped}"'


def as_option(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of the API as the option that makes it."""
    shown = {"name": full(record["Name"]), "type": record["Type"]}
    target = record.get("AliasTarget")
    if target:
        alias = {"dns_name": full(target["DNSName"]), "hosted_zone_id": target["HostedZoneId"]}
        return {**shown, "alias": alias, **({"evaluates": True} if target["EvaluateTargetHealth"] else {})}
    return {**shown, "ttl": record["TTL"], "value": sorted(value["Value"] for value in record["ResourceRecords"])}


def as_record(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option as the API's record."""
    record = {"Name": full(option["name"]), "Type": option["type"]}
    alias = option["alias"]
    if alias:
        target = {"DNSName": full(alias["dns_name"]), "HostedZoneId": alias["hosted_zone_id"]}
        return {**record, "AliasTarget": {**target, "EvaluateTargetHealth": False}}
    values = [quoted(value) if option["type"] == "TXT" else value for value in option["value"]]
    return {**record, "TTL": option["ttl"], "ResourceRecords": [{"Value": value} for value in values]}


def zone_id(client: Any, name: str) -> str:
    for page in client.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            if zone["Name"] == full(name) and not zone.get("Config", {}).get("PrivateZone"):
                return str(zone["Id"]).rpartition("/")[2]
    raise SettingsError([f"zone is {name}: there is no public hosted zone of that name in the account"])


def current_record(client: Any, zone: str, name: str, kind: str) -> dict[str, Any] | None:
    """The record that is there."""
    asked = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": kind, "MaxItems": "1"}
    for record in client.list_resource_record_sets(**asked, aws_retry=True)["ResourceRecordSets"]:
        if (full(record["Name"]), record["Type"]) == (name, kind):
            if "SetIdentifier" in record:
                raise SettingsError([f"{name} {kind} has a SetIdentifier: allowed are simple records"])
            return dict(record)
    return None


def send(client: Any, zone: str, action: str, records: list[Mapping[str, Any]], wait: bool) -> None:
    """One change: all of it, or nothing."""
    changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
    change = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes}, aws_retry=True)
    if wait:
        client.get_waiter("resource_record_sets_changed").wait(
            Id=change["ChangeInfo"]["Id"], WaiterConfig={"Delay": 5, "MaxAttempts": 60}
        )


def refuse(records: list[Mapping[str, Any]]) -> None:
    """Raises SettingsError for records that cannot be."""
    wrong = [n for n, record in enumerate(records) if bool(record["value"]) == bool(record["alias"])]
    errors = [f"records[{n}] has both or none of value and alias: allowed is one of them" for n in wrong]
    keys = [(full(record["name"]), record["type"]) for record in records]
    twice = [n for n, key in enumerate(keys) if key in keys[:n]]
    errors += [f"records[{n}] is {' '.join(keys[n])}, as another one is" for n in twice]
    if errors:
        raise SettingsError(errors)


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    given, present = module.params["records"], module.params["state"] == "present"
    if present:
        refuse(given)
    zone = zone_id(client, module.params["zone"]) if given else ""
    plans: dict[str, planned.Plan] = {}
    differing: list[Mapping[str, Any]] = []
    for option in given:
        name, kind = full(option["name"]), option["type"]
        current = current_record(client, zone, name, kind)
        wanted = as_record(option) if present else None
        before, after = as_option(current) if current else {}, as_option(wanted) if wanted else {}
        plans[f"{name} {kind}"] = planned.Plan(before=before, after=after)
        if before != after:
            differing.append(wanted or current or {})
    if differing:
        action = "UPSERT" if present else "DELETE"
        step = functools.partial(send, client, zone, action, differing, module.params["wait"])
        next(iter(plans.values())).steps.append(step)
    planned.apply(module, plans, "records")


def main() -> None:
    name = {"type": "str", "required": True}
    alias = {"type": "dict", "options": {"dns_name": name, "hosted_zone_id": name}}
    record = {
        "name": name,
        "type": name,
        "ttl": {"type": "int", "default": 300},
        "value": {"type": "list", "elements": "str"},
        "alias": alias,
    }
    module = AnsibleAWSModule(
        argument_spec={
            "zone": name,
            "records": {"type": "list", "elements": "dict", "required": True, "options": record},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "wait": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    # What is under way for the zone is waited for.
    guarded(module, "route53", lambda client: ensure(module, client), "PriorRequestNotComplete")


if __name__ == "__main__":
    main()
