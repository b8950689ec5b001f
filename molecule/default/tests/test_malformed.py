"""Requests that two readers could understand differently: refused, or passed on as one that can be read in one way."""

from __future__ import annotations

import re
import socket

import pytest
from scenario import PROXIES, Proxy

POST = b"POST /notes HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /patients/1 HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"

REFUSED = {
    "two lengths that differ": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "two lengths that agree": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a length in a list": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a plus": POST + b"Content-Length: +5\r\n\r\nhello",
    "a length with a minus": POST + b"Content-Length: -5\r\n\r\nhello",
    "a length in hex": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a space inside": POST + b"Content-Length: 1 0\r\n\r\nhellohello",
    "an empty length": POST + b"Content-Length: \r\n\r\nhello",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings in one line": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding given twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity after chunked": CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a tab within the coding": POST + b"Transfer-Encoding: chun\tked\r\n\r\n0\r\n\r\n",
    "a quoted coding": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunks in HTTP/1.0": b"POST /notes HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is no number": CHUNKED + b"\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": CHUNKED + b"\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"\r\n2\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a minus": CHUNKED + b"\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "a header over two lines": GET + b"X-A: a\r\n b\r\n\r\n",
    "a NUL in a value": GET + b"X-A: a\x00b\r\n\r\n",
    "a NUL in the path": b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host with a slash": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "a host with a NUL": b"GET / HTTP/1.1\r\nHost: x\x00y\r\n\r\n",
    "no version number": b"GET / HTTP/\r\nHost: x\r\n\r\n",
    "a version that is none": b"GET / HTTP/1.x\r\nHost: x\r\n\r\n",
    "HTTP/3 in words": b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    "another protocol": b"GET / JUNK/1.1\r\nHost: x\r\n\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path without a slash": b"GET a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path above the root": b"GET /../../etc HTTP/1.1\r\nHost: x\r\n\r\n",
}
# Each with the body that must arrive.
PASSED = {
    "chunks": (CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "chunks with an extension": (CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\n\r\n", b"hello"),
    "chunks with a trailer": (CHUNKED + b"\r\n5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", b"hello"),
    "chunks in capitals": (POST + b"Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "an upgrade to HTTP/2": (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", b""),
    "a header that is to be dropped": (GET + b"Connection: close, X-Request-Id\r\nX-Request-Id: mine\r\n\r\n", b""),
    "lines that end with LF alone": (b"GET /patients/1 HTTP/1.1\nHost: x\n\n", b""),
    "an absolute address": (b"GET http://x/patients/1 HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "a body where none is usual": (GET + b"Content-Length: 5\r\n\r\nhello", b"hello"),
}


@pytest.fixture(autouse=True)
def hosp() -> None:
    """Not here: its place is taken."""


def statuses(proxy: Proxy, request: bytes) -> list[bytes]:
    """Those of all answers that come until the proxy closes, or is silent for a while."""
    received = b""
    with socket.create_connection((PROXIES[proxy.name], 80), timeout=30) as client:
        client.sendall(request)
        try:
            while more := client.recv(65536):
                received += more
                client.settimeout(0.2)
        except (TimeoutError, ConnectionResetError):
            pass
    return re.findall(rb"^HTTP/1\.1 (\d{3}) ", received, re.MULTILINE)


def test_what_is_ambiguous_is_refused_and_nothing_of_it_arrives(proxy, vendor):
    listener = vendor()
    got = {case: statuses(proxy, request) for case, request in REFUSED.items()}
    assert {case: seen for case, seen in got.items() if seen not in ([b"400"], [b"405"], [b"501"], [b"505"])} == {}
    assert statuses(proxy, b"GET /the-next HTTP/1.1\r\nHost: x\r\n\r\n") == [b"200"]
    assert listener.next().startswith(b"GET /the-next ")


def test_what_is_passed_on_can_be_read_in_one_way(proxy, vendor):
    listener = vendor()
    for case, (request, expected) in PASSED.items():
        assert statuses(proxy, request) == [b"200"], case
        head, _, body = listener.next().partition(b"\r\n\r\n")
        line, *headers = head.split(b"\r\n")
        names = [header.partition(b":")[0].lower() for header in headers]
        values = dict(zip(names, (header.partition(b":")[2].strip() for header in headers), strict=True))
        assert re.fullmatch(rb"(GET|POST) /\S+ HTTP/1\.1", line), case
        assert all(re.fullmatch(rb"[a-z0-9!#$%&'*+.^_`|~-]+", name) for name in names), case
        assert b"\n" not in head.replace(b"\r\n", b""), case
        assert names.count(b"host") == 1, case
        assert not {b"transfer-encoding", b"upgrade", b"trailer"} & set(names), case
        assert names.count(b"content-length") == (1 if expected else 0), case
        assert int(values.get(b"content-length", b"0")) == len(body), case
        assert body == expected, case


def test_a_header_that_only_looks_like_a_length_is_not_one(proxy, vendor):
    """Names with underscores are passed on; the one length is the true one."""
    listener = vendor()
    request = POST + b"Content_Length: 999\r\nTransfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"
    assert statuses(proxy, request) == [b"200"]
    head, _, body = listener.next().partition(b"\r\n\r\n")
    assert b"\r\ncontent-length: 5" in head.lower()
    assert body == b"hello"
