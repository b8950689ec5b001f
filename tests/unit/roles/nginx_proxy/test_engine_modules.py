"""The parts of the retry engine that need no NGINX, in LuaJIT as NGINX runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lupa import luajit21

MODULES = Path(__file__).parents[4] / "roles" / "nginx_proxy" / "templates" / "lua"
DICTIONARY = """
local values = {}
local shared = {}
function shared:get(key) return values[key] end
function shared:incr(key, by, init) values[key] = (values[key] or init) + by; return values[key] end
ngx = { shared = { nginx_proxy = shared } }
package.loaded["nginx_proxy.policy"] = { throttle = { capacity = 100, open_above = 50, floor = 40 } }
"""


@pytest.fixture
def lua():
    return luajit21.LuaRuntime(encoding=None)


@pytest.fixture
def load(lua):
    """``load(name)``: a module of the engine."""
    return lambda name: lua.execute((MODULES / f"{name}.lua").read_bytes())


@pytest.mark.parametrize(
    ("values", "last", "length"),
    [
        (b"200", b"200", 1),
        (b"500, 502 : 200", b"200", 3),
        (b"500 : 502, ", b"502", 2),
        (b"0.013 : -", b"-", 2),
        (None, None, 0),
        (b"", None, 0),
    ],
)
def test_the_chain_of_tries_is_read(load, values, last, length):
    chain = load("chain")
    assert chain[b"last"](values) == last
    assert chain[b"length"](values) == length


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        (b"/plain", b"/plain"),
        ("/käse/€/😀".encode(), "/käse/€/😀".encode()),
        (b"/\xff", rb"/\xFF"),
        (b"\xc0\xaf", rb"\xC0\xAF"),
        (b"a\xe2\x82", rb"a\xE2\x82"),
        (b"\xed\xa0\x80", rb"\xED\xA0\x80"),
        (b"\xf4\x90\x80\x80", rb"\xF4\x90\x80\x80"),
        (b"\xe0\x9f\xbf", rb"\xE0\x9F\xBF"),
        (b"\xf0\x8f\xbf\xbf", rb"\xF0\x8F\xBF\xBF"),
    ],
)
def test_what_is_no_character_is_escaped(load, sent, logged):
    assert load("utf8")[b"escaped"](sent) == logged


def test_any_two_bytes_end_as_utf8(load):
    escaped = load("utf8")[b"escaped"]
    for first in range(256):
        for second in range(256):
            pair = bytes([first, second])
            result = escaped(pair)
            result.decode("utf-8", "strict")
            try:
                pair.decode("utf-8", "strict")
            except UnicodeDecodeError:
                continue
            assert result == pair


def treatment(lua):
    return lua.execute(
        b"return { connect_timeout_seconds = 1, try_timeout_seconds = 4, shortest_try_seconds = 0.5, "
        b"backoff_max_seconds = { 0.2, 0.4, 0.8 } }"
    )


@pytest.mark.parametrize(
    ("left", "connect", "answer"), [(10, 1, 4), (5, 1, 4), (3, 1, 2), (1, 0.5, 0.5), (0.2, 0.1, 0.1)]
)
def test_a_try_never_takes_more_than_what_is_left(lua, load, left, connect, answer):
    assert load("deadline")[b"timeouts"](treatment(lua), left) == (connect, answer)


@pytest.mark.parametrize(("left", "fits"), [(10, True), (5.71, True), (5.69, False), (1, False)])
def test_another_try_fits_when_this_one_may_take_its_time(lua, load, left, fits):
    assert load("deadline")[b"fits_another"](treatment(lua), left, 0.2) is fits


@pytest.mark.parametrize(
    ("retry_after", "least"), [(None, 0), (b"2", 2), (b" 3 ", 3), (b"Wed, 21 Oct 2026 07:28:00 GMT", 0), (b"-1", 0)]
)
def test_a_wait_is_drawn_from_an_interval_after_what_the_upstream_asked_for(lua, load, retry_after, least):
    waits = [load("backoff")[b"seconds"](treatment(lua), 2, retry_after) for _ in range(200)]
    assert min(waits) >= least
    assert max(waits) <= least + 0.4
    assert max(waits) - min(waits) > 0.2


class TestThrottle:
    @pytest.fixture
    def throttle(self, lua, load):
        lua.execute(DICTIONARY.encode())
        return load("throttle")

    def times(self, count, act):
        for _ in range(count):
            act()

    def test_it_shuts_when_half_of_it_has_failed(self, throttle):
        self.times(49, throttle[b"failed"])
        assert throttle[b"is_open"]()
        throttle[b"failed"]()
        assert not throttle[b"is_open"]()

    def test_it_stays_open_while_a_fifth_fails(self, throttle):
        for _ in range(1000):
            throttle[b"failed"]()
            self.times(4, throttle[b"succeeded"])
        assert throttle[b"is_open"]()

    def test_it_opens_after_a_few_good_answers_however_long_the_outage_was(self, throttle):
        self.times(10_000, throttle[b"failed"])
        assert throttle[b"level"]() == 40
        self.times(20, throttle[b"succeeded"])
        assert not throttle[b"is_open"]()
        throttle[b"succeeded"]()
        assert throttle[b"is_open"]()

    def test_it_holds_no_more_than_its_capacity(self, throttle):
        throttle[b"failed"]()
        self.times(10, throttle[b"succeeded"])
        assert throttle[b"level"]() == 100


class TestEnd:
    """``end_(status, **variables)``: what the end of a request leaves in NGINX's variables."""

    @pytest.fixture
    def end(self, lua, load):
        lua.execute(DICTIONARY.encode())
        lua.execute(b"""
            local policy = package.loaded["nginx_proxy.policy"]
            policy.failures = { [500] = true, [502] = true }
            package.loaded["ngx.balancer"] = {}
        """)
        for name in ("chain", "backoff", "deadline", "throttle", "utf8", "evidence", "stale"):
            lua.globals()[b"package"][b"loaded"][f"nginx_proxy.{name}".encode()] = load(name)
        retry = load("retry")

        def end_(status, **variables):
            values = {"nginx_proxy_special": b"", "nginx_proxy_path_sent": b"/", "upstream_status": b"%d" % status}
            var = lua.table_from({key.encode(): value for key, value in {**values, **variables}.items()})
            lua.globals()[b"ngx"][b"var"] = var
            lua.globals()[b"ngx"][b"status"] = status
            retry[b"finish"]()
            return {key.decode(): value for key, value in var.items()}

        return end_

    @pytest.mark.parametrize("status", [200, 204, 304, 404])
    def test_a_good_answer_is_ordinary(self, end, status):
        assert end(status)["nginx_proxy_special"] == b""

    @pytest.mark.parametrize("status", [0, 9, 499, 500, 502])
    def test_any_other_is_special(self, end, status):
        assert end(status)["nginx_proxy_special"] == 1

    def test_what_follows_a_failure_says_how_full_the_throttle_is(self, end):
        assert end(500)["nginx_proxy_throttle"] == b"0.99"
        assert end(200)["nginx_proxy_throttle"] == b"0.99"
        assert "nginx_proxy_throttle" not in end(200)
        assert end(200)["nginx_proxy_special"] == b""

    def test_a_failed_try_that_was_counted_is_not_counted_again(self, end):
        assert "nginx_proxy_throttle" not in end(502, nginx_proxy_counted=1)

    def test_a_failed_try_behind_a_good_answer_is_counted(self, end):
        seen = end(200, nginx_proxy_special=1, upstream_status=b"500")
        assert seen["nginx_proxy_throttle"] == b"0.99"

    def test_a_special_request_is_logged_as_utf8(self, end):
        assert end(200, nginx_proxy_special=1, nginx_proxy_path_sent=b"/\xff")["nginx_proxy_clean_path"] == rb"/\xFF"
