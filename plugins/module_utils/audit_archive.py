# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The audit trail's archive in S3: how Firehose fills it, and the table and the view by which Athena reads it. Pure.

Firehose keeps what CloudWatch Logs sends as it is sent, decompressed, as Parquet: nothing that was logged can fail to
be kept. The view has the fields of the access log as columns. Sources: API references of Firehose and Glue
(TableInput), in snake_case; what Athena stores for CREATE VIEW.
"""

from __future__ import annotations

import base64
import json
from typing import Any

# What CloudWatch Logs sends a subscription; Parquet has no capitals.
RECORDS = {
    "messagetype": "string",
    "owner": "string",
    "loggroup": "string",
    "logstream": "string",
    "logevents": "array<struct<id:string,timestamp:bigint,message:string>>",
}
# The fields of an entry, with their types in Trino.
FIELDS = {
    "epoch": "double",
    "kind": "varchar",
    "user": "varchar",
    "client": "varchar",
    "method": "varchar",
    "path": "varchar",
    "status": "integer",
    "upstream_statuses": "varchar",
    "verdicts": "varchar",
    "bytes_sent": "bigint",
    "seconds": "double",
    "request_id": "varchar",
    "client_request_id": "varchar",
    "proxy": "varchar",
    "details": "varchar",
}
# A line that is no entry has its text in `message`, and in `epoch` when it was logged. `day` is that of its arrival.
MORE = {"message": "varchar", "log_stream": "varchar", "day": "varchar"}
HIVE = {"varchar": "string", "integer": "int"}

VIEW = """\
WITH line AS (
    SELECT r.logstream AS log_stream, r.day, e."timestamp" AS filed_ms, e.message, try(json_parse(e.message)) AS entry
    FROM {records} AS r
    CROSS JOIN UNNEST(r.logevents) AS e(id, "timestamp", message)
    WHERE r.messagetype = 'DATA_MESSAGE'
), field AS (
    SELECT log_stream, day, filed_ms, message,
        {fields}
    FROM line
), known AS (
    SELECT *, epoch IS NOT NULL AND coalesce(request_id, '') <> '' AS is_entry FROM field
)
SELECT
    CASE WHEN is_entry THEN epoch ELSE filed_ms / 1e3 END AS epoch,
    {names},
    CASE WHEN NOT is_entry THEN message END AS message,
    log_stream,
    day
FROM known"""


def records_table(location: str, days: int) -> dict[str, Any]:
    """Glue's settings for the objects below ``location`` (``s3://bucket/prefix/``), a folder a day."""
    package = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "table_type": "EXTERNAL_TABLE",
        "partition_keys": [{"name": "day", "type": "string"}],
        "parameters": {
            "classification": "parquet",
            # Which days there are need not be told to Glue.
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": f"NOW-{days}DAYS,NOW",
            "storage.location.template": location + "day=${day}/",
        },
        "storage_descriptor": {
            "location": location,
            "columns": [{"name": name, "type": kind} for name, kind in RECORDS.items()],
            "input_format": f"{package}.MapredParquetInputFormat",
            "output_format": f"{package}.MapredParquetOutputFormat",
            "serde_info": {"serialization_library": f"{package}.serde.ParquetHiveSerDe"},
        },
    }


def view(database: str, records: str) -> dict[str, Any]:
    """Glue's settings for the view over the table ``records``, as Athena writes them."""
    fields = [
        f"TRY_CAST(json_extract_scalar(entry, '$.{name}') AS {kind}) AS \"{name}\"" for name, kind in FIELDS.items()
    ]
    text = VIEW.format(
        records=f'"{database}"."{records}"',
        fields=",\n        ".join(fields),
        names=",\n    ".join(f'"{name}"' for name in FIELDS if name != "epoch"),
    )
    columns = {**FIELDS, **MORE}
    meaning = {
        "originalSql": text,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
    }
    encoded = base64.b64encode(json.dumps(meaning).encode()).decode()
    return {
        "table_type": "VIRTUAL_VIEW",
        "parameters": {"presto_view": "true", "comment": "Presto View"},
        "view_original_text": f"/* Presto View: {encoded} */",
        "view_expanded_text": "/* Presto View */",
        "storage_descriptor": {
            "columns": [{"name": name, "type": HIVE.get(kind, kind)} for name, kind in columns.items()],
            "serde_info": {},
        },
    }


def delivery(bucket: str, prefix: str, role_arn: str, region: str, database: str, records: str) -> dict[str, Any]:
    """Firehose's settings: decompressed, converted into Parquet by the table's schema, a folder a day."""
    return {
        "bucket_arn": f"arn:aws:s3:::{bucket}",
        "role_arn": role_arn,
        "prefix": f"{prefix}/day=!{{timestamp:yyyy-MM-dd}}/",
        "error_output_prefix": "failed/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
        # At least 64 MB where Parquet is written; it is the time that ends a file.
        "buffering_hints": {"size_in_mbs": 128, "interval_in_seconds": 300},
        "compression_format": "UNCOMPRESSED",
        "processing_configuration": {
            "enabled": True,
            "processors": [
                {
                    "type": "Decompression",
                    "parameters": [{"parameter_name": "CompressionFormat", "parameter_value": "GZIP"}],
                }
            ],
        },
        "data_format_conversion_configuration": {
            "enabled": True,
            "input_format_configuration": {"deserializer": {"open_x_json_ser_de": {"case_insensitive": True}}},
            "output_format_configuration": {"serializer": {"parquet_ser_de": {"compression": "SNAPPY"}}},
            "schema_configuration": {
                "role_arn": role_arn,
                "database_name": database,
                "table_name": records,
                "region": region,
                "version_id": "LATEST",
            },
        },
    }
