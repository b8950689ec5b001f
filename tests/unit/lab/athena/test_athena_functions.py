"""Trino's functions, where DuckDB has none of that name or means something else by it. What is expected is what Trino's
documentation and source say."""

from __future__ import annotations

import json

import pytest
from athena import json_text
from athena.java import java_double
from hypothesis import given
from hypothesis import strategies as st

SAID = {
    # --- JSON: what is no JSON has nothing in it, and that is no error
    """json_extract_scalar('{"a":{"b":["x","y"]}}', '$.a.b[1]')""": "y",
    """json_extract_scalar('{"a b":1}', '$["a b"]')""": "1",
    """json_extract_scalar('{"n":0.010}', '$.n')""": "0.010",
    """json_extract_scalar('{"n":12345678901234567890}', '$.n')""": "12345678901234567890",
    """json_extract_scalar('{"b":true}', '$.b')""": "true",
    """json_extract_scalar('{"n":null}', '$.n')""": None,
    """json_extract_scalar('{"o":{}}', '$.o')""": None,
    """json_extract_scalar('{"a":1}', '$.b')""": None,
    """json_extract_scalar('{"a":1,"a":2}', '$.a')""": "1",
    """json_extract_scalar('no JSON', '$.a')""": None,
    """json_extract_scalar('{"a":"x","b":"hal', '$.a')""": "x",
    """json_extract_scalar('{"a":"x","b":"hal', '$.b')""": None,
    """json_extract_scalar(CAST(NULL AS varchar), '$.a')""": None,
    """json_extract_scalar('{"a":"\\ud800"}', '$.a')""": "?",
    """json_format(json_extract('{"a":{"b":[1,null,"x"]}}', '$.a'))""": '{"b":[1,null,"x"]}',
    """json_format(json_parse('{"b":1, "a":1764086400.5}'))""": '{"a":1.7640864005E9,"b":1}',
    """json_extract_scalar(json_parse('{"a":"x"}'), '$.a')""": "x",
    """try(json_parse('{"a":"x"')) IS NULL""": "true",
    """try(json_parse('NaN')) IS NULL""": "true",
    # --- regular expressions: NULL where nothing matches
    "regexp_like('a/b', '/b$')": "true",
    r"regexp_like('=1', '\A[=+\-@\t\r\x00]')": "true",
    r"regexp_like('abc', 'c\z')": "true",
    "regexp_like('ab', 'a(?=b)')": "true",
    "regexp_extract('/patients/12/notes', '/patients/([0-9]+)', 1)": "12",
    "regexp_extract('abc', 'x')": None,
    "regexp_extract('abc', '(x)?b', 1)": None,
    "regexp_replace('a.b.c', '[.]', '-')": "a-b-c",
    "regexp_replace('a.b.c', '[.]')": "abc",
    r"regexp_replace('john smith', '(\w+) (?<last>\w+)', '${last}, $1\$')": "smith, john$",
    # --- URLs
    "url_decode('a%20b+c%C3%A4%ff')": "a b cä\ufffd",
    "try(url_decode('%zz')) IS NULL": "true",
    "url_encode('=a b/~*')": "%3Da+b%2F%7E*",
    # --- moments: milliseconds, UTC
    "to_iso8601(from_unixtime(1764086400.1234))": "2025-11-25T16:00:00.123Z",
    "to_iso8601(from_unixtime(1764086400123 / 1e3))": "2025-11-25T16:00:00.123Z",
    "to_iso8601(at_timezone(from_unixtime(0), 'UTC'))": "1970-01-01T00:00:00.000Z",
    "to_iso8601(from_unixtime(0) AT TIME ZONE 'UTC')": "1970-01-01T00:00:00.000Z",
    "to_iso8601(DATE '2026-01-31')": "2026-01-31",
    "to_iso8601(from_iso8601_timestamp('2026-11-25T01:02:03.1239+01:00'))": "2026-11-25T00:02:03.123Z",
    "try(from_iso8601_timestamp('2026-11-25 01:02')) IS NULL": "true",
    "from_iso8601_date('2026-11-25')": "2026-11-25",
    "from_unixtime(0)": "1970-01-01 00:00:00.000 UTC",
    "date_format(from_unixtime(1764086400.5), '%Y-%m-%dT%H:%i:%s.%f %e %M %W')": (
        "2025-11-25T16:00:00.500000 25 November Tuesday"
    ),
    "date_trunc('day', from_unixtime(1764086400.5))": "2025-11-25 00:00:00.000 UTC",
    "to_unixtime(from_unixtime(1764086400.5))": "1.7640864005E9",
    "DATE '2026-01-31' < DATE '2026-02-01'": "true",
    # --- numbers: whole ones divide to whole ones, and doubles are written as Java does
    "1999 / 1000": "1",
    "-1999 / 1000": "-1",
    "7 / 2.0e0": "3.5",
    "1e7": "1.0E7",
    "CAST(1764086400.123e0 AS varchar)": "1.764086400123E9",
    "CAST('15' AS bigint)": "15",
    "TRY_CAST('1.5' AS bigint)": None,
    "TRY_CAST(' 15' AS integer)": None,
    "TRY_CAST('1.764086400123E9' AS decimal(13, 3))": "1764086400.123",
    "TRY_CAST('x' AS double)": None,
    "CAST(0.010 AS decimal(12, 3))": "0.010",
    "CAST(true AS varchar)": "true",
    # --- texts: what is not there is NULL, or nothing
    "concat('a', CAST(NULL AS varchar))": None,
    "'a' || CAST(NULL AS varchar)": None,
    "greatest(1, NULL)": None,
    "least(2, 1)": "1",
    "substr('abc', 2)": "bc",
    "substr('abc', 2, 1)": "b",
    "substr('abc', -2)": "bc",
    "substr('abc', 0)": "",
    "substr('abc', 9)": "",
    "substring('abc', 1, 2)": "ab",
    "split_part('a,b', ',', 2)": "b",
    "split_part('a,b', ',', 3)": None,
    "strpos('abc', 'c')": "3",
    "length('äö')": "2",
    "replace('a-b', '-')": "ab",
    "format('%s-%05d|%.2f %% %2$s', 'a', 42, 1.5)": "a-00042|1.50 % 42",
    "format('%s', NULL)": "null",
    "chr(10) || 'x'": "\nx",
    # --- the rest is as it is
    "coalesce(nullif('', ''), lower('ABC'))": "abc",
    "if(1 = 2, 'a', 'b')": "b",
    "CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END": "b",
    "'a%b' LIKE 'a!%b' ESCAPE '!'": "true",
    "NULL IS DISTINCT FROM 1": "true",
}


