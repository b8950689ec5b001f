"""The function as Lambda calls it, before HOSP's simulator."""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from certified import certified
from cloud_in_memory import QUEUE
from screening.handler import handle
from screening.settings import SettingsError
from screening_events import EVENT, SECRETS, event
from scripted_server import scripted

RESULT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


def result(body: bytes) -> bytes:
    return RESULT % (len(body), body)


def queued(cloud) -> list[dict]:
    return [json.loads(body) for body in cloud.bodies(QUEUE)]


def logged(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_screening_is_answered_and_queued(before_hosp, cloud, context):
    answer = handle(EVENT, context)
    assert (answer["statusCode"], answer["isBase64Encoded"], answer["cookies"]) == (200, False, [])
    assert answer["headers"]["content-type"] == "application/json; charset=utf-8"
    assert json.loads(answer["body"])["results"][0]["image"] == 1
    [message] = queued(cloud)
    assert b64decode(message.pop("result_base64")).decode() == answer["body"]
    assert abs(datetime.fromisoformat(message.pop("screened_at")) - datetime.now(UTC)).total_seconds() < 60
    reference = message.pop("reference")
    assert reference.startswith("screening-")
    assert len(reference) == len("screening-") + 32
    assert message == {
        "patient_id": 7,
        "screening": context.aws_request_id,
        "content_type": "application/json; charset=utf-8",
        "content_encoding": "",
    }


def test_hosp_gets_the_users_request(server, context):
    handle(event(rawQueryString="a=%20b&c"), context)
    [arrival] = server.arrivals
    assert (arrival.method, arrival.target) == ("POST", "/patients/7/screen?a=%20b&c")
    assert arrival.body == b64decode(EVENT["body"])
    dropped = {"host", "x-forwarded-for", "x-origin-secret"}
    for name, value in EVENT["headers"].items():
        if name not in dropped:
            assert arrival.header(name) == [value], name
    assert arrival.header("host") == [server.url.removeprefix("http://")]
    assert arrival.header("cookie") == ["session=abc; theme=dark"]
    assert arrival.header("x-forwarded-for") == ["203.0.113.9, 130.176.11.22"]
    assert arrival.header("x-origin-secret") == SECRETS[:1]


@pytest.mark.parametrize(
    "path", ["/patients/%37/screen", "/patients/7%2fscreen", "//patients/7/../screen", "/patients/7;a"]
)
def test_the_path_goes_through_as_it_was_written(server, context, path):
    handle(event(path=path, rawQueryString="%c3%a4&[]"), context)
    assert server.arrivals[0].target == f"{path}?%c3%a4&[]"


def test_nothing_is_made_up_that_the_user_did_not_send(server, context):
    handle(
        event(headers=dict.fromkeys(["user-agent", "accept", "authorization", "x-forwarded-for"]), cookies=[]), context
    )
    [arrival] = server.arrivals
    for name in ("user-agent", "accept", "accept-encoding", "authorization", "cookie"):
        assert arrival.header(name) == []
    assert arrival.header("x-forwarded-for") == ["130.176.11.22"]


@pytest.mark.parametrize(("given", "sent"), [("mine-1", "mine-1"), (None, "the-call")])
def test_a_request_is_found_by_its_id_at_edge_function_and_proxy(server, context, capsys, given, sent):
    handle(event(headers={"x-request-id": given}), type(context)("the-call"))
    [said] = logged(capsys)
    assert server.arrivals[0].header("x-request-id") == [sent]
    assert (said["request_id"], said["client_request_id"]) == ("the-call", given or "")
    assert said["edge_request_id"] == EVENT["headers"]["x-amz-cf-id"]


def test_an_id_that_the_proxies_would_not_take_is_not_logged(server, context, capsys):
    handle(event(headers={"x-request-id": 'a"b'}), context)
    assert server.arrivals[0].header("x-request-id") == ['a"b']
    assert logged(capsys)[0]["client_request_id"] == ""


def test_what_belongs_to_a_connection_goes_no_further(server, context):
    server.answers = [
        b"HTTP/1.1 200 OK\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nX-Other: 2\r\n\r\n{}"
    ]
    answer = handle(event(headers={"connection": "X-Hop", "x-hop": "1", "te": "trailers", "upgrade": "h2c"}), context)
    assert answer["headers"] == {"x-other": "2"}
    [arrival] = server.arrivals
    assert [arrival.header(name) for name in ("x-hop", "te", "upgrade")] == [[], [], []]
    assert arrival.header("connection") == ["close"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRETS[0][:-1], SECRETS[0] + " ", " ".join(SECRETS), "\ud800"])
