"""The function as Lambda calls it, before HOSP's simulator or a server that answers what it is told to."""

from __future__ import annotations

import gzip
import json
import time
from base64 import b64encode
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from certified import certified
from cloud_in_memory import DEAD_LETTERS, QUEUE
from notes_writer.handler import handle
from notes_writer.settings import SettingsError
from scripted_server import scripted

EVENT = json.loads((Path(__file__).parent / "events" / "sqs.json").read_text())
MESSAGE = json.loads(EVENT["Records"][0]["body"])
REFERENCE = MESSAGE["reference"]
CLAIM = f"claims/{REFERENCE}.json"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def deliver(cloud, context):
    """`deliver(**changes)` puts a message into the queue and gives it to the function once; whether it is done with."""

    def deliver(body: str | None = None, receives: int = 1, **changes: Any) -> bool:
        cloud.queues[QUEUE].clear()
        cloud._SendMessage(None, QUEUE, json.dumps({**MESSAGE, **changes}) if body is None else body)
        [message] = cloud.receive()
        message.receives = receives
        return handle({"Records": [message.record()]}, context) == {"batchItemFailures": []}

    return deliver


@pytest.fixture
def later(monkeypatch):
    """`later(seconds)` lets so much time pass."""
    passed = [0.0]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + passed[0])

    def later(seconds: float) -> None:
        passed[0] += seconds

    return later


def notes(hosp, patient: int = 7) -> list[dict]:
    listed = hosp.api.get("/notes", params={"patient_id": patient}).json()
    return [note for note in listed if REFERENCE in note["body"]]


@pytest.fixture(autouse=True)
def no_note_before(request):
    if "hosp" in request.fixturenames:
        hosp = request.getfixturevalue("hosp")
        for note in notes(hosp):
            hosp.api.delete(f"/notes/{note['id']}")


def rest(cloud) -> float:
    """How long the message rests."""
    [message] = cloud.queues[QUEUE].values()
    return message.visible_at - cloud.clock()


def buried(cloud) -> list[tuple[str, str]]:
    """Reasons and bodies of what is in the dead-letter queue."""
    dead = cloud.queues[DEAD_LETTERS].values()
    return [(message.attributes["reason"]["StringValue"], message.body) for message in dead]


