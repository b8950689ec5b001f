"""The access log: one line a request, strict JSON in strict UTF-8, whatever the client sends."""

from __future__ import annotations

import base64
import json
import socket
import uuid

import pytest
from scenario import CONTROLLER, NOTE, PROXIES, WITH_LUA, eventually, exchange, tries


def test_the_chain_of_tries_is_in_the_log(proxy, hosp):
    hosp.fails(**{"500": 1})
    _, request_id = proxy.send("GET", "/patients/1")
    line = proxy.logged(request_id)
    assert tries(line) == ["500", "500", "500"]
    assert (line["method"], line["path"], line["status"], line["class"]) == ("GET", "/patients/1", 500, "safe")
    assert (line["user"], line["client"], line["proxy"]) == ("nurse", CONTROLLER, proxy.name)
    assert isinstance(line["seconds"], float)


def test_no_query_no_body_and_no_credentials_are_logged(proxy):
    secret = uuid.uuid4().hex
    _, request_id = proxy.send("POST", f"/notes?q={secret}", json={**NOTE, "body": secret}, headers={"Cookie": secret})
    proxy.logged(request_id)
    everything = proxy.host.run("cat /var/log/nginx/access.log /var/log/nginx/error.log").stdout
    assert secret not in everything
    assert "bnVyc2U6bnVyc2U=" not in everything
    assert ":nurse" not in everything


BYTE_PLACES = {
    "path": b"GET /before%bafter HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "query": b"GET /?query-%b-value HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "agent": b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: before%bafter\r\nConnection: close\r\n\r\n",
    "request id": b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: before%bafter\r\nConnection: close\r\n\r\n",
    "host": b"GET / HTTP/1.1\r\nHost: before%bafter\r\nConnection: close\r\n\r\n",
    "user": b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %b\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("place", BYTE_PLACES)
def test_every_byte_in_every_place_makes_one_line(proxy, place):
    lines = "wc -l < /var/log/nginx/access.log"
    before = int(proxy.host.check_output(lines))
    for number in range(256):
        byte = bytes([number])
        if place == "user":
            byte = base64.b64encode(b"before%bafter:the-password" % byte)
        exchange(proxy, BYTE_PLACES[place] % byte)
    eventually(lambda: int(proxy.host.check_output(lines)) >= before + 256)
    log = proxy.host.run(f"tail -n +{before + 1} /var/log/nginx/access.log").stdout_bytes
    parsed = [json.loads(line.decode("utf-8", "strict")) for line in log.splitlines()]
    assert len(parsed) == 256
    assert b"query-" not in log
    assert b"-password" not in log
    field = {"path": "path", "agent": "agent", "user": "user"}.get(place)
    if field:
        kept = [line[field] for line in parsed if "before" in line[field]]
        # NGINX alone cannot say which byte was no UTF-8.
        assert len(set(kept)) > (200 if proxy.name in WITH_LUA else 90)


def test_hostile_bytes_never_make_a_line_that_cannot_be_parsed(proxy):
    user = base64.b64encode(b'\xff"\\:x')
    requests = [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\nUser-Agent: \xc0\xaf\r\nAuthorization: Basic %b\r\n\r\n" % user,
        b'GET /"\\ HTTP/1.1\r\nHost: "\r\nUser-Agent: \t"\\\x80\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: \xff"\r\n\r\n',
        b"\x16\x03\x01\x00\xff",
        b"GET\r\n\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    lines = "wc -l < /var/log/nginx/access.log"
    before = int(proxy.host.check_output(lines))
    for request in requests:
        with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
            client.sendall(request)
            client.recv(100)
    eventually(lambda: int(proxy.host.check_output(lines)) >= before + len(requests))
    log = proxy.host.run(f"tail -n {len(requests)} /var/log/nginx/access.log").stdout_bytes
    parsed = [json.loads(line.decode("utf-8", "strict")) for line in log.splitlines()]
    assert len(parsed) == len(requests)
    assert {line["status"] for line in parsed} >= {400, 414}
