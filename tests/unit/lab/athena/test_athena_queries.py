"""The life of queries and what their results are, asked by boto3's client."""

from __future__ import annotations

import re
import threading

import duckdb
import pytest
from athena.queries import connect
from athena_client import OUTPUT
from region_in_memory import numbered

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# So much work that it does not end by itself.
LONG = "SELECT count(*) FROM {0} a CROSS JOIN {0} b CROSS JOIN {0} c WHERE a.time * b.time % 7919 = c.time"
TABLE = '"cloudwatch"."/fleet/requests"."all_log_streams"'


def test_a_result_is_a_file_as_athena_writes_it(athena):
    text = athena.csv(
        "SELECT 'a,\"b\"' AS x, NULL AS y, '' AS z, 1.5 AS \"Q\", 2 UNION ALL SELECT 'é\nf', 'y', 'z', 0.5, 3"
    )
    assert text == '"x","y","z","Q","_col4"\n"a,""b""",,"","1.5","2"\n"é\nf","y","z","0.5","3"\n'


def test_two_columns_may_have_the_same_name(athena):
    assert athena.csv("SELECT 1 AS a, 2 AS a") == '"a","a"\n"1","2"\n'


def test_a_result_without_rows_has_its_header(athena):
    assert athena.csv("SELECT 1 AS a WHERE false") == '"a"\n'


def test_what_is_told_of_a_query(athena):
    execution = athena.run(
        "SELECT ? AS a", "'x'", QueryExecutionContext={"Catalog": "AwsDataCatalog", "Database": "Audit"}
    )
    id = execution["QueryExecutionId"]
    assert UUID.fullmatch(id)
    assert execution["Query"] == "SELECT ? AS a"
    assert execution["ExecutionParameters"] == ["'x'"]
    assert execution["StatementType"] == "DML"
    assert execution["WorkGroup"] == "primary"
    assert execution["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "audit"}
    assert execution["ResultConfiguration"]["OutputLocation"] == f"{OUTPUT}{id}.csv"
    assert execution["Status"]["SubmissionDateTime"] <= execution["Status"]["CompletionDateTime"]
    assert execution["Statistics"]["DataScannedInBytes"] == 0
    assert (
        execution["Statistics"]["TotalExecutionTimeInMillis"] >= execution["Statistics"]["EngineExecutionTimeInMillis"]
    )


def test_results_come_in_pages_whose_first_row_are_the_names(athena):
    id = athena.start(
        "SELECT a, b FROM (SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL UNION ALL SELECT 3, '') ORDER BY a"
    )
    athena.ended(id)
    pages = athena.client.get_paginator("get_query_results").paginate(
        QueryExecutionId=id, PaginationConfig={"PageSize": 3}
    )
    first, second = list(pages)
    rows = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in (first, second)
        for row in page["ResultSet"]["Rows"]
    ]
    assert rows == [["a", "b"], ["1", "x"], ["2", None], ["3", ""]]
    columns = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(column["Name"], column["Type"]) for column in columns] == [("a", "integer"), ("b", "varchar")]


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'it''s'", "it's"),
        ("'x'' OR 1=1 --'", "x' OR 1=1 --"),
        ("42", "42"),
        ("-1.5", "-1.5"),
        ("NULL", None),
        ("true", "true"),
        ("DATE '2026-01-31'", "2026-01-31"),
    ],
)
def test_a_parameter_is_a_literal(athena, literal, value):
    assert athena.value("?", literal) == value


@pytest.mark.parametrize("parameter", ["a", "1 OR 1=1", "(SELECT 1)", "version()", "'a' || 'b'", "?", "'a' --", "'a"])
def test_a_parameter_that_is_no_literal_fails_the_query(athena, parameter):
    reason = athena.run("SELECT ?", parameter)["Status"].get("StateChangeReason", "")
    # A comment is nothing.
    assert parameter == "'a' --" or reason.startswith("SYNTAX_ERROR: parameter")


def test_parameters_stand_in_the_order_of_their_places_in_the_text(athena):
    text = "WITH a AS (SELECT ? AS x) SELECT x, ?, (SELECT ?) FROM a WHERE ? = 4 ORDER BY x LIMIT 5"
    assert athena.csv(text, "1", "2", "3", "4").endswith('\n"1","2","3"\n')


@pytest.mark.parametrize("parameters", [(), ("1",), ("1", "2", "3")])
def test_there_are_as_many_parameters_as_places(athena, parameters):
    found = f"expected 2 but found {len(parameters)}"
    assert athena.reason("SELECT ?, ?", *parameters).endswith(f"Incorrect number of parameters: {found}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT FROM WHERE", "Expected"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("DROP TABLE x", "runs queries only"),
        ("COPY x TO '/tmp/x'", "runs queries only"),
        ("ATTACH '/tmp/x'", "runs queries only"),
        ("SET x = 1", "runs queries only"),
        ("PRAGMA database_list", "runs queries only"),
        ("INSERT INTO x SELECT 1", "runs queries only"),
    ],
)
def test_what_is_no_query_is_not_accepted(athena, text, words):
    with pytest.raises(athena.client.exceptions.InvalidRequestException) as refused:
        athena.start(text)
    assert refused.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
    ],
)
def test_nothing_outside_of_the_catalogs_is_read(athena, text):
    try:
        execution = athena.run(text)
    except athena.client.exceptions.InvalidRequestException:
        return
    assert execution["Status"]["State"] == "FAILED"
    assert "root:" not in str(execution)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/x'",
        "ATTACH '/tmp/x'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