def logged(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_result_becomes_a_note(before_hosp, deliver, cloud, capsys):
    assert deliver()
    [note] = notes(before_hosp)
    assert (note["title"], note["patient_id"], note["staff_id"]) == ("Screening", 7, 3)
    assert json.loads(note["body"]) == {
        "reference": REFERENCE,
        "screening": MESSAGE["screening"],
        "screened_at": MESSAGE["screened_at"],
        "result": {"id": "a", "results": [{"confidence": 0.1}]},
    }
    assert note["body"].endswith('{"id": "a", "results": [{"confidence": 0.10}]}}')
    assert json.loads(cloud.objects[CLAIM])["done"]
    [line] = logged(capsys)
    assert (line["message"], line["how"], line["NotesDelivered"]) == ("note delivered", "created", 1)


def test_the_saved_event_is_understood(before_hosp, context):
    assert handle(EVENT, context) == {"batchItemFailures": []}
    assert len(notes(before_hosp)) == 1


def test_the_patients_number_is_in_a_header_and_the_request_is_ours(server, deliver):
    server.answers = [answer(201, b"{}")]
    assert deliver()
    [arrival] = server.arrivals
    assert (arrival.method, arrival.target) == ("POST", "/notes")
    assert json.loads(arrival.body)["patient_id"] == 7
    wanted = {"x-patient-id": "7", "x-request-id": REFERENCE, "authorization": "Basic bnVyc2U6bnVyc2U="}
    wanted |= {"content-type": "application/json", "x-origin-secret": "the-secret-that-the-proxies-know-0001"}
    assert {name: arrival.header(name) for name in wanted} == {name: [value] for name, value in wanted.items()}


def test_a_message_that_comes_again_does_nothing(before_hosp, deliver, capsys):
    assert [deliver(), deliver(), deliver()] == [True] * 3
    assert before_hosp.entry(REFERENCE)["attempts"] == 1
    assert [line.get("NotesDelivered") for line in logged(capsys)] == [1, None, None]


@pytest.mark.parametrize("kind", ["500", "502", "reset", "stall"])
@pytest.mark.parametrize("applied", [0, 1])
def test_after_a_lost_answer_the_message_rests_then_the_note_is_looked_for(
    before_hosp, deliver, cloud, later, kind, applied
):
    before_hosp.fail(kind, applied=applied)
    assert not deliver()
    assert rest(cloud) == 6
    before_hosp.put(rate=0)
    assert not deliver(receives=2)
    assert 5 <= rest(cloud) <= 6
    assert before_hosp.entry(REFERENCE)["attempts"] == 1
    later(7)
    assert deliver(receives=3) == bool(applied)
    if not applied:
        assert rest(cloud) == 60
        later(61)
        assert deliver(receives=4)
    assert len(notes(before_hosp)) == 1
    assert before_hosp.entry(REFERENCE)["applied"] == 1


def test_a_write_that_lands_late_is_found(before_hosp, deliver, later):
    before_hosp.fail("500", applied=0, late=1, late_seconds=[0.2, 0.2])
    assert not deliver()
    time.sleep(0.4)
    before_hosp.put(rate=0, late=0)
    later(7)
    assert deliver(receives=2)
    assert len(notes(before_hosp)) == 1


def twice(hosp, cloud, deliver, later, change: dict[str, Any]) -> list[dict]:
    """Two notes with one reference, the younger changed; then the message comes again. What notes there are then."""
    deliver()
    [elder] = notes(hosp)
    fields = {name: elder[name] for name in ("title", "body", "patient_id", "staff_id")}
    hosp.api.post("/notes", json={**fields, **change}).raise_for_status()
    cloud.objects[CLAIM] = json.dumps({"sends": 2, "settled_at": 0, "seen": True, "done": False}).encode()
    assert deliver(receives=2)
    assert notes(hosp)[-1] == elder
    return notes(hosp)


def test_of_two_notes_the_younger_is_removed_and_it_is_reported(before_hosp, cloud, deliver, later, capsys):
    assert len(twice(before_hosp, cloud, deliver, later, {})) == 1
    [line] = [line for line in logged(capsys) if line["level"] == "ERROR"]
    assert (line["message"], line["count"], line["NotesTwice"]) == ("younger note removed", 1, 1)


def test_a_younger_note_that_people_have_changed_stays_and_it_is_reported(before_hosp, cloud, deliver, later, capsys):
    assert len(twice(before_hosp, cloud, deliver, later, {"title": "Seen by Ann"})) == 2
    [line] = [line for line in logged(capsys) if line["level"] == "ERROR"]
    assert (line["message"], line["NotesTwice"]) == ("younger note was changed, and stays", 1)


def test_a_note_that_was_seen_and_is_gone_is_not_written_again(before_hosp, cloud, deliver):
    cloud.objects[CLAIM] = json.dumps({"sends": 2, "settled_at": 0, "seen": True, "done": False}).encode()
    assert deliver(receives=2)
    assert notes(before_hosp) == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 301])
def test_what_may_pass_rests_longer_each_time(server, deliver, cloud, later, status):
    server.answers = [answer(status)]
    for receives, seconds in [(1, 6), (2, 12), (3, 24), (9, 900), (50, 900)]:
        assert not deliver(receives=receives)
        assert rest(cloud) == seconds
        later(7)
    assert buried(cloud) == []


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 120),
        ("99999999", 3600, 3600),
        ("soon", 6, 6),
        ("-5", 6, 6),
        (formatdate(0, usegmt=True), 6, 6),
    ],
)
def test_retry_after_is_honoured(server, deliver, cloud, said, least, most):
    server.answers = [answer(503, Retry_After=said)]
    assert not deliver()
    assert least <= rest(cloud) <= most


@pytest.mark.parametrize(("age", "late"), [(3500, None), (3700, 1)])
def test_what_still_rests_after_an_hour_is_counted(server, deliver, cloud, capsys, age, late):
    server.answers = [answer(503)]
    cloud.clock = lambda: time.time() - age
    assert not deliver()
    [line] = logged(capsys)
    assert (line["message"], line.get("MessagesLate")) == ("message rests", late)


