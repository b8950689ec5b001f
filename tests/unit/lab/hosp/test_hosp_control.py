"""The control port: faults and ledger."""

import socket
import subprocess
import sys

import pytest
from hosp_process import HEALTHY, NOTE, SOURCE, Hosp


@pytest.mark.slow
def test_faults_from_the_start_are_those_of_the_page(tmp_path):
    fresh = Hosp(tmp_path)
    try:
        assert fresh.control.get("/faults").json() == {
            "seed": 1, "rate": 0.1, "mix": {"500": 0.4, "502": 0.4, "reset": 0.1, "stall": 0.1},
            "applied": 0.5, "late": 0, "late_seconds": [0, 5], "latency_ms": [20, 200], "stall_seconds": 30,
            "burst": None, "only": None, "clock_offset_seconds": 0, "whole_seconds": False, "page_size": None,
        }  # fmt: skip
    finally:
        fresh.process.terminate()
        fresh.process.wait(timeout=60)


def test_a_put_keeps_what_it_does_not_name_and_answers_all(hosp):
    answer = hosp.control.put("/faults", json={"rate": 0.25})
    assert (answer.status_code, answer.json()) == (200, {**HEALTHY, "rate": 0.25})
    assert hosp.control.get("/faults").json() == {**HEALTHY, "rate": 0.25}


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        (b'{"rate": 2, "seed": 5}', 422, "rate"),
        (b'{"mix": {"500": 0.5}}', 422, "mix"),
        (b'{"rats": 1}', 422, "rats"),
        (b"[]", 422, "base"),
        (b"{", 400, "base"),
        (b'{"rate": NaN}', 422, "rate"),
        (b'{"rate": 1e999}', 422, "rate"),
    ],
)
def test_a_put_that_is_wrong_names_the_key_and_changes_nothing(hosp, body, status, key):
    answer = hosp.control.put("/faults", content=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (status, [key])
    assert hosp.control.get("/faults").json() == HEALTHY


def test_the_ledger_holds_every_request_in_its_order_and_the_totals(hosp):
    hosp.fail("500", applied=1)
    hosp.api.post("/notes", json=NOTE, headers={"X-Request-Id": "z"})
    hosp.put(**HEALTHY)
    hosp.api.post("/notes?a=b", json=NOTE, headers={"X-Request-Id": "z"})
    hosp.api.get("/patients/%31?x=1", headers={"X-Request-Id": "a"})
    ledger = hosp.control.get("/ledger").json()
    assert list(ledger["requests"].items()) == [
        ("z", {"method": "POST", "path": "/notes", "attempts": 2, "applied": 2, "statuses": [500, 201]}),
        ("a", {"method": "GET", "path": "/patients/%31", "attempts": 1, "applied": 0, "statuses": [200]}),
    ]
    assert ledger["totals"] == {"requests": 2, "attempts": 3, "applied": 2, "duplicates": 1}
    assert hosp.control.get("/ledger?totals").json() == {"totals": ledger["totals"]}
    assert hosp.control.get("/ledger?id=a").json() == {"requests": {"a": ledger["requests"]["a"]}}


def test_an_unknown_id_gives_no_request(hosp):
    assert hosp.control.get("/ledger?id=nobody").json() == {"requests": {}}


def test_delete_clears_the_ledger(hosp):
    hosp.api.get("/patients/1")
    assert hosp.control.delete("/ledger").status_code == 204
    empty = {"requests": {}, "totals": {"requests": 0, "attempts": 0, "applied": 0, "duplicates": 0}}
    assert hosp.control.get("/ledger").json() == empty


def test_a_request_without_an_id_is_listed_under_one_of_its_own(hosp):
    for _ in range(2):
        hosp.api.get("/patients/1")
    requests = hosp.control.get("/ledger").json()["requests"]
    assert len(requests) == 2
    assert all(name.startswith("unnamed-") and entry["attempts"] == 1 for name, entry in requests.items())


@pytest.mark.parametrize(
    "hostile", [b'"}, {', b"\xff\xfe", b"'; DROP TABLE ledger; --", b"$[0]", b"\x80\t%00\\", b"i" * 5000]
)
def test_hostile_ids_are_kept_as_they_are(hosp, hostile):
    hosp.api.get("/patients/1", headers={"X-Request-Id": hostile})
    name = hostile.decode("latin-1")
    assert list(hosp.control.get("/ledger").json()["requests"]) == [name]
    assert hosp.entry(name)["statuses"] == [200]


def test_the_controls_answer_on_their_own_port_only_whatever_the_host_header_says(hosp):
    forged = {"Host": f"127.0.0.1:{hosp.control_port}"}
    assert hosp.api.get("/faults", headers=forged).status_code == 404
    assert hosp.control.get("/patients/1").status_code == 404


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "hosp", "--database", tmp_path / "db", "--address", "127.0.0.1"]
        command += ["--api-port", port, "--control-port", "0"]
        ended = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"hosp: cannot listen on 127.0.0.1, ports {port} and 0: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_packed_simulator_is_reproducible_and_runs(tmp_path):
    for name in ("a.zip", "b.zip"):
        packing = [sys.executable, SOURCE.parent / "pack.py", SOURCE / "hosp", tmp_path / "new" / name]
        subprocess.run(packing, check=True)
    first, second = ((tmp_path / "new" / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert first == second
    helped = subprocess.run(
        [sys.executable, "-m", "hosp", "--help"],
        env={"PYTHONPATH": str(tmp_path / "new" / "a.zip")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--database" in helped.stdout
