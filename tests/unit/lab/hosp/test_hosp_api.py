"""HOSP's surface over HTTP, in good health."""

import json
import re
import socket
from datetime import UTC, datetime

import httpx
import pytest
from hosp_process import NOTE

VALID = {
    "hospitals": {"name": "North"},
    "patients": {"name": "Rex", "species": "dog", "hospital_id": 1},
    "staff": {"name": "Ann", "role": "nurse", "hospital_id": 1},
    "notes": NOTE,
}
resources = pytest.mark.parametrize("resource", VALID)


@pytest.mark.parametrize(
    "authorization", [None, b"Basic bnVyc2U6d3Jvbmc=", b"Bearer bnVyc2U6bnVyc2U=", b"Basic", b"Basic \xff"]
)
def test_without_an_account_nothing_is_answered_or_done(hosp, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    notes = hosp.notes()
    answer = httpx.post(f"http://127.0.0.1:{hosp.api_port}/notes", json=NOTE, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"status": 401, "error": "Unauthorized"})
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert hosp.notes() == notes


@pytest.mark.parametrize("account", ["nurse", "admin", "user1", "user10"])
def test_every_account_is_let_in(hosp, account):
    assert hosp.api.get("/patients/1", auth=(account, account)).status_code == 200


@pytest.mark.parametrize(("resource", "number"), [("hospitals", 20), ("patients", 200), ("staff", 50)])
def test_the_first_data_has_ids_from_one_and_lists_newest_first(hosp, resource, number):
    ids = [record["id"] for record in hosp.api.get(f"/{resource}").json()]
    assert ids == sorted(ids, reverse=True)
    assert ids[-number:] == list(range(number, 0, -1))


@resources
def test_a_record_is_created_shown_changed_and_deleted(hosp, resource):
    created = hosp.api.post(f"/{resource}", json=VALID[resource])
    record = created.json()
    assert created.status_code == 201
    assert record.items() >= VALID[resource].items()
    assert record["created_at"] == record["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["created_at"])
    place = f"/{resource}/{record['id']}"
    assert record["url"] == f"http://127.0.0.1:{hosp.api_port}{place}.json"
    assert hosp.api.get(place).json() == record == hosp.api.get(record["url"]).json()
    assert hosp.api.get(f"/{resource}").json()[0] == record

    field = next(iter(VALID[resource]))
    for method in ("PUT", "PATCH"):
        changed = hosp.api.request(method, place, json={field: f"changed by {method}", "id": 999, "colour": "red"})
        assert changed.status_code == 200
        assert changed.json() == {**record, field: f"changed by {method}", "updated_at": changed.json()["updated_at"]}
        assert changed.json()["updated_at"] >= record["updated_at"]
        assert hosp.api.get(place).json() == changed.json()

    assert [hosp.api.delete(place).status_code for _ in range(2)] == [204, 404]
    assert hosp.api.get(place).status_code == 404
    assert hosp.api.put(place, json={}).status_code == 404
    assert hosp.api.post(f"/{resource}", json=VALID[resource]).json()["id"] > record["id"]


@resources
def test_a_missing_field_is_named(hosp, resource):
    for field in VALID[resource]:
        fields = {name: value for name, value in VALID[resource].items() if name != field}
        answer = hosp.api.post(f"/{resource}", json=fields)
        assert (answer.status_code, answer.json()) == (422, {"errors": {field: ["can't be blank"]}})


def test_a_wrong_field_is_refused_in_a_change_too(hosp):
    before = hosp.api.get("/patients/3").json()
    answer = hosp.api.patch("/patients/3", json={"name": "New", "hospital_id": 10**20})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"hospital_id": ["must exist"]}})
    assert hosp.api.get("/patients/3").json() == before


def test_notes_of_one_patient(hosp):
    patient = hosp.api.post("/patients", json=VALID["patients"]).json()["id"]
    ids = [hosp.api.post("/notes", json={**NOTE, "patient_id": patient}).json()["id"] for _ in range(3)]
    hosp.api.post("/notes", json={**NOTE, "patient_id": 2})
    found = hosp.api.get("/notes", params={"patient_id": patient}).json()
    assert [note["id"] for note in found] == ids[::-1]
    for nobody in ("999999", "9" * 40, "x"):
        assert hosp.api.get("/notes", params={"patient_id": nobody}).json() == []


def test_lists_come_in_pages_when_they_shall(hosp):
    whole = hosp.api.get("/hospitals").json()
    assert hosp.api.get("/hospitals?page=2").json() == []
    hosp.put(page_size=8)
    pages = [hosp.api.get("/hospitals", params={"page": number}).json() for number in (1, 2, 3, 4, 5, 6)]
    assert [len(page) for page in pages[:2]] == [8, 8]
    assert pages[-1] == []
    assert [record for page in pages for record in page] == whole
    assert hosp.api.get("/hospitals").json() == pages[0]


