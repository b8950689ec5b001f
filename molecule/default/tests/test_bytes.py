"""The very bytes: a listener takes HOSP's place, notes what arrives and answers what it is told."""

from __future__ import annotations

import pytest
from scenario import exchange


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: hosp.test", b"Connection: close", *headers, b"", b""])


def test_path_and_query_arrive_byte_for_byte(proxy, vendor):
    listener = vendor()
    for target in [b"/a%2Fb//c/./d/../e?x=%2F&y=%ff&z", b"/%41?", b"/\xff?\xfe", b"/a;b,c|d{e}~'\"", b"/?a=b?c#d"]:
        assert exchange(proxy, get(target)).startswith(b"HTTP/1.1 200 ")
        assert listener.next().splitlines()[0] == b"GET " + target + b" HTTP/1.1"


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
    assert forwarded == [b"X-Forwarded-For: 198.18.1.1"]
    assert not set(claims) & set(received)
    assert not any(b"192.0.2.66" in line for line in received)


def test_an_answer_reaches_the_user_as_it_is(proxy, vendor):
    headers = [
        b"Server: HOSP/1.0",
        b"Date: Mon, 01 Jan 2001 00:00:00 GMT",
        b"Location: http://198.18.1.21/patients/1.json",
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
