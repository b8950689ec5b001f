"""The function as Lambda calls it, before HOSP's simulator and AWS in memory."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from audit_cloud import RESULTS
from audit_events import ADDRESS, DAY, DAY_MS, EVENT, IAM_EVENT, KEYS, SECRETS, basic, event, line
from audit_trail.handler import handle
from audit_trail.settings import SettingsError
from audit_trail.tokens import Export, token
from certified import certified
from payloads import SQL
from scripted_server import scripted
from trino import rows

JSON, HTML, CSV = ({"accept": kind} for kind in ("application/json", "text/html", "text/csv"))


@pytest.fixture
def ask(front, context):
    """Asks the function, as an administrator who wants JSON; what it answers, with its body read."""

    def ask(path="/audit", **changes):
        changes["headers"] = {**JSON, **changes.get("headers", {})}
        answer = handle(event(path, **changes), context)
        assert answer["headers"]["cache-control"] == "no-store"
        if answer["headers"]["content-type"].endswith("json"):
            answer["document"] = json.loads(answer["body"])
        return answer

    return ask


@pytest.fixture
def export(ask):
    """The path of an export that has been started."""
    return ask(ADDRESS, query=DAY)["headers"]["location"]


def logged(capsys) -> list[dict]:
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def entries(cloud) -> list[dict]:
    """What the function itself has written into the trail."""
    return [json.loads(text) for _, text in cloud.lines if '"audit_trail"' in text]


# --- an export, from its beginning to its end


def test_an_administrator_exports_the_trail_of_a_day(ask, cloud):
    cloud.lines += [(DAY_MS + 2000, line(1)), (DAY_MS + 2000, line(1)), (DAY_MS + 3000, "{")]
    started = ask(ADDRESS, query=DAY)
    assert (started["statusCode"], started["headers"]["retry-after"]) == (202, "2")
    ready = ask(started["headers"]["location"])
    assert ready["statusCode"] == 200
    about = ready["document"]
    url = urlsplit(about.pop("url"))
    assert about == {
        "status": "ready",
        "filters": "from=2026-11-25T00%3A00%3A00.000Z&to=2026-11-26T00%3A00%3A00.000Z",
        "rows": 2,
        "unreadable": 1,
        "copies_left_out": 1,
        "whole_until": about["whole_until"],
        "url_seconds": 300,
    }
    assert url.netloc == f"{RESULTS}.s3.eu-central-1.amazonaws.com"
    signed = {name: value for name, [value] in parse_qs(url.query).items()}
    assert signed["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert signed["X-Amz-Expires"] == "300"
    name = "audit-trail_2026-11-25T000000Z_2026-11-26T000000Z.csv"
    assert signed["response-content-disposition"] == f'attachment; filename="{name}"'
    kinds = [row["kind"] for row in rows(cloud.objects[RESULTS + url.path])]
    assert kinds == ["request", "unreadable", "end"]


def test_for_csv_the_answer_leads_to_the_file(ask, export):
    answer = ask(export, headers=CSV)
    assert answer["statusCode"] == 303
    assert answer["headers"]["location"] == answer["document"]["url"]


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
def test_an_export_that_is_not_ready_says_where_and_when_to_ask_again(ask, cloud, export, state):
    cloud.status = {"State": state}
    answer = ask(export)
    assert (answer["statusCode"], answer["headers"]["location"]) == (202, export)
    assert answer["headers"]["retry-after"] == "5"
    assert answer["document"] == {"status": "running", "export": export, "seconds": 20.4, "bytes_read": 12300000}
    assert len(entries(cloud)) == 1


def test_filters_are_parameters(ask, cloud):
    ask(ADDRESS, query={**DAY, "user": "o'brien", "patient": "7", "method": ["get", "PUT"], "outcome": "failed"})
    [statement] = cloud.queries.values()
    assert statement.parameters[-5:] == ["'o''brien'", "'7'", "'GET'", "'PUT'", "'failed'"]


def test_the_trail_of_somebody_who_does_not_exist_is_empty(ask):
    answer = ask(ask(ADDRESS, query={**DAY, "user": "nobody"})["headers"]["location"])
    assert (answer["statusCode"], answer["document"]["rows"]) == (200, 0)


def test_what_can_be_asked_for_is_said(ask):
    offered = ask()["document"]
    assert offered["exports"] == ADDRESS
    assert list(offered["filters"]) == ["from", "to", "user", "patient", "method", "outcome"]
    assert offered["columns"]["user_verified"].startswith("`true`")


# --- the trail of the trail


def test_every_export_is_itself_in_the_trail(ask, cloud, context):
    export = ask(ADDRESS, query={**DAY, "user": "nurse"}, headers={"x-request-id": "mine-1"})["headers"]["location"]
    ask(export)
    asked, got = entries(cloud)
    assert {name: asked[name] for name in ("kind", "user", "client", "method", "path", "status", "proxy")} == {
        "kind": "export",
        "user": "admin",
        "client": "203.0.113.9",
        "method": "GET",
        "path": ADDRESS,
        "status": 202,
        "proxy": "audit_trail",
    }
    assert (asked["request_id"], asked["client_request_id"]) == (context.aws_request_id, "mine-1")
    filters = "from=2026-11-25T00%3A00%3A00.000Z&to=2026-11-26T00%3A00%3A00.000Z&user=nurse"
    assert asked["details"] == filters
    assert (got["status"], got["details"]) == (200, f"{filters}&rows=0")
    assert got["path"] == f"{ADDRESS}/{next(iter(cloud.queries))}"
    assert cloud.streams == {"proxy1", "audit_trail"}


def test_the_trails_own_query_finds_the_export(ask, cloud):
    ask(ADDRESS, query=DAY)
    today = cloud.lines[0][0]
    period = {"from": iso(today - 1000), "to": iso(today + 60_000), "user": "admin"}
    ask(ADDRESS, query=period)
    [row, _] = rows(list(cloud.objects.values())[-1])
    assert (row["kind"], row["user"], row["user_verified"]) == ("export", "admin", "true")
    assert row["details"].startswith("from=2026-11-25T00%3A00")


def iso(ms: int) -> str:
    from audit_trail.filters import iso

    return iso(ms)


@pytest.mark.parametrize("operation", ["PutLogEvents", "CreateLogStream"])
def test_what_is_not_in_the_trail_is_not_exported(ask, cloud, operation):
    cloud.interfere = failing(operation)
    answer = ask(ADDRESS, query=DAY)
    assert answer["statusCode"] == 502
    assert cloud.queries == {}


def test_without_an_entry_there_is_no_link(ask, cloud, export):
    cloud.interfere = failing("PutLogEvents")
    answer = ask(export)
    assert answer["statusCode"] == 502
    assert "url" not in answer["document"]


def failing(*operations):
    def fail(operation, parameters):
        if operation in operations:
            raise ConnectionError("with 7's data")

    return fail


# --- who may


@pytest.mark.parametrize("path", ["/audit", ADDRESS, f"{ADDRESS}/x", "/audit/nothing", "/"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": None}, 401),
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer abc"}, 401),
        ({"authorization": "Basic !"}, 401),
        ({"authorization": "Basic " + b64encode(b"admin").decode()}, 401),
        ({"authorization": "Basic " + b64encode(b"\xff:x").decode()}, 401),
        (basic("admin", "wrong"), 401),
        (basic("nobody"), 401),
        (basic("nurse"), 403),
        ({"x-origin-secret": None}, 403),
        ({"x-origin-secret": "wrong"}, 403),
    ],
    ids=str,
)
def test_only_administrators_get_anything(ask, cloud, path, headers, status):
    answer = ask(path, headers=headers, query=DAY)
    assert answer["statusCode"] == status
    assert ("www-authenticate" in answer["headers"]) == (status == 401)
    assert cloud.calls == []


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRETS[0][:-1], SECRETS[0] + " ", " ".join(SECRETS), "\ud800"])
def test_without_the_origin_secret_nothing_happens(configure, cloud, context, secret):
    with scripted() as server:
        configure(HOSP_URL=server.url)
        answer = handle(event(headers={"x-origin-secret": secret}), context)
    assert (answer["statusCode"], answer["body"]) == (403, "Forbidden\n")
    assert (server.arrivals, cloud.calls) == ([], [])


@pytest.mark.parametrize("secret", SECRETS)
def test_hosp_is_asked_once_through_the_proxies(configure, context, secret):
    with scripted() as server:
        configure(HOSP_URL=server.url)
        for _ in range(3):
            assert handle(event(headers={"x-origin-secret": secret}), context)["statusCode"] == 200
    [arrival] = server.arrivals
    assert (arrival.method, arrival.target) == ("GET", "/hospitals")
    assert arrival.header("authorization") == [EVENT["headers"]["authorization"]]
    assert arrival.header("x-origin-secret") == SECRETS[:1]
    assert arrival.header("x-request-id") == [context.aws_request_id]
    assert arrival.header("x-forwarded-for") == ["203.0.113.9"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 502),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 502),
        (b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n", 502),
        (b"no HTTP\r\n\r\n", 502),
        (b"", 502),
    ],
    ids=lambda value: str(value)[:20],
)
def test_nobody_is_let_in_by_a_hosp_that_does_not_answer(configure, cloud, context, answer, status):
    with scripted() as server:
        server.answers = [answer]
        configure(HOSP_URL=server.url)
        assert handle(event(), context)["statusCode"] == status
    assert cloud.calls == []


def test_hosp_may_be_late_or_away(configure, front, context):
    front.fail("stall", stall_seconds=2)
    configure(HOSP_URL=f"http://127.0.0.1:{front.api_port}", HOSP_TIMEOUT_SECONDS="1")
    assert handle(event(), context)["statusCode"] == 502
    configure()
    assert handle(event(), context)["statusCode"] == 502


@pytest.mark.parametrize("known", [True, False])
def test_the_proxies_must_show_a_known_certificate(configure, context, tmp_path, known):
    tls, ca = certified(tmp_path)
    with scripted(tls) as server:
        configure(HOSP_URL=server.url, HOSP_CA=ca if known else "")
        assert handle(event(), context)["statusCode"] == (200 if known else 502)
    assert len(server.arrivals) == known


def test_a_failed_sign_in_is_logged_without_credentials(ask, capsys):
    ask(headers=basic("admin", "a-wrong-password"))
    [said] = logged(capsys)
    assert (said["level"], said["message"], said["SignInsFailed"]) == ("WARNING", "sign-in failed", 1)
    assert (said["user"], said["client"]) == ("admin", "203.0.113.9")
    assert said["edge_request_id"] == EVENT["headers"]["x-amz-cf-id"]
    text = json.dumps(said)
    assert "password" not in text
    assert basic("admin", "a-wrong-password")["authorization"].removeprefix("Basic ") not in text


def test_a_nurse_that_asks_is_logged(ask, capsys):
    ask(headers=basic("nurse"))
    [said] = logged(capsys)
    assert (said["message"], said["why"], said["user"]) == ("access refused", "is no administrator", "nurse")


def test_after_some_failures_the_next_has_to_wait(ask, front):
    for _ in range(3):
        assert ask(headers=basic("admin", "wrong"))["statusCode"] == 401
    answer = ask(headers=basic("admin", "wrong"))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (429, "1")
    assert front.totals()["attempts"] == 3


def test_nobody_is_an_administrator_unless_named(configure, front, context):
    configure(HOSP_URL=f"http://127.0.0.1:{front.api_port}", ADMINS="[]")
    assert handle(event(), context)["statusCode"] == 403


@pytest.mark.parametrize(
    ("admins", "status"),
    [
        (["arn:aws:sts::111122223333:assumed-role/Auditors"], 200),
        (["arn:aws:sts::111122223333:assumed-role/Auditors/ada"], 200),
        (["arn:aws:sts::111122223333:assumed-role/Auditors/bob", "ada", "admin"], 403),
        (["arn:aws:sts::111122223333:assumed-role/Auditor"], 403),
        ([], 403),
    ],
    ids=str,
)
def test_by_iam_aws_says_who_asks(configure, context, admins, status):
    configure(SIGN_IN="iam", ADMINS=json.dumps(admins), HOSP_URL="", ORIGIN_SECRETS="")
    assert handle(event(of=IAM_EVENT), context)["statusCode"] == status


def test_by_iam_nobody_else_says_who_asks(configure, context):
    configure(SIGN_IN="iam", ADMINS='["admin"]')
    assert handle(event(), context)["statusCode"] == 403


def test_by_hosp_an_identity_of_aws_counts_nothing(configure, front, context):
    configure(HOSP_URL=f"http://127.0.0.1:{front.api_port}", ADMINS=json.dumps([IAM_EVENT["headers"]["host"], ARN]))
    headers = {"x-origin-secret": SECRETS[0]}
    assert handle(event(of=IAM_EVENT, headers=headers), context)["statusCode"] == 401


ARN = "arn:aws:sts::111122223333:assumed-role/Auditors/ada"


def test_by_iam_an_export_is_the_arns(configure, cloud, context):
    configure(SIGN_IN="iam", ADMINS=json.dumps([ARN]))
    # Whoever signs the request may add what only the front is believed.
    headers = {"x-origin-secret": "x", "cloudfront-viewer-address": "192.0.2.1:4711"}
    answer = handle(event(ADDRESS, of=IAM_EVENT, query=DAY, headers=headers), context)
    assert handle(event(answer["headers"]["location"], of=IAM_EVENT), context)["statusCode"] == 200
    assert [entry["user"] for entry in entries(cloud)] == [ARN, ARN]
    assert {entry["client"] for entry in entries(cloud)} == {"198.51.100.7"}


# --- tokens


def test_an_export_of_another_administrator_is_not_there(ask, export):
    assert ask(export, headers=basic("user1"))["statusCode"] == 404
    assert ask(export)["statusCode"] == 200


def test_a_token_that_was_changed_is_not_there(ask, cloud, export):
    given = export.removeprefix(f"{ADDRESS}/")
    content, _, signature = given.partition(".")
    other = token(Export("00000000-0000-4000-8000-000000000001", "", 2_000_000_000), "admin", ["x" * 40])
    forged = [
        "", "x", ".", content, f"{content}.", f".{signature}", f"{given}x", f"{content[:-2]}.{signature}", other,
        f"{other.partition('.')[0]}.{signature}", f"{given}/", f"../{given}", "%00", "\u00e4.\u00e4",
    ]  # fmt: skip
    forged += [given[:n] + chr(ord(given[n]) ^ 1) + given[n + 1 :] for n in range(0, len(given), 7)]
    calls = len(cloud.calls)
    assert {ask(f"{ADDRESS}/{text}")["statusCode"] for text in forged} == {404}
    assert len(cloud.calls) == calls


@pytest.mark.parametrize("key", KEYS)
def test_a_token_of_either_key_is_good(ask, cloud, export, key):
    made = token(Export(next(iter(cloud.queries)), "from=2026-11-25&to=2026-11-26", 2_000_000_000), "admin", [key])
    assert ask(f"{ADDRESS}/{made}")["statusCode"] == 200
    assert KEYS[0] not in export


def test_an_export_is_gone_after_an_hour(ask, cloud, export):
    old = token(Export(next(iter(cloud.queries)), "from=2026-11-25&to=2026-11-26", 1_700_000_000), "admin", KEYS)
    assert ask(f"{ADDRESS}/{old}")["statusCode"] == 410


def test_an_export_is_gone_when_its_result_or_query_is(ask, cloud, export):
    cloud.objects.clear()
    assert ask(export)["statusCode"] == 410
    cloud.queries.clear()
    assert ask(export)["statusCode"] == 410


# --- what fails


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"State": "FAILED", "StateChangeReason": "SYNTAX_ERROR: line 1:8 'o''brien'"}, "Athena could not run it."),
        ({"State": "CANCELLED", "StateChangeReason": "Query cancelled by user"}, "It was stopped"),
        ({"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit was exceeded"}, "Choose a shorter period."),
        ({"State": "FAILED", "StateChangeReason": "Bytes scanned limit was exceeded"}, "Choose a shorter period."),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_query_that_fails_is_a_clear_answer(ask, cloud, capsys, status, said):
    cloud.status = status
    answer = ask(ask(ADDRESS, query=DAY)["headers"]["location"])
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (502, "application/problem+json")
    assert said in answer["document"]["detail"]
    output = capsys.readouterr().out
    assert '"message":"export failed"' in output
    assert "brien" not in answer["body"] + output
    assert len(entries(cloud)) == 1


@pytest.mark.parametrize(
    "cut", [lambda text: text[:-1], lambda text: text[:-20], lambda text: b"", lambda text: text.splitlines(True)[0]]
)
def test_half_a_result_is_none(ask, cloud, cut):
    cloud.cut = cut
    cloud.lines.append((DAY_MS + 2000, line()))
    answer = ask(ask(ADDRESS, query=DAY)["headers"]["location"])
    whole = cut(b"ab\n") == b"ab"
    assert answer["statusCode"] == (200 if whole else 502)


@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetObject"])
def test_what_aws_says_stays_here(ask, cloud, capsys, operation):
    export = ask(ADDRESS, query=DAY)["headers"]["location"]
    capsys.readouterr()
    cloud.interfere = failing(operation)
    answer = ask(ADDRESS, query=DAY) if operation.startswith("Start") else ask(export)
    assert answer["statusCode"] == 502
    [said] = logged(capsys)
    assert (said["error"], said["RequestsFailed"]) == ("ConnectionError", 1)
    assert "7's data" not in answer["body"] + json.dumps(said)


# --- what is asked for


@pytest.mark.parametrize("accept", [JSON, HTML], ids=["json", "html"])
@pytest.mark.parametrize(
    ("query", "wrong", "allowed"),
    [
        ({}, "from", "a time such as"),
        ({"from": "2026-11-25"}, "to", "a time such as"),
        ({**DAY, "from": "yesterday"}, "from", "a time such as"),
        ({"from": "2026-11-25", "to": "2026-11-25"}, "to", "later than"),
        ({"from": "2026-11-26", "to": "2026-11-25"}, "to", "later than"),
        ({"from": "2026-10-25", "to": "2026-11-26"}, "to", "31 days"),
        ({"from": "0001-01-01T00:00+14:00", "to": "2026-11-26"}, "from", "a time such as"),
        ({**DAY, "patient": "rex"}, "patient", "a number"),
        ({**DAY, "patient": "-1"}, "patient", "a number"),
        ({**DAY, "method": "GET /"}, "method", "an HTTP method"),
        ({**DAY, "outcome": "good"}, "outcome", "success, refused, failed, aborted, unknown"),
        ({**DAY, "user": "a\nb"}, "user", "256 characters"),
        ({**DAY, "user": "a" * 257}, "user", "256 characters"),
        ({**DAY, "user": ["a", "b"]}, "user", "once"),
        ({**DAY, "days": "3"}, "query", "from, to, user, patient, method, outcome"),
        ("&".join(["user=a"] * 101), "query", "100 filters"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_asked_is_refused_and_what_can_is_named(ask, cloud, accept, query, wrong, allowed):
    answer = ask(ADDRESS, query=query, headers=accept)
    assert answer["statusCode"] == 400
    if accept is JSON:
        assert answer["headers"]["content-type"] == "application/problem+json"
        assert allowed in answer["document"]["errors"][wrong]
        assert list(answer["document"]["errors"]) == ([wrong] if query else ["from", "to"])
    else:
        assert allowed in answer["body"]
        assert 'role="alert"' in answer["body"]
    assert cloud.calls == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["from", "to", "patient", "method", "outcome", "x"])
def test_sql_has_no_effect_in_any_field(ask, cloud, name):
    """In the name of a user it is a name: see test_query.py."""
    # A number is one whatever it was meant for.
    payloads = [payload for payload in SQL if payload != "1"]
    for payload in payloads:
        query = {**DAY, payload: "1"} if name == "x" else {**DAY, name: payload}
        assert ask(ADDRESS, query=query)["statusCode"] == 400, payload
    assert cloud.calls == []


def test_sql_has_no_effect_in_a_path_or_a_sign_in(ask, cloud):
    for payload in SQL[::7]:
        assert ask(f"{ADDRESS}/{payload}")["statusCode"] == 404, payload
        assert ask(headers=basic(payload, "x"))["statusCode"] in (401, 429), payload
    assert cloud.calls == []


def test_an_unknown_filter_is_not_repeated(ask):
    assert "script" not in ask(ADDRESS, query={**DAY, "<script>": "1"}, headers=HTML)["body"].replace("scripts", "")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_somebody_else_starts_nothing(ask, cloud, site):
    assert ask(ADDRESS, query=DAY, headers={"sec-fetch-site": site})["statusCode"] == 403
    assert cloud.calls == []


@pytest.mark.parametrize(("method", "path"), [("POST", ADDRESS), ("HEAD", ADDRESS), ("DELETE", "/audit")])
def test_other_methods_are_not_allowed(ask, cloud, method, path):
    answer = ask(path, method=method, query=DAY)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET")
    assert cloud.calls == []


@pytest.mark.parametrize("path", ["/", "/auditor", "/audit/", "/audit/columns", "/audit/exports2"])
def test_there_is_nothing_else(ask, path):
    assert ask(path)["statusCode"] == 404


# --- settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGN_IN", ""),
        ("HOSP_URL", "hosp.example.test"),
        ("HOSP_CHECK_PATH", "hospitals"),
        ("HOSP_TIMEOUT_SECONDS", "0"),
        ("HOSP_CA", "/etc/ca.pem"),
        ("ORIGIN_SECRETS", "short"),
        ("ADMINS", "admin"),
        ("ADMINS", '{"admin": 1}'),
        ("ADMINS", '["admin", ""]'),
        ("CLIENT_HEADER", "X-Forwarded-For"),
        ("TOKEN_KEYS", ""),
        ("LINK_SECONDS", "901"),
        ("LINK_SECONDS", "0"),
        ("MOST_DAYS", "0"),
        ("WORKGROUP", "a b"),
        ("SOURCE_KIND", "s3"),
        ("SOURCE_CATALOG", ""),
        ("SOURCE_SCHEMA", ""),
        ("SOURCE_TABLE", ""),
        ("SOURCE_LATE_SECONDS", "-1"),
        ("LOG_GROUP", ""),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(configure, context, name, value):
    configure(**{name: value})
    with pytest.raises(SettingsError, match=rf"{name} is .*; give .+") as refused:
        handle(event(), context)
    if name in ("ORIGIN_SECRETS", "TOKEN_KEYS"):
        assert "short" not in str(refused.value)


def test_settings_show_no_secret(configure):
    from audit_trail.handler import configured

    configure()
    assert not any(secret in repr(configured()) for secret in SECRETS + KEYS)
    assert re.search(r"link_seconds=300", repr(configured()))


def test_a_query_string_of_a_form_is_understood(ask, cloud):
    form = {"from": "2026-11-25T08:30", "to": "2026-11-25T09:30", "user": "", "patient": ""}
    assert ask(ADDRESS, query=urlencode(form), headers=HTML)["statusCode"] == 202
    [statement] = cloud.queries.values()
    assert statement.parameters[-2:] == [str(DAY_MS + 30_600_000), str(DAY_MS + 34_200_000)]