def test_without_the_origin_secret_nothing_happens(server, cloud, context, secret):
    answer = handle(event(headers={"x-origin-secret": secret}), context)
    assert (answer["statusCode"], answer["body"]) == (403, "Forbidden\n")
    assert (server.arrivals, cloud.calls) == ([], [])


@pytest.mark.parametrize("secret", SECRETS)
def test_two_secrets_are_valid_and_the_first_goes_on(server, context, secret):
    assert handle(event(headers={"x-origin-secret": secret}), context)["statusCode"] == 200
    assert server.arrivals[0].header("x-origin-secret") == SECRETS[:1]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"path": "/patients/rex/screen"}, 404),
        ({"path": "/patients/999/screen"}, 404),
        ({"path": "/patients/-1/screen"}, 404),
        ({"body": "{", "isBase64Encoded": False}, 400),
        ({"body": "[]", "isBase64Encoded": False}, 422),
        ({"body": " " * 21_000_000, "isBase64Encoded": False}, 413),
        ({"headers": {"authorization": None}}, 401),
        ({"method": "GET"}, 405),
        ({"method": "OPTIONS"}, 204),
    ],
)
def test_hosp_decides_what_is_wrong_and_nothing_is_queued(before_hosp, cloud, context, changes, status):
    if "body" in changes:
        changes = {**changes, "headers": {"content-length": None}}
    assert handle(event(**changes), context)["statusCode"] == status
    assert cloud.objects == {}
    assert cloud.bodies(QUEUE) == []


@pytest.mark.parametrize("kind", ["500", "502"])
def test_hosps_failure_is_the_users_and_nothing_is_queued(before_hosp, cloud, context, kind):
    before_hosp.fail(kind)
    assert handle(EVENT, context)["statusCode"] == int(kind)
    assert cloud.bodies(QUEUE) == []


def test_where_there_is_no_answer_the_user_gets_a_proxys(before_hosp, configure, cloud, context):
    before_hosp.fail("reset")
    assert handle(EVENT, context)["statusCode"] == 502
    before_hosp.fail("stall", stall_seconds=2)
    configure(HOSP_URL=f"http://127.0.0.1:{before_hosp.api_port}", HOSP_TIMEOUT_SECONDS="1")
    assert handle(EVENT, context)["statusCode"] == 504
    configure()
    assert handle(EVENT, context)["statusCode"] == 502
    assert cloud.bodies(QUEUE) == []


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff\x00", b'{"id": 1}'])
def test_every_result_is_queued_whatever_it_is_but_none(server, cloud, context, body):
    server.answers = [result(body)]
    handle(EVENT, context)
    assert [b64decode(message["result_base64"]) for message in queued(cloud)] == [body] * bool(body)


def test_a_compressed_answer_stays_compressed(server, cloud, context):
    body = gzip.compress(b'{"id": 1}')
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)]
    answer = handle(EVENT, context)
    assert (answer["isBase64Encoded"], b64decode(answer["body"])) == (True, body)
    assert answer["headers"]["content-encoding"] == "gzip"
    [message] = queued(cloud)
    assert (message["content_encoding"], b64decode(message["result_base64"])) == ("gzip", body)


def test_the_same_result_twice_is_two_screenings(server, cloud, context):
    handle(EVENT, context)
    handle(EVENT, type(context)("another-call"))
    first, second = queued(cloud)
    assert first["result_base64"] == second["result_base64"]
    assert first["reference"] != second["reference"]


