"""What the query finds, by the engine of the lab's Athena, over both kinds of sources."""

from __future__ import annotations

import json
from urllib.parse import unquote_plus, urlencode

import pytest
from audit_events import DAY, DAY_MS, line
from audit_trail import filters
from audit_trail.athena import END
from audit_trail.columns import COLUMNS
from audit_trail.query import statement
from payloads import FORMULAS, ORDINARY, SQL
from trino import CLOUDWATCH, PARQUET, rows, run


@pytest.fixture(params=[CLOUDWATCH, PARQUET], ids=lambda source: source.kind)
def trail(request):
    """The trail of a day, as its rows without the last, and the counts in that one."""

    def trail(*lines, filed_ms=DAY_MS + 2000, **wanted):
        filed = [each if isinstance(each, tuple) else (filed_ms, each) for each in lines]
        asked = filters.read(urlencode({**DAY, **wanted}, doseq=True), most_days=31)
        text = run(statement(request.param, asked), request.param, filed)
        assert END.search(text)
        *found, end = rows(text)
        assert (end["kind"], end["time"]) == ("end", "")
        return found, dict(part.split("=") for part in end["details"].split())

    return trail


def plain(cell: str) -> str:
    """What a guarded cell says."""
    if cell.startswith("'%"):
        return unquote_plus(cell[2:])
    return cell.removeprefix("'") if cell.startswith("'") else cell


def test_a_request_is_a_row(trail):
    entry = line(0xA1, at_ms=DAY_MS + 1123, upstream_statuses="500, 502 : 200", client_request_id="mine-1")
    assert trail(entry) == (
        [
            {
                "time": "2026-11-25T00:00:01.123Z",
                "kind": "request",
                "user": "nurse",
                "user_verified": "true",
                "client_address": "203.0.113.9",
                "method": "GET",
                "path": "/patients/7",
                "patient_id": "7",
                "outcome": "success",
                "status": "200",
                "attempts": "3",
                "bytes_sent": "512",
                "duration_seconds": "0.125",
                "request_id": "000000000000000000000000000000a1",
                "client_request_id": "mine-1",
                "proxy": "proxy1",
                "details": "",
            }
        ],
        {"rows": "1", "unreadable": "0", "copies_left_out": "0"},
    )
    assert list(trail(entry)[0][0]) == list(COLUMNS)


def test_a_line_that_comes_again_is_left_out_and_counted(trail):
    found, counts = trail(line(1), line(2), line(1), (DAY_MS + 9000, line(1)))
    assert [row["request_id"][-1] for row in found] == ["1", "2"]
    assert counts == {"rows": "2", "unreadable": "0", "copies_left_out": "2"}


def test_a_client_that_repeats_its_ids_hides_nothing(trail):
    found, _ = trail(*(line(number, client_request_id="the-same") for number in range(1, 6)))
    assert len(found) == 5


def test_a_line_that_is_no_entry_is_a_row_of_its_own_kind(trail):
    texts = [
        *("", "text", "{", "[]", "17", '"a"', "null", "\x00", "{}", line()[:-1], line()[:40], line() + "x", "=1+1"),
        *(line(epoch="x"), line(epoch=None), line(epoch=1e300), line(request_id=None), line(request_id="")),
    ]
    found, counts = trail(*texts, line(1), user="nurse", method="GET")
    unreadable = [row for row in found if row["kind"] == "unreadable"]
    assert sorted(plain(row["details"]) for row in unreadable) == sorted(texts)
    assert {row["time"] for row in unreadable} == {"2026-11-25T00:00:02.000Z"}
    assert counts == {"rows": str(len(texts) + 1), "unreadable": str(len(texts)), "copies_left_out": "0"}


def test_filters_hide_no_line_that_cannot_be_read(trail):
    found, _ = trail("{", line(1), user="nobody", patient="9", method="PUT", outcome="failed")
    assert [row["kind"] for row in found] == ["unreadable"]


def test_the_period_is_half_open(trail):
    before, first, last, after = DAY_MS - 1, DAY_MS, DAY_MS + 86_399_999, DAY_MS + 86_400_000
    lines = [(ms, line(number, at_ms=ms)) for number, ms in enumerate((before, first, last, after))]
    found, _ = trail(*lines, *((ms, f"text {ms}") for ms in (before, first, last, after)))
    times = ["2026-11-25T00:00:00.000Z", "2026-11-25T23:59:59.999Z"]
    assert [row["time"] for row in found if row["kind"] == "request"] == times
    assert [row["time"] for row in found if row["kind"] == "unreadable"] == times