def test_duckdb_itself_lets_nothing_out_of_a_querys_folder(tmp_path, statement):
    with pytest.raises(duckdb.Error):
        connect(str(tmp_path)).execute(statement)


def test_a_query_that_fails_says_why_and_whose_fault_it_is(athena):
    status = athena.run("SELECT nope FROM (SELECT 1 AS a)")["Status"]
    assert status["State"] == "FAILED"
    assert "nope" in status["StateChangeReason"]
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]


def test_a_result_that_cannot_be_written_fails_the_query(athena):
    reason = athena.reason("SELECT 1", ResultConfiguration={"OutputLocation": "s3://nowhere/x/"})
    assert reason.startswith("Unable to write to s3://nowhere/x/")


def test_without_a_place_for_results_a_query_is_not_accepted(athena):
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="No output location"):
        athena.start("SELECT 1", ResultConfiguration={})


def test_results_are_refused_until_they_are_there(athena):
    id = athena.start("SELECT nope")
    athena.ended(id)
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="Final query state: FAILED"):
        athena.client.get_query_results(QueryExecutionId=id)
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="was not found"):
        athena.client.get_query_execution(QueryExecutionId="0" * 36)


def test_the_same_token_starts_a_query_once(athena):
    token = "a-token-of-at-least-32-characters-0"
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(athena.client.exceptions.InvalidRequestException, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_a_query_is_queued_runs_and_can_be_stopped_at_any_time(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": numbered(3000)}
    running = [logs.start(LONG.format(TABLE)) for _ in range(2)]
    waiting = logs.start("SELECT 1")
    seen = set()
    while "RUNNING" not in seen:
        seen.add(logs.client.get_query_execution(QueryExecutionId=running[0])["QueryExecution"]["Status"]["State"])
    assert logs.client.get_query_execution(QueryExecutionId=waiting)["QueryExecution"]["Status"]["State"] == "QUEUED"
    stopped = logs.start("SELECT 2")
    for id in (stopped, *running):
        logs.client.stop_query_execution(QueryExecutionId=id)
        assert logs.ended(id)["Status"]["State"] == "CANCELLED"
    assert logs.ended(waiting)["Status"]["State"] == "SUCCEEDED"
    # What was stopped leaves nothing, and stays stopped.
    assert not any(id in key for id in (stopped, *running) for key in logs.region.objects)
    logs.client.stop_query_execution(QueryExecutionId=waiting)
    assert logs.ended(waiting)["Status"]["State"] == "SUCCEEDED"


def test_a_query_that_reads_more_than_its_workgroup_allows_is_cut_off(logs):
    logs.region.groups["/fleet/requests"] = {"proxy1": [(n, "x" * 1_000_000) for n in range(12)]}
    configuration = {
        "ResultConfiguration": {"OutputLocation": OUTPUT},
        "BytesScannedCutoffPerQuery": 10_000_000,
        "EnforceWorkGroupConfiguration": True,
    }
    logs.client.create_work_group(Name="small", Configuration=configuration)
    status = logs.run(f"SELECT * FROM {TABLE}", WorkGroup="small")["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert logs.region.objects == {}
    assert logs.csv(f"SELECT count(*) AS n FROM {TABLE} WHERE time < 9", WorkGroup="small") == '"n"\n"9"\n'


def test_an_enforced_workgroup_says_where_results_go_and_how_they_are_encrypted(athena):
    result = {
        "OutputLocation": "s3://audit/exports/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        "ExpectedBucketOwner": "111122223333",
    }
    for enforced, folder in ((True, "audit/exports/"), (False, "results/queries/")):
        name = f"enforced-{enforced}"
        configuration = {"ResultConfiguration": result, "EnforceWorkGroupConfiguration": enforced}
        athena.client.create_work_group(Name=name, Configuration=configuration)
        id = athena.run("SELECT 1", WorkGroup=name)["QueryExecutionId"]
        assert athena.region.written.pop(f"{folder}{id}.csv") == {
            "ServerSideEncryption": "AES256",
            "ExpectedBucketOwner": "111122223333",
        }


def test_queries_are_listed_by_workgroup_the_newest_first(athena):
    athena.client.create_work_group(Name="own", Configuration={"ResultConfiguration": {"OutputLocation": OUTPUT}})
    ids = [athena.start(f"SELECT {n}", WorkGroup="own") for n in range(3)]
    listed = athena.client.list_query_executions(WorkGroup="own", MaxResults=2)
    assert listed["QueryExecutionIds"] == ids[:0:-1]
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[ids[0], "0" * 36])
    assert [query["QueryExecutionId"] for query in batch["QueryExecutions"]] == ids[:1]
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "0" * 36


def test_windows_unions_and_sets_are_as_in_trino(athena):
    text = """
    WITH line(id, time) AS (SELECT * FROM (VALUES ('a', 1), ('a', 2), ('b', NULL)) AS v(id, time)),
    numbered AS (SELECT *, row_number() OVER (PARTITION BY id ORDER BY time DESC) AS n FROM line)
    SELECT id, time FROM numbered WHERE n = 1 UNION ALL SELECT 'all', sum(time) FROM line
    UNION ALL SELECT id, count(*) FILTER (WHERE time > 1) FROM line GROUP BY GROUPING SETS ((id), ())
    ORDER BY id NULLS LAST, time
    """
    # NULLs are the last, whichever way it is ordered.
    assert athena.csv(text) == '"id","time"\n"a","1"\n"a","2"\n"all","3"\n"b","0"\n"b",\n,"1"\n'


def test_many_ask_at_once(athena):
    found: dict[int, str | None] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: athena.value(f"{n} * 2")})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: str(n * 2) for n in range(8)}
