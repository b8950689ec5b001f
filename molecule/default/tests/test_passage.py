"""What goes through a proxy, in both directions."""

from __future__ import annotations

import json
import socket
import uuid

import httpx
import pytest
from scenario import HOSP, KINDS_WITH_LUA, NOTE, PROXIES, WITH_LUA


@pytest.mark.parametrize("kind", ["500", "502"])
def test_the_upstreams_own_last_error_reaches_the_user(proxy, hosp, kind):
    hosp.fails(**{kind: 1})
    with httpx.Client(auth=("nurse", "nurse")) as http:
        straight = http.get(f"http://{HOSP}/patients/1")
    answer, _ = proxy.send("GET", "/patients/1")
    assert (answer.status_code, answer.content) == (straight.status_code, straight.content)
    ours = {name: value for name, value in answer.headers.items() if name not in ("date", "connection")}
    assert ours == {name: value for name, value in straight.headers.items() if name not in ("date", "connection")}


def test_a_header_of_16_kb_and_one_with_an_underscore_pass(proxy):
    answer, _ = proxy.send("GET", "/patients/1", headers={"X-Long": "x" * 16_000, "X_Under": "1"})
    assert answer.status_code == 200


def test_a_body_of_20_mb_passes_and_is_replayed(proxy, hosp):
    hosp.fails(**{"500": 1})
    body = {"images": ["A" * (20 * 1024 * 1024 - 20)]}
    answer, request_id = proxy.send("POST", "/patients/1/screen", json=body)
    assert answer.status_code == 500
    assert hosp.saw(request_id)["attempts"] == 3


@pytest.mark.parametrize("proxy", KINDS_WITH_LUA, indirect=True)
def test_a_larger_body_goes_through_and_is_tried_once(proxy, hosp):
    hosp.fails(**{"500": 1})
    answer, request_id = proxy.send("PUT", "/patients/1", content=b"x" * (20 * 1024 * 1024 + 1))
    assert answer.status_code == 500
    assert hosp.saw(request_id)["attempts"] == 1
    assert proxy.logged(request_id)["retry_note"] == "body too large"


def test_a_body_beyond_the_largest_is_refused(proxy, hosp):
    """By its declared length: not a byte of it is sent."""
    request_id = str(uuid.uuid4())
    lines = ["POST /notes HTTP/1.1", "Host: x", f"X-Request-Id: {request_id}", f"Content-Length: {200 * 1024**2 + 1}"]
    with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert hosp.saw(request_id)["attempts"] == 0


def test_a_body_that_there_is_no_room_for_is_refused(proxy, hosp):
    """Not tried, not waited for: nothing of it is sent, and HOSP is not blamed."""
    proxy.host.run_test("chmod 0 /var/lib/nginx/body")
    try:
        answer, request_id = proxy.send("PUT", "/patients/1", content=b"x" * 1024**2)
    finally:
        proxy.host.run_test("chmod 700 /var/lib/nginx/body")
    assert answer.status_code == 500
    assert hosp.saw(request_id)["attempts"] == 0
    if proxy.name in WITH_LUA:
        assert proxy.logged(request_id)["retry_note"] == "not tried"


def test_a_client_that_waits_for_100_continue_is_told_to(proxy):
    body = json.dumps(NOTE).encode()
    with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
        client.sendall(
            b"POST /notes HTTP/1.1\r\nHost: hosp\r\nAuthorization: Basic bnVyc2U6bnVyc2U=\r\n"
            b"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n")
        client.sendall(body)
        assert client.recv(1000).startswith(b"HTTP/1.1 201 Created\r\n")


@pytest.mark.parametrize("ours", ["one-of-mine", "a/b+c=:@~._-"])
def test_a_clients_valid_request_id_goes_through(proxy, hosp, ours):
    request_id = f"{ours}{uuid.uuid4()}"
    proxy.http.get("/patients/1", headers={"X-Request-Id": request_id})
    assert hosp.saw(request_id)["attempts"] == 1


@pytest.mark.parametrize("bad", ["", "x" * 129, "with space", 'quote"'])
def test_an_invalid_request_id_is_replaced_by_the_proxys_own(proxy, hosp, bad):
    marker = uuid.uuid4().hex
    proxy.http.get(f"/patients/1?{marker}", headers={"X-Request-Id": bad, "User-Agent": marker})
    own = proxy.logged(marker)["request_id"]
    assert hosp.saw(own)["attempts"] == 1


def test_the_proxys_own_id_cannot_be_chosen(proxy):
    _, chosen = proxy.send("GET", "/patients/1")
    line = proxy.logged(chosen)
    assert line["client_request_id"] == chosen
    assert len(line["request_id"]) == 32
    assert line["request_id"] != chosen
