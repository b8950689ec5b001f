"""The very bytes: a listener takes HOSP's place, notes what arrives and answers what it is told."""

from __future__ import annotations

import socket
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proof import size
from scenario import CONTROLLER, HOSP, KINDS_WITH_LUA, PROXIES, exchange, tries

# Any byte that may stand in a request's target: as it is, or escaped. NGINX refuses an escaped NUL.
RAW = st.integers(0x21, 0xFF).filter(lambda byte: byte not in b"%/?#\x7f").map(lambda byte: bytes([byte]))
ESCAPED = st.tuples(st.integers(0x01, 0xFF), st.sampled_from([b"%%%02X", b"%%%02x"])).map(lambda of: of[1] % of[0])
WORD = st.lists(st.one_of(RAW, ESCAPED), max_size=8).map(b"".join)
# ".." with a step down before it: one that leads above the root is refused.
STEP = st.one_of(WORD, WORD, st.sampled_from([b"", b".", b"d/..", b"%2e", b"d/%2E%2e", b"%2F", b"..."]))
PATH = st.lists(STEP.filter(lambda step: step != b".."), max_size=6).map(lambda steps: b"/" + b"/".join(steps))
QUERY = st.one_of(
    st.just(b""),
    st.lists(st.one_of(RAW, ESCAPED, st.sampled_from([b"/", b"?", b"#", b"%"]))).map(
        lambda parts: b"?" + b"".join(parts)
    ),
)


@pytest.fixture(autouse=True)
def hosp() -> None:
    """Not here: its place is taken."""


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: hosp.test", b"Connection: close", *headers, b"", b""])


def test_path_and_query_arrive_byte_for_byte(proxy, vendor):
    listener = vendor()
    for target in [b"/a%2Fb//c/./d/../e?x=%2F&y=%ff&z", b"/%41?", b"/\xff?\xfe", b"/a;b,c|d{e}~'\"", b"/?a=b?c#d"]:
        assert exchange(proxy, get(target)).startswith(b"HTTP/1.1 200 ")
        assert listener.next().splitlines()[0] == b"GET " + target + b" HTTP/1.1"


@pytest.fixture
def quick(vendor):
    return vendor(patience_seconds=0.001)


@settings(
    max_examples=size(test=100, prove=1000),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=PATH, query=QUERY)
def test_any_path_and_query_arrive_byte_for_byte(proxy, quick, path, query):
    answer = exchange(proxy, get(path + query))
    assert answer.startswith(b"HTTP/1.1 200 "), (path + query, answer)
    assert quick.next().splitlines()[0] == b"GET " + path + query + b" HTTP/1.1"


def test_headers_arrive_as_they_were_sent_but_for_the_proxys_own(proxy, vendor):
    listener = vendor()
    sent = [b"X_Under: 1", b"X-Byte: \xff", b"Accept-Encoding: gzip", b"Cookie: a=b; c=d", b"Authorization: Basic Og=="]
    claims = [
        b"X-Forwarded-Host: evil.test",
        b"X-Real-IP: 192.0.2.66",
        b"Forwarded: for=192.0.2.66",
        b"X-Origin-Secret: x",
    ]
    request = get(b"/", *sent, *claims, b"X-Forwarded-For: 192.0.2.66", b"X-Request-Id: mine")
    assert exchange(proxy, request).startswith(b"HTTP/1.1 200 ")
    received = listener.next().splitlines()
    assert set(sent) <= set(received)
    assert b"Host: hosp.test" in received
    assert b"X-Request-Id: mine" in received
    forwarded = [line for line in received if line.lower().startswith(b"x-forwarded-for:")]
    assert forwarded == [f"X-Forwarded-For: {CONTROLLER}".encode()]
    assert not set(claims) & set(received)
    assert not any(b"192.0.2.66" in line for line in received)


def test_an_answer_reaches_the_user_as_it_is(proxy, vendor):
    headers = [
        b"Server: HOSP/1.0",
        b"Date: Mon, 01 Jan 2001 00:00:00 GMT",
        f"Location: http://{HOSP}/patients/1.json".encode(),
        b"X-Accel-Redirect: /healthz",
        b"X-Accel-Expires: 60",
        b"Set-Cookie: a=1",
        b"Set-Cookie: b=2",
        b"X-Byte: \xff",
        b"Content-Type: text/odd",
        b"Content-Length: 5",
    ]
    vendor(b"\r\n".join([b"HTTP/1.1 207 Odd Reason", *headers, b"", b"\x00\xff\r\n!"]))
    head, _, body = exchange(proxy, get(b"/")).partition(b"\r\n\r\n")
    status, *received = head.splitlines()
    assert status == b"HTTP/1.1 207 Odd Reason"
    assert sorted(received) == sorted([*headers, b"Connection: close"])
    assert body == b"\x00\xff\r\n!"


@pytest.mark.usefixtures("vendor")
def test_an_upstream_that_is_down_is_a_502(proxy):
    assert exchange(proxy, get(b"/")).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


@pytest.mark.parametrize("proxy", KINDS_WITH_LUA, indirect=True)
def test_a_user_who_leaves_during_the_wait_costs_no_further_try(proxy, vendor):
    """The vendor asks for a wait that nobody misses."""
    listener = vendor(b"HTTP/1.1 502 Bad Gateway\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n")
    request_id = str(uuid.uuid4())
    with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
        client.sendall(f"GET /patients/1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: {request_id}\r\n\r\n".encode())
        assert request_id.encode() in listener.next()
        # The vendor's answer is on its way.
        time.sleep(1)
    line = proxy.logged(request_id)
    assert (line["status"], tries(line)) == (499, ["502"])
