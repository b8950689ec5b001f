# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Filters ``audit_permissions`` and ``audit_archive``: what the audit trail needs, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.module_utils import audit_archive as archive
from ansible_collections.steadyfront.fleet.plugins.module_utils import audit_permissions as permissions


def audit_permissions(audit: Mapping[str, Any], region: str, account_id: str) -> list[dict[str, list[str]]]:
    """See audit_permissions.yml beside this file."""
    try:
        return permissions.audit_permissions(audit, region, account_id)
    except KeyError as error:
        raise AnsibleFilterError(f"audit_permissions: {error.args[0]} is missing") from error


def audit_archive(database: str, table: str, bucket: str, days: int, role_arn: str, region: str) -> dict[str, Any]:
    """See audit_archive.yml beside this file."""
    records = f"{table}_records"
    return {
        "records": archive.records_table(f"s3://{bucket}/{table}/", days),
        "view": archive.view(database, records),
        "delivery": archive.delivery(bucket, table, role_arn, region, database, records),
    }


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_permissions": audit_permissions, "audit_archive": audit_archive}