def test_retry_after_may_be_a_date_to_come(server, deliver, cloud):
    server.answers = [answer(503, Retry_After=formatdate(time.time() + 300, usegmt=True))]
    assert not deliver()
    assert 200 <= rest(cloud) <= 300


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
def test_what_can_never_succeed_is_buried_at_once_with_the_reason(server, deliver, cloud, status, capsys):
    server.answers = [answer(status, b'{"errors": {"patient_id": ["7 must exist"], "body": ["is too long"]}}')]
    assert deliver()
    [(reason, body)] = buried(cloud)
    assert reason == f"HOSP answered {status}: body, patient_id"
    assert json.loads(body) == MESSAGE
    [line] = logged(capsys)
    assert line.items() >= {"message": "message buried", "reason": reason, "reference": REFERENCE}.items()
    assert line["MessagesBuried"] == 1


def test_what_was_buried_is_delivered_when_it_comes_again(before_hosp, deliver, cloud, later):
    assert deliver(patient_id=10**9)
    assert [reason for reason, _ in buried(cloud)] == ["HOSP answered 422: patient_id"]
    assert not deliver(patient_id=7)
    later(61)
    assert deliver(patient_id=7)
    assert len(notes(before_hosp)) == 1


@pytest.mark.parametrize(
    "body",
    ["", "no JSON", "[]", "{}", *(json.dumps({**MESSAGE, name: "%"}) for name in ("result_base64", "patient_id"))],
)
def test_a_message_that_is_none_is_buried(server, deliver, cloud, body):
    assert deliver(body)
    [(reason, buried_body)] = buried(cloud)
    assert reason.startswith("the message ")
    assert buried_body == body
    assert server.arrivals == []


@pytest.mark.parametrize(
    ("result", "encoding", "stored"),
    [
        (b'{"a": 1.50}', "", {"a": 1.5}),
        (gzip.compress(b'{"a": 1}', mtime=0), "gzip", {"a": 1}),
        (b"no JSON", "", {"text": "no JSON"}),
        (b'{"a": NaN}', "", {"text": '{"a": NaN}'}),
        (b"[" * 100_000, "", {"text": "[" * 100_000}),
        (b"\xff\x00", "", {"base64": "/wA="}),
        (b"\x1f\x8bbroken", "gzip", {"base64": b64encode(b"\x1f\x8bbroken").decode()}),
        (b'{"a": 1}', "br", {"text": '{"a": 1}'}),
    ],
)
def test_a_result_that_cannot_be_understood_is_stored_whole(before_hosp, deliver, result, encoding, stored):
    assert deliver(result_base64=b64encode(result).decode(), content_encoding=encoding)
    [note] = notes(before_hosp)
    found = json.loads(note["body"])["result"]
    assert found == stored or found.items() >= stored.items()
    if found != stored:
        assert found["content_type"] == "application/json"


def test_a_large_result_is_fetched_from_the_bucket(before_hosp, deliver, cloud):
    cloud.objects["results/x.json"] = json.dumps(MESSAGE).encode()
    assert deliver(json.dumps({"reference": REFERENCE, "stored_at": "results/x.json"}))
    assert len(notes(before_hosp)) == 1


@pytest.mark.parametrize("place", ["results/none.json", "claims/x.json", 5])
def test_a_large_result_that_is_not_there_is_buried(server, deliver, cloud, place):
    assert deliver(json.dumps({"reference": REFERENCE, "stored_at": place}))
    assert len(buried(cloud)) == 1


def test_the_look_goes_on_to_further_pages(server, deliver, cloud, later):
    cloud.objects[CLAIM] = json.dumps({"sends": 1, "settled_at": 0, "seen": False, "done": False}).encode()
    first = answer(200, b"[]", Link='<http://hosp/notes?patient_id=7&page=2>; rel="next"')
    server.answers = [first, answer(200, json.dumps([{"id": 5, "body": REFERENCE}]).encode())]
    assert deliver(receives=2)
    assert [arrival.target for arrival in server.arrivals] == ["/notes?patient_id=7", "/notes?patient_id=7&page=2"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"id": 1}]'])
def test_a_look_that_shows_nothing_certain_sends_nothing(server, deliver, cloud, body):
    cloud.objects[CLAIM] = json.dumps({"sends": 1, "settled_at": 0, "seen": False, "done": False}).encode()
    server.answers = [answer(200, body)]
    assert not deliver(receives=2)
    assert [arrival.method for arrival in server.arrivals] == ["GET"]