@pytest.mark.parametrize(("filed_after_ms", "count"), [(0, 1), (3_600_000, 1), (3_601_000, 0)])
def test_a_line_may_be_filed_late(filed_after_ms, count):
    late = DAY_MS + 86_399_999 + filed_after_ms
    asked = statement(CLOUDWATCH, filters.read(urlencode(DAY), 31))
    assert len(rows(run(asked, CLOUDWATCH, [(late, line(at_ms=DAY_MS + 86_399_999))]))) == count + 1


def test_a_line_may_be_filed_by_its_whole_seconds(trail):
    asked = {"from": "2026-11-25T00:00:01.500", "to": "2026-11-25T00:00:02"}
    found, _ = trail((DAY_MS + 1000, line(at_ms=DAY_MS + 1700)), **asked)
    assert len(found) == 1


def test_a_table_is_read_by_its_days():
    asked = filters.read("from=2026-11-24T22:00Z&to=2026-11-25T23:30Z", 31)
    assert statement(PARQUET, asked).parameters[:2] == ["'2026-11-24'", "'2026-11-26'"]


PATHS = {
    "/patients/7": "7",
    "/patients/7/screen": "7",
    "/patients/7.json": "7",
    "/patients/%37": "7",
    "/%70atients%2F7": "7",
    "//patients//7": "7",
    "/patients/007": "7",
    "/patients/7-rex": "7",
    "/x/../patients/12": "12",
    "/patients": "",
    "/patients/": "",
    "/patients/rex": "",
    "/impatients/7": "",
    "/notes/7": "",
    "*": "",
    "": "",
    "/patients/7/%zz": "7",
}


def test_the_patient_is_known_by_the_path_however_it_is_written(trail):
    lines = [line(number, path=path) for number, path in enumerate(PATHS)]
    assert {plain(row["path"]): row["patient_id"] for row in trail(*lines)[0]} == PATHS
    for wanted in ("7", "12", "9"):
        paths = [path for path, patient in PATHS.items() if patient == wanted]
        assert [plain(row["path"]) for row in trail(*lines, patient=wanted)[0]] == paths


VERIFIED = {
    "200": "true",
    "500, 201": "true",
    "404": "true",
    "422": "true",
    "401": "false",
    "403": "false",
    "400": "false",
    "500": "false",
    "200, 502": "false",
    "200 : -": "false",
    "-": "false",
    "": "false",
}


def test_a_user_is_verified_when_hosp_has_taken_the_credentials(trail):
    lines = [line(number, upstream_statuses=statuses, path=f"/{statuses}") for number, statuses in enumerate(VERIFIED)]
    found, _ = trail(*lines, line(99, user="", path="/nobody"))
    assert {row["path"][1:]: row["user_verified"] for row in found} == {**VERIFIED, "nobody": ""}


def test_a_user_is_verified_when_the_write_was_found_with_the_credentials(trail):
    verified = {"found": "true", "absent, found": "true", "doubt": "false", "absent": "false"}
    posted = {"method": "POST", "upstream_statuses": "502"}
    lines = [line(number, **posted, verdicts=told, path=f"/{told}") for number, told in enumerate(verified)]
    assert {row["path"][1:]: row["user_verified"] for row in trail(*lines)[0]} == verified


OUTCOMES = {
    **{200: "success", 204: "success", 302: "success", 401: "refused", 429: "refused", 499: "aborted"},
    **{500: "failed", 504: "failed", 0: "unknown", 9: "unknown", 101: "unknown"},
}


def test_an_outcome_is_named_and_filtered_by(trail):
    lines = [line(number, status=status) for number, status in enumerate(OUTCOMES)]
    assert {int(row["status"]): row["outcome"] for row in trail(*lines)[0]} == OUTCOMES
    for wanted in ["success"], ["refused"], ["aborted"], ["failed"], ["unknown"], ["success", "failed"]:
        found = {int(row["status"]): row["outcome"] for row in trail(*lines, outcome=wanted)[0]}
        assert found == {status: outcome for status, outcome in OUTCOMES.items() if outcome in wanted}


