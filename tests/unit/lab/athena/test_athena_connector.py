"""Log groups as the Athena CloudWatch connector shows them, its limits included."""

from __future__ import annotations

import pytest
from athena import connector
from region_in_memory import numbered

TABLE = '"cloudwatch"."/fleet/requests"."all_log_streams"'


def asked(athena):
    """Of each stream that was read, from when to when."""
    return [
        (given["logStreamName"], given.get("startTime"), given.get("endTime"))
        for operation, given in athena.region.calls
        if operation == "GetLogEvents" and "nextToken" not in given
    ]


def count(athena, where="true", *parameters, table=TABLE):
    return int(athena.csv(f"SELECT count(*) AS n FROM {table} WHERE {where}", *parameters).split('"')[3])


def test_a_group_is_a_schema_and_a_stream_a_table_whatever_their_case(logs):
    logs.region.groups |= {"/Fleet/Requests": {"Proxy1": [(5, "a")], "other": [(6, "b")]}, "/a": {}, "/b": {}, "/c": {}}
    assert logs.csv('SELECT * FROM "cloudwatch"."/fleet/requests"."proxy1"') == (
        '"log_stream","time","message"\n"Proxy1","5","a"\n'
    )
    assert count(logs, 'l."TIME" >= 5', table='cloudwatch."/fleet/requests".ALL_LOG_STREAMS l') == 2


def test_a_table_may_be_named_by_the_querys_context(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": [(5, "a")]}
    context = {"Catalog": "cloudwatch", "Database": "/fleet/requests"}
    assert logs.csv("SELECT message FROM proxy1", QueryExecutionContext=context) == '"message"\n"a"\n'


def test_pages_of_events_are_followed_to_the_last(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(1203), "proxy2": numbered(1000), "proxy3": []}
    assert count(logs) == 2203


@pytest.mark.parametrize(
    ("where", "parameters", "span", "rows"),
    [
        ("time >= ? AND time < ?", ("10", "20"), (10, 20), 10),
        ("time < 20 AND 10 <= time", (), (10, 20), 10),
        ("time >= 10 AND time < 20 AND time < 15", (), (10, 15), 5),
        ("time > 10", (), (10, None), 89),
        # The end is left out when the connector asks: what lies on it is lost.
        ("time >= 10 AND time <= 20", (), (10, 20), 10),
        ("time BETWEEN 10 AND 20", (), (10, 20), 10),
        ("time = 10", (), (10, 10), 0),
        ("time >= 5 + 5 AND time < CAST(to_unixtime(from_unixtime(0.02e0)) * 1000 AS bigint)", (), (10, 20), 10),
        # Nothing but the span of `time` is asked for, and only what must hold.
        ("time >= 10 OR message = 'line 1'", (), (None, None), 91),
        ("message = 'line 1'", (), (None, None), 1),
        ("(time < 10 OR time > 90) AND abs(time) >= 0", (), (None, None), 19),
    ],
)
def test_only_the_span_of_time_reaches_cloudwatch(logs, where, parameters, span, rows):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(100)}
    assert count(logs, where, *parameters) == rows
    assert asked(logs) == [("proxy1", *span)]


def test_the_span_is_found_through_with_and_subqueries_but_not_where_it_would_change_the_result(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(100)}
    line = f"WITH line AS (SELECT time, message FROM {TABLE}),"
    through = f"{line} x AS (SELECT time AS t, message FROM line) SELECT count(*) AS n FROM x WHERE t >= 10 AND t < 20"
    assert logs.csv(through) == '"n"\n"10"\n'
    assert asked(logs) == [("proxy1", 10, 20)]
    logs.region.calls.clear()
    numbers = (
        f"{line} x AS (SELECT time, row_number() OVER (ORDER BY time) AS n FROM line) SELECT n FROM x WHERE time >= 98"
    )
    assert logs.csv(numbers) == '"n"\n"99"\n"100"\n'
    assert asked(logs) == [("proxy1", None, None)]


def test_what_a_subquery_asks_of_the_query_around_it_leaves_no_row_out(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(10)}
    nested = f"SELECT 1 FROM {TABLE} b WHERE a.time > 5 AND b.time = a.time"
    assert logs.csv(f"SELECT count(*) AS n FROM {TABLE} a WHERE NOT EXISTS ({nested})") == '"n"\n"6"\n'
    assert logs.csv(f"SELECT count(*) AS n FROM {TABLE} a LEFT JOIN {TABLE} b ON a.time = b.time AND b.time > 5") == (
        '"n"\n"10"\n'
    )


def test_streams_that_are_not_asked_for_are_not_read(logs):
    logs.region.groups["/fleet/requests"] = {f"proxy{n}": numbered(1) for n in range(5)}
    assert count(logs, "log_stream IN ('proxy1', 'proxy3')") == 2
    assert [stream for stream, *_ in asked(logs)] == ["proxy1", "proxy3"]


def test_a_stream_brings_those_that_begin_with_its_name(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(1), "proxy10": numbered(1), "proxy2": numbered(1)}
    assert count(logs, table='"cloudwatch"."/fleet/requests"."proxy1"') == 2


@pytest.mark.parametrize(("streams", "rows"), [(999, 999), (1000, 1001), (1001, 1002), (1998, 1999), (1999, 2001)])
def test_from_a_thousand_streams_on_rows_come_twice(streams, rows):
    assert len(connector.as_split([str(n) for n in range(streams)])) == rows


@pytest.mark.slow
def test_the_rows_of_a_thousand_streams_can_be_counted_once_by_what_is_in_them(logs):
    logs.region.groups["/fleet/requests"] = {f"s{n:04}": [(n, f"id {n}")] for n in range(1000)}
    assert count(logs) == 1001
    assert logs.csv(f"SELECT count(DISTINCT message) AS n FROM {TABLE}") == '"n"\n"1000"\n'


def test_what_is_read_is_counted(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": [(1, "ä" * 100), (2, "x")]}
    id = logs.start(f"SELECT 1 AS one FROM {TABLE} WHERE time < 2")
    assert logs.ended(id)["Statistics"]["DataScannedInBytes"] == 200 + len("proxy1") + 8


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('"nope"."/fleet/requests"."proxy1"', "CATALOG_NOT_FOUND: Catalog 'nope' does not exist"),
        ('"cloudwatch"."/nope"."proxy1"', "SCHEMA_NOT_FOUND: No such schema /nope"),
        ('"cloudwatch"."/fleet/requests"."nope"', "TABLE_NOT_FOUND: No such table nope"),
        ("nope", "MISSING_SCHEMA_NAME"),
    ],
)
def test_what_is_not_there_fails_the_query(logs, table, words):
    logs.region.groups["/fleet/requests"] = {"proxy1": []}
    assert words in logs.reason(f"SELECT * FROM {table}")


def test_bytes_of_every_kind_come_through_a_group_into_the_file(logs):
    hostile = ["\x00\x01\t", "\u2028", "a\r\nb", '","', "'; DROP TABLE t0; --", "\U0001f9ea", "\\", ""]
    logs.region.groups["/fleet/requests"] = {"proxy1": list(enumerate(hostile))}
    text = logs.csv(f"SELECT message FROM {TABLE} ORDER BY time")
    assert text == '"message"\n' + "".join('"' + message.replace('"', '""') + '"\n' for message in hostile)
