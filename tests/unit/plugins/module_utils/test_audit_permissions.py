"""What a function may do to export the audit trail: what it needs, named, and no more."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadyfront.fleet.plugins.filter.audit import audit_permissions
from ansible_collections.steadyfront.fleet.plugins.module_utils.function_policy import function_policy

AUDIT = {
    "log_group": "/fleet/requests",
    "workgroup": "audit",
    "catalog": "cloudwatch",
    "connector_arn": "arn:aws:lambda:eu-central-1:111122223333:function:connector",
    "result_bucket": "results",
}
ARCHIVE = {"archive_bucket": "archive", "archive_database": "audit", "archive_table": "requests"}


def allowed(audit):
    permissions = audit_permissions(audit, "eu-central-1", "111122223333")
    return {(action, arn) for given in permissions for action in given["actions"] for arn in given["resources"]}


def test_it_may_query_in_its_workgroup_read_and_write_results_and_add_to_the_trail():
    found = allowed(AUDIT)
    place = "eu-central-1:111122223333"
    assert ("athena:StartQueryExecution", f"arn:aws:athena:{place}:workgroup/audit") in found
    assert ("athena:GetDataCatalog", f"arn:aws:athena:{place}:datacatalog/cloudwatch") in found
    assert ("lambda:InvokeFunction", AUDIT["connector_arn"]) in found
    assert {arn for action, arn in found if action.startswith("s3:")} == {
        "arn:aws:s3:::results",
        "arn:aws:s3:::results/*",
    }
    assert {arn for action, arn in found if action.startswith("logs:")} == {
        f"arn:aws:logs:{place}:log-group:/fleet/requests:log-stream:audit_trail"
    }
    assert not any(action.startswith("glue:") for action, _ in found)


def test_what_the_connector_spills_and_the_archive_are_read_only():
    more = allowed({**AUDIT, **ARCHIVE, "spill_bucket": "spill"}) - allowed(AUDIT)
    assert {action for action, _ in more} == {
        "s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "glue:GetDatabase", "glue:GetTable"
    }  # fmt: skip
    tables = {arn.rpartition(":")[2] for action, arn in more if action == "glue:GetTable"}
    assert tables == {"catalog", "database/audit", "table/audit/requests", "table/audit/requests_records"}


def test_they_are_what_the_role_lambda_functions_takes():
    permissions = audit_permissions({**AUDIT, **ARCHIVE}, "eu-central-1", "111122223333")
    policy = function_policy({"name": "audit_trail", "permissions": permissions}, "x", "eu-central-1", "111122223333")
    assert len(policy["Statement"]) == 1 + len(permissions)


@pytest.mark.parametrize("missing", AUDIT)
def test_what_is_missing_is_named(missing):
    audit = {name: value for name, value in AUDIT.items() if name != missing}
    with pytest.raises(AnsibleFilterError, match=f"{missing} is missing"):
        audit_permissions(audit, "eu-central-1", "111122223333")