def test_a_large_result_is_in_the_bucket_and_the_message_says_where(server, cloud, context):
    body = json.dumps({"results": "x" * 300_000}).encode()
    server.answers = [result(body)]
    handle(EVENT, context)
    [message] = queued(cloud)
    assert message["stored_at"] == f"results/{message['reference']}.json"
    assert b64decode(json.loads(cloud.objects[message["stored_at"]])["result_base64"]) == body


def failing(*operations):
    def fail(operation, parameters):
        if operation in operations:
            raise ConnectionError("with 7's data")

    return fail


def test_without_a_queue_the_result_is_in_the_bucket(server, cloud, context, capsys):
    cloud.interfere = failing("SendMessage")
    assert handle(EVENT, context)["statusCode"] == 200
    [(place, kept)] = cloud.objects.items()
    assert place == f"undelivered/{json.loads(kept)['reference']}.json"
    lost, said = logged(capsys)
    assert (lost["level"], lost["place"], lost["error"], lost["ResultsNotKept"]) == (
        "ERROR",
        "queue",
        "ConnectionError",
        1,
    )
    assert (said["level"], said["place"]) == ("INFO", "bucket")


@pytest.mark.parametrize("size", [2, 1_000_000])
def test_without_queue_and_bucket_the_result_is_in_the_log(server, cloud, context, capsys, size):
    body = random.Random(1).randbytes(size)
    server.answers = [result(body)]
    cloud.interfere = failing("SendMessage", "PutObject")
    assert handle(EVENT, context)["statusCode"] == 200
    parts = [line for line in logged(capsys) if line["level"] == "CRITICAL"]
    assert all(len(json.dumps(part)) < 256 * 1024 for part in parts)
    assert [(part["part"], part["parts"], part["ResultsOnlyLogged"]) for part in parts] == [
        (n, len(parts), 1) for n in range(1, len(parts) + 1)
    ]
    message = json.loads(zlib.decompress(b64decode("".join(part["kept"] for part in parts))))
    assert b64decode(message["result_base64"]) == body
    assert message["reference"] == parts[0]["reference"]


def test_a_queue_that_hangs_holds_the_user_up_for_300_ms(server, cloud, context):
    handle(EVENT, context)
    cloud.interfere = lambda operation, parameters: time.sleep(2) if operation == "SendMessage" else None
    began = time.monotonic()
    handle(EVENT, type(context)("held-up"))
    assert 0.3 <= time.monotonic() - began < 1.5
    assert len(cloud.objects) == 1


def test_what_is_logged_names_no_patient_and_no_secret(server, cloud, context, capsys):
    cloud.interfere = failing("SendMessage")
    handle(EVENT, context)
    text = capsys.readouterr().out
    assert "reference" in text
    for word in ("patients", "7's data", "bnVyc2U6", *SECRETS):
        assert word not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSP_URL", ""),
        ("HOSP_URL", "http://proxies/api"),
        ("HOSP_TIMEOUT_SECONDS", "0"),
        ("HOSP_CA", "/etc/ca.pem"),
        ("ORIGIN_SECRETS", "short"),
        ("ORIGIN_SECRETS", " ".join(["x" * 32] * 3)),
        ("QUEUE_URL", "notes"),
        ("BUCKET", "A"),
    ],
)
def test_wrong_configuration_is_named_at_the_first_use(configure, context, name, value):
    configure(**{name: value})
    with pytest.raises(SettingsError, match=f"^{name} is .*; give ") as refused:
        handle(EVENT, context)
    assert (repr(value) in str(refused.value)) == (name != "ORIGIN_SECRETS")


def test_the_proxies_certificate_is_held_against_the_ca(configure, context, tmp_path):
    tls, ca = certified(tmp_path)
    with scripted(tls) as script:
        configure(HOSP_URL=script.url, HOSP_CA=ca)
        assert handle(EVENT, context)["statusCode"] == 200
        configure(HOSP_URL=script.url)
        assert handle(EVENT, context)["statusCode"] == 502
        configure(HOSP_URL=script.url.replace("127.0.0.1", "localhost"), HOSP_CA=ca)
        assert handle(EVENT, context)["statusCode"] == 502
        assert len(script.arrivals) == 1
