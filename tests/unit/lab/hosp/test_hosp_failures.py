"""The ways of failing, as a client on the wire sees them, and what the ledger says happened."""

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from hosp_process import HEALTHY, NOTE

HEAD = b"Host: hosp\r\nAuthorization: Basic bnVyc2U6bnVyc2U=\r\n"
POST = b"POST /hospitals HTTP/1.1\r\n" + HEAD + b"Content-Length: 16\r\nX-Request-Id: %b\r\n\r\n" + b'{"name":"North"}'


def connect(hosp) -> socket.socket:
    return socket.create_connection(("127.0.0.1", hosp.api_port), timeout=60)


def eventually(condition) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not come true within a minute"
        time.sleep(0.01)


def test_500_is_the_applications_json(hosp):
    hosp.fail("500")
    answer = hosp.api.get("/patients/1")
    assert (answer.status_code, answer.json()) == (500, {"status": 500, "error": "Internal Server Error"})


def test_502_is_the_load_balancers_page(hosp):
    hosp.fail("502")
    answer = hosp.api.get("/patients/1")
    assert (answer.status_code, answer.headers["server"]) == (502, "awselb/2.0")
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>502 Bad Gateway</h1>" in answer.text


def test_a_connection_outlives_a_failed_answer(hosp):
    hosp.fail("500")
    with connect(hosp) as client:
        for _ in range(3):
            client.sendall(POST % b"kept")
            answer = b""
            while not answer.endswith(b"}"):
                answer += client.recv(4096)
            assert answer.startswith(b"HTTP/1.1 500")
    assert hosp.entry("kept")["attempts"] == 3


@pytest.mark.parametrize("applied", [0, 1])
@pytest.mark.parametrize("kind", ["500", "502", "reset", "stall"])
def test_a_failed_write_takes_effect_as_told(hosp, kind, applied):
    notes = hosp.notes()
    hosp.fail(kind, applied=applied)
    try:
        status = hosp.api.post("/notes", json=NOTE, headers={"X-Request-Id": "w"}).status_code
    except httpx.TransportError:
        status = 0
    assert status == {"500": 500, "502": 502}.get(kind, 0)
    expected = {"method": "POST", "path": "/notes", "attempts": 1, "applied": applied, "statuses": [status]}
    assert hosp.entry("w") == expected
    assert hosp.notes() == notes + applied


@pytest.mark.parametrize("kind", ["500", "502", "reset", "stall"])
def test_a_late_write_takes_effect_after_its_failure(hosp, kind):
    hosp.fail(kind, applied=0, late=1, late_seconds=[0.4, 0.5], stall_seconds=0.1)
    with suppress(httpx.TransportError):
        hosp.api.post("/hospitals", json={"name": f"Late {kind}"}, headers={"X-Request-Id": "late"})
    assert hosp.entry("late")["applied"] == 0
    eventually(lambda: hosp.entry("late")["applied"] == 1)
    hosp.put(**HEALTHY)
    assert hosp.api.get("/hospitals").json()[0]["name"] == f"Late {kind}"


def test_a_late_write_that_is_wrong_never_takes_effect(hosp):
    hosp.fail("500", applied=0, late=1, late_seconds=[0, 0])
    for request_id, name in (("wrong", ""), ("right", "Right")):
        hosp.api.post("/hospitals", json={"name": name}, headers={"X-Request-Id": request_id})
    eventually(lambda: hosp.entry("right")["applied"] == 1)
    assert hosp.entry("wrong")["applied"] == 0


def test_reset_comes_after_the_whole_request_and_is_a_real_rst(hosp):
    hosp.fail("reset")
    with connect(hosp) as client:
        request = POST % b"r"
        client.sendall(request[:-1])
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(60)
        client.sendall(request[-1:])
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_stall_is_silence_and_then_the_end_of_the_connection(hosp):
    hosp.fail("stall", stall_seconds=0.3)
    with connect(hosp) as client:
        client.sendall(POST % b"s")
        eventually(lambda: hosp.totals()["attempts"] == 1)
        assert hosp.entry("s")["statuses"] == [0]
        start = time.monotonic()
        assert client.recv(1) == b""
        assert 0.2 < time.monotonic() - start < 2
    assert "Traceback" not in hosp.log
    assert "without starting response" not in hosp.log


