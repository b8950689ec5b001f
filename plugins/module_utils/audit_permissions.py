# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a function needs to export the audit trail, in the form of the role ``lambda_functions``. Pure.

Source: Athena's user guide on fine-grained access to workgroups, catalogs, federated queries and result locations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Permission = dict[str, list[str]]
_READ = ["s3:GetBucketLocation", "s3:ListBucket"]


def audit_permissions(audit: Mapping[str, Any], region: str, account_id: str) -> list[Permission]:
    """``audit`` has the role's variables without its name: result_bucket, workgroup, catalog, connector_arn, log_group,
    and what there is of spill_bucket, archive_bucket, archive_database and archive_table."""
    return [
        {"actions": actions, "resources": resources}
        for actions, resources in _permissions(audit, f"{region}:{account_id}")
    ]


def _permissions(audit: Mapping[str, Any], place: str) -> Iterator[tuple[list[str], list[str]]]:
    actions = ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup"]
    yield [f"athena:{action}" for action in actions], [f"arn:aws:athena:{place}:workgroup/{audit['workgroup']}"]
    yield ["athena:GetDataCatalog"], [f"arn:aws:athena:{place}:datacatalog/{audit['catalog']}"]
    # Athena asks the connector in the name of whoever asks Athena.
    yield ["lambda:InvokeFunction"], [audit["connector_arn"]]
    if audit.get("spill_bucket"):
        yield _READ, [f"arn:aws:s3:::{audit['spill_bucket']}"]
        yield ["s3:GetObject"], [f"arn:aws:s3:::{audit['spill_bucket']}/*"]
    yield [*_READ, "s3:ListBucketMultipartUploads"], [f"arn:aws:s3:::{audit['result_bucket']}"]
    objects = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    yield objects, [f"arn:aws:s3:::{audit['result_bucket']}/*"]
    # An export is itself in the trail.
    stream = f"arn:aws:logs:{place}:log-group:{audit['log_group']}:log-stream:audit_trail"
    yield ["logs:CreateLogStream", "logs:PutLogEvents"], [stream]
    if audit.get("archive_bucket"):
        glue, database = f"arn:aws:glue:{place}", audit.get("archive_database", "audit")
        table = audit.get("archive_table", "requests")
        tables = [f"{glue}:table/{database}/{table}{suffix}" for suffix in ("", "_records")]
        yield ["glue:GetDatabase", "glue:GetTable"], [f"{glue}:catalog", f"{glue}:database/{database}", *tables]
        yield _READ, [f"arn:aws:s3:::{audit['archive_bucket']}"]
        yield ["s3:GetObject"], [f"arn:aws:s3:::{audit['archive_bucket']}/*"]