def test_one_message_that_fails_harms_no_other(before_hosp, cloud, context):
    for n in range(3):
        changes = {"reference": f"screening-{n}", "patient_id": 8}
        cloud._SendMessage(None, QUEUE, json.dumps({**MESSAGE, **changes}))
    records = [message.record() for message in cloud.receive()]
    records[1]["attributes"] = {"ApproximateReceiveCount": "1"}
    cloud.interfere = lambda operation, given: _fail_for(f"claims/{json.loads(records[1]['body'])['reference']}", given)
    failed = handle({"Records": records}, context)["batchItemFailures"]
    assert failed == [{"itemIdentifier": records[1]["messageId"]}]


def _fail_for(key: str, given: dict[str, Any]) -> None:
    if given.get("Key", "").startswith(key):
        raise ConnectionError("with a patient's data")


def test_nothing_is_sent_when_too_little_time_is_left(server, cloud, context):
    cloud._SendMessage(None, QUEUE, json.dumps(MESSAGE))
    [message] = cloud.receive()
    short = type(context)(seconds=9)
    assert len(handle({"Records": [message.record()]}, short)["batchItemFailures"]) == 1
    assert (server.arrivals, cloud.objects, rest(cloud)) == ([], {}, 0)


def test_credentials_are_read_once_until_they_are_refused(before_hosp, deliver, cloud):
    reads = []
    cloud.interfere = lambda operation, given: reads.append(operation) if operation == "GetSecretValue" else None
    for n in range(2):
        assert deliver(reference=f"screening-once-{n}")
    assert len(reads) == 1


def test_a_message_rests_until_refused_credentials_were_replaced(server, deliver, cloud, later):
    server.answers = [answer(401), answer(200, b"[]"), answer(201, b"{}")]
    assert not deliver()
    assert (rest(cloud), buried(cloud)) == (6, [])
    cloud.secrets["hosp"] = json.dumps({"username": "nurse", "password": "new"})
    later(7)
    deliver(receives=2)
    assert [(arrival.method, arrival.header("authorization")) for arrival in server.arrivals] == [
        (method, ["Basic " + b64encode(pair).decode()])
        for method, pair in [("POST", b"nurse:nurse"), ("GET", b"nurse:new"), ("POST", b"nurse:new")]
    ]


def test_what_is_logged_names_no_patient_and_no_secret(server, deliver, capsys):
    server.answers = [answer(422, b'{"errors": {"body": ["Rex has 0.10"]}}')]
    deliver()
    server.answers = [answer(500, b"Rex")]
    deliver(reference="screening-b")
    text = capsys.readouterr().out
    assert REFERENCE in text
    for word in ("Rex", "patient_id", "0.10", "bnVyc2U6", "nurse", "the-secret-that"):
        assert word not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSP_URL", "proxies"),
        ("HOSP_TIMEOUT_SECONDS", "1.5"),
        ("HOSP_SECRET_ID", ""),
        ("ORIGIN_SECRET", "short"),
        ("STAFF_ID", "0"),
        ("NOTE_TITLE", " "),
        ("SETTLE_SECONDS", ""),
        ("DEAD_LETTER_QUEUE_URL", ""),
    ],
)
def test_wrong_configuration_is_named_at_the_first_use_also_when_a_release_tries_it(configure, context, name, value):
    configure(**{name: value})
    for event in (EVENT, {"Records": []}):
        with pytest.raises(SettingsError, match=f"^{name} is .*; give "):
            handle(event, context)


def test_who_tries_it_gets_no_failures(configure, context):
    configure()
    assert handle({"Records": []}, context) == {"batchItemFailures": []}


def test_the_proxies_certificate_is_held_against_the_ca(configure, deliver, tmp_path, later):
    tls, ca = certified(tmp_path)
    with scripted(tls) as script:
        script.answers = [answer(201, b"{}")]
        configure(HOSP_URL=script.url)
        assert not deliver(reference="screening-a")
        configure(HOSP_URL=script.url, HOSP_CA=ca)
        assert deliver(reference="screening-b")
        assert len(script.arrivals) == 1