def test_every_answer_waits_for_its_latency(hosp):
    hosp.put(latency_ms=[60, 90])
    for _ in range(3):
        start = time.monotonic()
        hosp.api.get("/patients/1")
        assert 0.06 <= time.monotonic() - start < 1


@pytest.mark.parametrize("abort", [False, True])
def test_a_client_that_leaves_does_not_stop_its_write(hosp, abort):
    hosp.put(latency_ms=[400, 400])
    with connect(hosp) as client:
        client.sendall(POST % b"left")
        eventually(lambda: hosp.totals()["attempts"] == 1)
        if abort:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: hosp.entry("left")["applied"] == 1)
    assert hosp.entry("left")["statuses"] == [0]


def test_a_request_whose_body_never_ends_is_an_attempt_without_effect(hosp):
    with connect(hosp) as client:
        client.sendall((POST % b"half")[:-3])
        eventually(lambda: hosp.totals()["attempts"] == 1)
    hosp.api.get("/patients/1")
    expected = {"method": "POST", "path": "/hospitals", "attempts": 1, "applied": 0, "statuses": [0]}
    assert hosp.entry("half") == expected


def test_a_burst_fails_everything_and_passes(hosp):
    hosp.put(mix={"500": 1}, burst={"after_seconds": 0, "seconds": 0.5})
    assert hosp.api.get("/patients/1").status_code == 500
    eventually(lambda: hosp.api.get("/patients/1").status_code == 200)


def test_faults_are_confined_to_a_path(hosp):
    hosp.fail("500", only="/patients/*/screen")
    assert hosp.api.post("/patients/1/screen", json={"images": ["x"]}).status_code == 500
    assert hosp.api.get("/patients/1").status_code == 200


def chain(hosp, seed: int, run: str) -> list[int]:
    """The statuses of three attempts of one request."""
    headers = {"X-Request-Id": f"{run}-{seed}", "X-Request-Seed": str(seed)}
    return [hosp.api.get("/patients/1", headers=headers).status_code for _ in range(3)]


def test_the_same_seeds_meet_the_same_faults_in_any_order_and_at_any_concurrency(hosp):
    hosp.put(rate=0.5, mix={"500": 0.5, "502": 0.5})
    seeds = range(60)
    one_by_one = [chain(hosp, seed, "a") for seed in seeds]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda seed: chain(hosp, seed, "b"), reversed(seeds)))
    assert together[::-1] == one_by_one
    assert len({tuple(statuses) for statuses in one_by_one}) > 8


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_what_a_retry_does_twice(hosp, method):
    """Only the POST: a PUT that changes nothing and a DELETE of what is gone have no effect of their own."""
    number = hosp.api.post("/hospitals", json={"name": "Old"}).json()["id"]
    path = "/hospitals" if method == "POST" else f"/hospitals/{number}"
    hosp.fail("500", applied=1)
    send = {"json": {"name": "New"}, "headers": {"X-Request-Id": "twice"}}
    assert hosp.api.request(method, path, **send).status_code == 500
    hosp.put(**HEALTHY)
    retried = hosp.api.request(method, path, **send).status_code
    assert retried == {"PUT": 200, "DELETE": 404, "POST": 201}[method]
    entry = hosp.entry("twice")
    assert entry["statuses"] == [500, retried]
    assert entry["applied"] == (2 if method == "POST" else 1)
    assert hosp.totals()["duplicates"] == (1 if method == "POST" else 0)


def test_a_repeated_put_that_overwrites_another_took_effect_twice_but_is_no_duplicate(hosp):
    for request_id, name in [("a", "A"), ("b", "B"), ("a", "A")]:
        hosp.api.put("/hospitals/5", json={"name": name}, headers={"X-Request-Id": request_id})
    assert (hosp.entry("a")["applied"], hosp.entry("b")["applied"]) == (2, 1)
    assert hosp.totals()["duplicates"] == 0