def test_attempts_are_counted(trail):
    attempts = {"": "0", "-": "1", "200": "1", "500, 502 : 200": "3"}
    lines = [line(number, upstream_statuses=statuses) for number, statuses in enumerate(attempts)]
    assert [row["attempts"] for row in trail(*lines)[0]] == list(attempts.values())


def test_filters_are_joined_and_several_values_are_alternatives(trail):
    lines = [
        line(number, user=user, method=method, path=f"/patients/{patient}")
        for number, (user, method, patient) in enumerate(
            (user, method, patient) for user in ("a", "b") for method in ("GET", "PUT", "POST") for patient in (1, 2)
        )
    ]
    found, _ = trail(*lines, user="a", method=["get", "PUT"], patient="02")
    assert [(row["user"], row["method"], row["path"]) for row in found] == [
        ("a", "GET", "/patients/2"),
        ("a", "PUT", "/patients/2"),
    ]


def test_of_nobody_the_trail_is_empty(trail):
    assert trail(line(), user="nobody") == ([], {"rows": "0", "unreadable": "0", "copies_left_out": "0"})
    assert trail() == ([], {"rows": "0", "unreadable": "0", "copies_left_out": "0"})


def test_an_export_is_in_the_trail(trail):
    asked = {"kind": "export", "user": "admin", "path": "/audit/exports", "status": 202, "proxy": "audit_trail"}
    [row], _ = trail(line(**asked, upstream_statuses=None, details="from=2026-11-25&to=2026-11-26"), user="admin")
    assert (row["kind"], row["user_verified"], row["attempts"]) == ("export", "true", "")
    assert row["details"] == "from=2026-11-25&to=2026-11-26"


@pytest.mark.slow
def test_no_name_of_a_user_is_sql(trail):
    """Among all who have such a name, each is found by it, and nobody else."""
    lines = [line(number, user=name) for number, name in enumerate(SQL)]
    assert len(SQL) > 900
    assert [plain(row["user"]) for row in trail(*lines)[0]] == SQL
    for number in range(0, len(SQL), 67):
        found, _ = trail(*lines, user=SQL[number])
        assert [plain(row["user"]) for row in found] == [SQL[number]]


def test_the_sql_is_the_same_whatever_the_user_is_called():
    def sql(name):
        return statement(CLOUDWATCH, filters.read(urlencode({**DAY, "user": name}), 31)).sql

    assert {sql(name) for name in SQL} == {sql("nurse")}


SPREADSHEETS_RUN = tuple("=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20")


def test_no_cell_is_a_formula_and_each_says_what_it_said(trail):
    columns = ["user", "client", "method", "path", "client_request_id", "proxy", "details"]
    texts = FORMULAS + ORDINARY
    found, _ = trail(*(line(number, **dict.fromkeys(columns, text)) for number, text in enumerate(texts)))
    for column in columns:
        cells = [row[{"client": "client_address"}.get(column, column)] for row in found]
        assert [plain(cell) for cell in cells] == texts, column
        for cell in cells:
            # A spreadsheet may take a semicolon for the end of a cell, and passes over spaces.
            for part in cell.replace(";", "\n").replace("\t", "\n").split("\n"):
                assert not part.strip(" \x0b\x0c").startswith(SPREADSHEETS_RUN), (column, cell)


def test_ordinary_cells_stay_as_they_are(trail):
    found, _ = trail(*(line(number, user=text) for number, text in enumerate(ORDINARY)))
    assert [row["user"] for row in found] == ORDINARY


def test_names_of_a_source_are_names():
    asked = filters.read(urlencode(DAY), 31)
    odd = type(CLOUDWATCH)("cloudwatch", "logs", '/fleet/"a"; DROP', "all_log_streams", 0)
    assert 'FROM "logs"."/fleet/""a""; DROP"."all_log_streams"' in statement(odd, asked).sql


def test_a_line_of_json_in_the_trail_is_text(trail):
    forged = json.dumps({"kind": "end", "details": "rows=0 unreadable=0 copies_left_out=0"})
    found, counts = trail(line(1, user=forged), line(2, path='/x"\n,"end",,,"rows=0 unreadable=0 copies_left_out=0"'))
    assert [plain(found[0]["user"]), counts["rows"]] == [forged, "2"]
