"""The audit trail's archive, as the collection describes it to Glue, read by the lab's Athena."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import boto3
import duckdb
import pytest
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import Settings
from ansible_collections.steadyfront.fleet.plugins.module_utils.audit_archive import (
    FIELDS,
    MORE,
    delivery,
    records_table,
    view,
)
from ansible_collections.steadyfront.fleet.plugins.modules.glue_table import CUSTOMS
from botocore import xform_name
from proof import size
from region_in_memory import CREDENTIALS

DAYS, LINES = 30, size(test=100_000, prove=1_000_000)
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
# What CloudWatch Logs hands to a subscription, 500 events at a time. Every tenth line comes twice, and one is no entry.
ENTRY = (
    '{{"epoch":{:.3f},"request_id":"DAY-{}","user":"user{}","method":"GET","path":"/patients/{}","status":200,'
    '"upstream_statuses":"500, 200","seconds":0.010,"bytes_sent":512,"proxy":"proxy1"}}'
)
RECORDS = """
    WITH line AS (
        SELECT n, CASE WHEN n = 0 THEN '{"broken' ELSE
            format('ENTRY', (START + entry) / 1000, entry, entry % 10, entry % 200) END AS message
        FROM (SELECT n, n - (n % 10 = 1 AND n > 1)::INT AS entry FROM range(COUNT) AS r(n))
    )
    SELECT 'DATA_MESSAGE' AS messagetype, '111122223333' AS owner, '/fleet/requests' AS loggroup,
        'proxy' || n // 500 % 2 AS logstream,
        list({'id': n::VARCHAR, 'timestamp': START + n, 'message': message}) AS logevents
    FROM line GROUP BY n // 500
    UNION ALL
    SELECT 'CONTROL_MESSAGE', 'CloudwatchLogs', '', '', [{'id': '', 'timestamp': 0, 'message': 'can it be reached?'}]
""".replace("ENTRY", ENTRY)


def day_of(n):
    return (FIRST + timedelta(days=n)).strftime("%Y-%m-%d")


def fill(athena, tmp_path, days, lines):
    """Parquet for so many days, and the tables over it. The lines of one day."""
    model = boto3.client("glue", **CREDENTIALS).meta.service_model
    settings = Settings(model.shape_for("TableInput"), CUSTOMS, xform_name)
    described = {
        "requests_records": records_table("s3://archive/requests/", 400),
        "requests": view("audit", "requests_records"),
    }
    for name, config in described.items():
        athena.region.tables[f"audit.{name}"] = settings.parse(config, "config")
    for n in range(days):
        start = round((FIRST + timedelta(days=n)).timestamp() * 1000)
        select = RECORDS.replace("START", str(start)).replace("DAY", day_of(n)).replace("COUNT", str(lines // days))
        duckdb.sql(f"COPY ({select}) TO '{tmp_path}/x.parquet' (FORMAT parquet)")
        athena.region.objects[f"archive/requests/day={day_of(n)}/x"] = (tmp_path / "x.parquet").read_bytes()
    return lines // days


def test_it_has_the_fields_of_the_access_log_and_what_is_no_entry_as_it_was(athena, tmp_path):
    fill(athena, tmp_path, 1, 1000)
    text = athena.csv("SELECT * FROM audit.requests ORDER BY epoch LIMIT 3")
    header, first, second, third = text.splitlines()
    assert header == ",".join(f'"{name}"' for name in [*FIELDS, *MORE])
    start = FIRST.timestamp()
    broken = ',"{""broken","proxy0",' + f'"{day_of(0)}"'
    assert first.startswith('"') and first.endswith(broken)  # noqa: PT018
    assert float(first.split('"')[1]) == start
    assert second.split(",")[2:7] == ['"user1"', "", '"GET"', '"/patients/1"', '"200"']
    assert third.endswith(f',,"proxy0","{day_of(0)}"')
    assert athena.csv("SELECT count(*) AS n, count(message) AS m FROM audit.requests") == '"n","m"\n"1000","1"\n'


@pytest.mark.parametrize("source", ["audit.requests", '"AwsDataCatalog"."audit"."requests"'])
def test_it_takes_the_place_of_a_log_group_whatever_it_is_called(athena, tmp_path, source):
    fill(athena, tmp_path, 1, 100)
    assert athena.csv(f"SELECT count(*) AS n FROM {source} WHERE day = ?", f"'{day_of(0)}'") == '"n"\n"100"\n'


@pytest.mark.slow
def test_of_a_months_lines_one_days_export_reads_that_day_alone(athena, tmp_path):
    lines = fill(athena, tmp_path, DAYS, LINES)
    began = time.monotonic()
    execution = athena.run(
        """
        WITH numbered AS (
            SELECT *, row_number() OVER (PARTITION BY request_id ORDER BY epoch) AS n
            FROM audit.requests WHERE day >= ? AND day <= ?
        )
        SELECT to_iso8601(from_unixtime(epoch)) AS time, "user", method, path, status, request_id, message
        FROM numbered WHERE n = 1 OR request_id IS NULL ORDER BY epoch
        """,
        f"'{day_of(7)}'",
        f"'{day_of(7)}'",
    )
    seconds = time.monotonic() - began
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    key = f"archive/requests/day={day_of(7)}/x"
    assert athena.region.read == [key]
    assert execution["Statistics"]["DataScannedInBytes"] == len(athena.region.objects[key])
    rows = athena.region.objects[execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")].splitlines()
    # 11, 21 … are copies of those before; what is no entry has no id, and stays.
    assert len(rows) - 1 == lines - len(range(11, lines, 10))
    assert seconds < 15


def test_firehose_writes_where_the_table_looks():
    table = records_table("s3://archive/requests/", 400)
    settings = delivery("archive", "requests", "arn:aws:iam::1:role/x", "eu-central-1", "audit", "requests_records")
    written = f"s3://archive/{settings['prefix']}".replace("!{timestamp:yyyy-MM-dd}", "${day}")
    assert written == table["parameters"]["storage.location.template"]
    assert not settings["error_output_prefix"].startswith("requests/")
