"""The user's answer is HOSP's own, whatever that is."""

from __future__ import annotations

import http.client
import random
from base64 import b64decode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from screening.exchange import HOP_BY_HOP
from screening.handler import handle
from screening_events import EVENT

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", min_size=1, max_size=20)
VALUE = st.text([chr(n) for n in range(0x21, 0x100) if n not in range(0x7F, 0xA1)], min_size=1, max_size=60)
NAMES = TOKEN.filter(lambda name: name.lower() not in {*HOP_BY_HOP, "content-length", "set-cookie"})
TEXTS = st.text(max_size=2000).map(str.encode)
BINARIES = st.builds(lambda seed, size: random.Random(seed).randbytes(size), st.integers(), st.integers(0, 5_000_000))


def as_hosp_sends_it(status: int, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers)]
    if status not in (204, 304):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if status in (204, 304) else body)


def straight(url: str) -> tuple[int, dict[str, str], list[str], bytes]:
    """Status, headers, cookies and body as a client of HOSP gets them."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", EVENT["rawPath"], b64decode(EVENT["body"]))
    answer = connection.getresponse()
    headers: dict[str, str] = {}
    for name, value in answer.getheaders():
        name = name.lower()
        if name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return answer.status, headers, answer.headers.get_all("set-cookie", []), answer.read()


def through(context) -> tuple[int, dict[str, str], list[str], bytes]:
    """The same as Lambda makes it of the function's answer."""
    answer = handle(EVENT, context)
    body = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return answer["statusCode"], answer["headers"], answer["cookies"], body


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    status=st.integers(200, 599),
    headers=st.lists(st.tuples(NAMES, VALUE), max_size=6),
    cookies=st.lists(VALUE, max_size=4),
    body=st.one_of(TEXTS, BINARIES, st.sampled_from([b"", b"\xef\xbb\xbf{}", b"\x00", b'{"a": "\xed\xa0\x80"}'])),
)
def test_the_users_answer_is_hosps_own(server, context, status, headers, cookies, body):
    server.arrivals.clear()
    server.answers = [as_hosp_sends_it(status, [*headers, *(("Set-Cookie", cookie) for cookie in cookies)], body)]
    assert through(context) == straight(server.url)