def test_the_clock_can_be_wrong_and_coarse(hosp):
    hosp.put(clock_offset_seconds=3000, whole_seconds=True)
    made = hosp.api.post("/notes", json=NOTE).json()["created_at"]
    assert made.endswith(".000Z")
    ahead = datetime.fromisoformat(made) - datetime.now(UTC)
    assert 2990 < ahead.total_seconds() <= 3000


def test_screening_gives_the_same_results_under_a_new_id_and_stores_nothing(hosp):
    notes = hosp.notes()
    first, second = (hosp.api.post("/patients/7/screen", json={"images": ["aGk=", "text"]}).json() for _ in range(2))
    assert first["results"] == second["results"]
    assert len(first["results"]) == 2
    assert first["id"] != second["id"]
    assert first["patient_id"] == 7
    other = hosp.api.post("/patients/7/screen", json={"images": ["other", "text"]}).json()
    assert other["results"][0] != first["results"][0]
    assert other["results"][1] == first["results"][1]
    assert hosp.notes() == notes


@pytest.mark.parametrize("body", [{}, {"images": []}, {"images": "x"}, {"images": ["x", 1]}])
def test_screening_without_images_is_refused(hosp, body):
    answer = hosp.api.post("/patients/7/screen", json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["images"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/owners", 404),
        ("GET", "/patients/x", 404),
        ("GET", "/patients/" + "9" * 40, 404),
        ("GET", "/patients/%00", 404),
        ("GET", "/patients/%31", 200),
        ("POST", "/patients/99999/screen", 404),
        ("POST", "/staff/1/screen", 404),
        ("GET", "/faults", 404),
        ("GET", "/ledger", 404),
        ("POST", "/patients/1", 405),
        ("GET", "/patients/1/screen", 405),
        ("DELETE", "/patients", 405),
        ("OPTIONS", "/patients", 204),
    ],
)
def test_addresses_and_methods(hosp, method, path, status):
    assert hosp.api.request(method, path).status_code == status


def test_head_is_get_without_its_body(hosp):
    head, get = hosp.api.head("/patients/1"), hosp.api.get("/patients/1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"hospital_id": ' + b"1" * 5000 + b"}"])
def test_what_is_not_json_is_a_bad_request(hosp, body):
    assert hosp.api.post("/patients", content=body).status_code == 400


def test_json_that_is_no_object_is_refused(hosp):
    assert hosp.api.post("/patients", content=b"[]").json() == {"errors": {"base": ["must be an object"]}}


@pytest.mark.parametrize("text", ['"</script>\\', "\x00\x1f", "Zoë 🐕", '\ud800"'])
def test_any_text_comes_back_as_it_was_sent(hosp, text):
    created = hosp.api.post("/hospitals", content=json.dumps({"name": text})).json()
    assert created["name"] == text == hosp.api.get("/hospitals").json()[0]["name"]


def test_a_hostile_host_is_quoted(hosp):
    answer = hosp.api.get("/patients/1", headers={"Host": b'a"},{\\\xff'})
    assert answer.json()["url"] == 'http://a"},{\\ÿ/patients/1.json'


def test_a_chunked_body_is_a_body(hosp):
    body = json.dumps(VALID["hospitals"]).encode()
    assert hosp.api.post("/hospitals", content=(bytes([byte]) for byte in body)).status_code == 201


def test_bodies_up_to_20_mb_are_taken_and_larger_ones_refused(hosp):
    large = hosp.api.post("/patients/1/screen", json={"images": ["x" * 20_000_000]}, headers={"X-Request-Id": "large"})
    assert large.status_code == 200
    over = hosp.api.post("/patients/1/screen", content=b" " * 21_000_000, headers={"X-Request-Id": "over"})
    assert over.status_code == 413
    assert (hosp.entry("large")["statuses"], hosp.entry("over")["statuses"]) == ([200], [413])


def test_one_connection_serves_many_requests_even_sent_together(hosp):
    head = b"Host: h\r\nAuthorization: Basic bnVyc2U6bnVyc2U=\r\n"
    one = b"GET /patients/1 HTTP/1.1\r\n" + head + b"\r\n"
    with socket.create_connection(("127.0.0.1", hosp.api_port), timeout=60) as client:
        client.sendall(one * 5 + one.replace(head, head + b"Connection: close\r\n"))
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 6


def test_headers_that_hosp_does_not_know_are_ignored_but_logged(hosp):
    headers = {"X-Patient-Id": b'7"\xff', "X-Request-Id": "logged", "Cookie": "crumbs"}
    assert hosp.api.get("/patients/1", headers=headers).status_code == 200
    line = next(line for line in hosp.log.splitlines() if '"logged"' in line)
    assert json.loads(line)["ignored_headers"] == {"x-patient-id": '7"ÿ'}
    assert "crumbs" not in hosp.log
    assert "bnVyc2U6bnVyc2U" not in hosp.log