def test_expressions_are_what_trino_says(athena):
    columns = ", ".join(f"CAST({expression} AS varchar) AS c{n}" for n, expression in enumerate(SAID))
    id = athena.start(f"SELECT {columns}")
    assert athena.ended(id)["Status"]["State"] == "SUCCEEDED", athena.ended(id)["Status"]
    _, row = athena.client.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"]
    found = [cell.get("VarCharValue") for cell in row["Data"]]
    assert dict(zip(SAID, found, strict=True)) == SAID


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("json_parse('{')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{'"),
        ("url_decode('%zz')", "INVALID_FUNCTION_ARGUMENT: URLDecoder"),
        ("regexp_like('a', '(')", "INVALID_FUNCTION_ARGUMENT: Invalid regular expression"),
        ("json_extract_scalar('{}', 'a')", "INVALID_FUNCTION_ARGUMENT: Invalid JSON path: 'a'"),
        ("CAST('1.5' AS bigint)", "INVALID_FUNCTION_ARGUMENT: Cannot cast '1.5' to BIGINT"),
        ("CAST('x' AS double)", "INVALID_CAST_ARGUMENT"),
        ("1 / 0", "DIVISION_BY_ZERO"),
        ("at_timezone(from_unixtime(0), 'Europe/Berlin')", "NOT_SUPPORTED: the lab's Athena knows the time zone 'UTC'"),
        ("date_format(from_unixtime(0), '%U')", "INVALID_FUNCTION_ARGUMENT: %U not supported"),
        ("format('%x', 1)", "NOT_SUPPORTED: the lab's format() does not know %x"),
        ("format('%s %s', 1)", "INVALID_FUNCTION_ARGUMENT: Format specifier '%s'"),
        ("getenv('HOME')", "FUNCTION_NOT_FOUND: Function 'getenv' not registered"),
        ("json_valid('{}')", "FUNCTION_NOT_FOUND: Function 'json_valid' not registered"),
    ],
)
def test_what_trino_or_the_lab_cannot_do_fails_the_query_and_says_why(athena, expression, reason):
    assert athena.reason(f"SELECT {expression}").startswith(reason)


# A number that breaks off is another number, in Trino too.
values = st.none() | st.booleans() | st.text(max_size=5) | st.lists(st.integers())
documents = st.dictionaries(st.text(max_size=5), values, max_size=4)


@given(document=documents, share=st.floats(0, 1))
def test_of_a_line_that_breaks_off_the_members_before_the_break_are_read(document, share):
    text = json.dumps(document)
    half = text[: int(len(text) * share)]
    for name in document:
        path = "$[" + json.dumps(name, ensure_ascii=False) + "]"
        assert json_text.extract_scalar(half, path) in (None, json_text.extract_scalar(text, path))


@given(st.floats(allow_nan=False))
def test_a_double_as_java_writes_it_is_the_same_double(number):
    text = java_double(number)
    assert float(text.replace("Infinity", "inf")) == number
    assert "Infinity" in text or "." in text
