"""Tables over S3 as Glue describes them: what they show, and that what is not asked for is not read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import duckdb
import pytest
from athena import projection
from athena.errors import QueryError
from athena.s3_table import JSON, PARQUET
from region_in_memory import json_lines

COLUMNS = [{"Name": "id", "Type": "string"}, {"Name": "n", "Type": "bigint"}]
DAYS = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy-MM-dd",
    "projection.day.range": "2026-01-01,2026-01-31",
    "storage.location.template": "s3://logs/requests/day=${day}/",
}


def described(serde=JSON[0], columns=COLUMNS, properties=DAYS, keys=("day",), **parameters):
    return {
        "Parameters": dict(properties if keys else {}),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": {
            "Location": "s3://logs/requests/",
            "Columns": columns,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
        },
    }


def parquet(tmp_path, select):
    duckdb.sql(f"COPY ({select}) TO '{tmp_path}/x.parquet' (FORMAT parquet)")
    return (tmp_path / "x.parquet").read_bytes()


def test_json_lines_are_rows_compressed_or_not_and_what_a_line_lacks_is_null(athena):
    athena.region.tables["audit.requests"] = described(keys=())
    athena.region.objects |= {
        "logs/requests/1.json": json_lines('{"id": "a", "n": 1, "more": []}', '{"n": 2}'),
        "logs/requests/2.json.gz": json_lines('{"id": "ä\\u0000", "n": null}', compressed=True),
        "logs/requests/_hidden": b"no JSON",
        "logs/requests/empty": b"",
        "logs/requests-of-others/3.json": b"no JSON",
    }
    assert athena.csv("SELECT id, n FROM audit.requests ORDER BY n NULLS LAST") == (
        '"id","n"\n"a","1"\n,"2"\n"ä\x00",\n'
    )


def test_a_line_that_is_no_json_fails_the_query_unless_the_table_says_otherwise(athena):
    athena.region.objects["logs/requests/1.json"] = json_lines('{"id": "a"}', "{", '{"id": "b"}')
    athena.region.tables["audit.requests"] = described(keys=())
    assert athena.run("SELECT id FROM audit.requests")["Status"]["State"] == "FAILED"
    athena.region.tables["audit.requests"] = described(keys=(), **{"ignore.malformed.json": "true"})
    assert athena.csv("SELECT count(id) AS n FROM audit.requests") == '"n"\n"2"\n'


def test_parquet_files_of_another_schema_have_null_where_a_column_is_missing(athena, tmp_path):
    athena.region.tables["audit.requests"] = described(PARQUET)
    athena.region.objects |= {
        "logs/requests/day=2026-01-01/a": parquet(tmp_path, "SELECT 'a' AS id, 1 AS n, 2 AS more"),
        "logs/requests/day=2026-01-01/b": parquet(tmp_path, "SELECT 'b' AS id"),
        "logs/requests/day=2026-01-02/c": parquet(tmp_path, "SELECT 3::INTEGER AS n"),
    }
    assert athena.csv("SELECT * FROM audit.requests ORDER BY day, id") == (
        '"id","n","day"\n"a","1","2026-01-01"\n"b",,"2026-01-01"\n,"3","2026-01-02"\n'
    )


def test_a_table_without_any_object_has_no_row(athena):
    athena.region.tables["audit.requests"] = described(PARQUET)
    assert athena.csv("SELECT id, day, sum(n) AS n FROM audit.requests GROUP BY id, day") == '"id","day","n"\n'


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("day = '2026-01-02'", [2]),
        ("day >= ? AND day <= ?", [2, 3]),
        ("day BETWEEN '2026-01-02' AND '2026-01-03' AND id <> ''", [2, 3]),
        ("day IN ('2026-01-01', '2026-01-03')", [1, 3]),
        ("day LIKE '2026-01-_3'", [3]),
        ("(day = '2026-01-01' OR day = '2026-01-02') AND n > 0", [1, 2]),
        ("day = '2026-01-01' OR n > 0", [1, 2, 3]),
        ("date_format(from_iso8601_timestamp(day), '%d') = '02'", [2]),
        ("n > 0", [1, 2, 3]),
        ("day > '2027'", []),
    ],
)
def test_days_that_are_not_asked_for_are_not_read(athena, where, days):
    athena.region.tables["audit.requests"] = described()
    for day in (1, 2, 3):
        athena.region.objects[f"logs/requests/day=2026-01-0{day}/x"] = json_lines('{"id": "a", "n": 1}')
    parameters = ["'2026-01-02'", "'2026-01-03'"] if "?" in where else []
    execution = athena.run(f"SELECT count(*) FROM audit.requests r WHERE {where}", *parameters)
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert athena.region.read == [f"logs/requests/day=2026-01-0{day}/x" for day in days]
    assert execution["Statistics"]["DataScannedInBytes"] == len(days) * len(json_lines('{"id": "a", "n": 1}'))


def test_a_view_shows_what_it_says_and_hands_on_which_days_are_asked_for(athena, tmp_path):
    events = {"Name": "events", "Type": "array<struct<time:bigint,message:string>>"}
    athena.region.tables["audit.records"] = described(PARQUET, columns=[{"Name": "stream", "Type": "string"}, events])
    text = """SELECT r.stream AS log_stream, e."time" AS time, e.message, r.day FROM records r
              CROSS JOIN UNNEST(r.events) AS e("time", message)"""
    view = base64.b64encode(json.dumps({"originalSql": text, "catalog": "awsdatacatalog", "schema": "audit"}).encode())
    athena.region.tables["audit.lines"] = {
        **described(),
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": f"/* Presto View: {view.decode()} */",
    }
    for day in (1, 2):
        lines = f"[{{'time': {day}0, 'message': 'a'}}, {{'time': {day}1, 'message': NULL}}]"
        rows = f"SELECT 's{day}' AS stream, {lines} AS events"
        athena.region.objects[f"logs/requests/day=2026-01-0{day}/x"] = parquet(tmp_path, rows)
    found = athena.csv("SELECT * FROM audit.lines WHERE day = '2026-01-02' ORDER BY time")
    assert found == '"log_stream","time","message","day"\n"s2","20","a","2026-01-02"\n"s2","21",,"2026-01-02"\n'
    assert athena.region.read == ["logs/requests/day=2026-01-02/x"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (described("org.apache.hadoop.hive.serde2.OpenCSVSerde", keys=()), "the lab reads JSON and Parquet, not"),
        (described(properties={}), "has partitions that are not projected"),
        (described(properties={**DAYS, "projection.day.type": "injected"}), "the lab knows date, enum and integer"),
        (described(properties={"projection.enabled": "true"}), "projection.day.type is missing"),
        (described(columns=[{"Name": "x", "Type": "map<string,string>"}]), "does not know the type map<string,string>"),
    ],
)
def test_a_table_that_the_lab_cannot_read_fails_the_query_and_says_why(athena, table, words):
    athena.region.tables["audit.requests"] = table
    athena.region.objects["logs/requests/x"] = b"x"
    assert words in athena.reason("SELECT * FROM audit.requests")


def test_a_table_that_is_not_there_fails_the_query(athena):
    assert athena.reason("SELECT * FROM audit.nope").startswith("TABLE_NOT_FOUND: Table 'awsdatacatalog.audit.nope'")


NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("properties", "values"),
    [
        ({"type": "date", "format": "yyyy/MM/dd", "range": "NOW-1DAYS,NOW"}, ["2026/02/28", "2026/03/01"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2026-02-27,NOW-1DAY"}, ["2026-02-27", "2026-02-28"]),
        (
            {
                "type": "date",
                "format": "yyyyMMddHH",
                "range": "NOW-2HOURS,NOW",
                "interval": "2",
                "interval.unit": "HOURS",
            },
            ["2026030110", "2026030112"],
        ),
        ({"type": "enum", "values": "a, b"}, ["a", "b"]),
        ({"type": "integer", "range": "1,3", "interval": "2", "digits": "2"}, ["01", "03"]),
    ],
)
def test_partitions_are_what_the_properties_promise(properties, values):
    of_key = {f"projection.k.{name}": value for name, value in properties.items()}
    assert projection.partitions(["k"], of_key, NOW) == [{"k": value} for value in values]


def test_more_partitions_than_athena_projects_are_refused():
    properties = {"projection.k.type": "integer", "projection.k.range": "1,1000001"}
    with pytest.raises(QueryError, match="HIVE_EXCEEDED_PARTITION_LIMIT"):
        projection.partitions(["k"], properties, NOW)
