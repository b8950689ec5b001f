"""The engine in Lua: throttle, deadline, back-off, routes with limits of their own, stale answers."""

from __future__ import annotations

import asyncio
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from scenario import KINDS_WITH_LUA, NOTE, PROXIES, Proxy, eventually, tries

pytestmark = pytest.mark.parametrize("proxy", KINDS_WITH_LUA, indirect=True)


def metrics(proxy: Proxy) -> dict[str, float]:
    lines = proxy.host.check_output("curl -s http://127.0.0.1:9145/metrics").splitlines()
    return {
        name: float(value) for name, value in (line.rsplit(maxsplit=1) for line in lines if not line.startswith("#"))
    }


@pytest.fixture
def fresh_throttle(proxy) -> None:
    """A full one; and a full one again for the tests that follow."""
    proxy.host.run_test("systemctl restart nginx")
    eventually(lambda: proxy.http.get("/healthz").status_code == 200)
    yield
    proxy.host.run_test("systemctl restart nginx")
    eventually(lambda: proxy.http.get("/healthz").status_code == 200)


async def _many(proxy: Proxy, count: int) -> list[int]:
    """The statuses of so many GETs, 50 at a time."""
    turn = asyncio.Semaphore(50)
    async with httpx.AsyncClient(base_url=f"http://{PROXIES[proxy.name]}", auth=("nurse", "nurse"), timeout=60) as http:

        async def one() -> int:
            async with turn:
                return (await http.get("/patients/1")).status_code

        return await asyncio.gather(*(one() for _ in range(count)))


@pytest.mark.usefixtures("fresh_throttle")
def test_retrying_stops_in_an_outage_and_comes_back_after_it(proxy, hosp):
    size = metrics(proxy)["nginx_proxy_throttle_capacity_tokens"]
    hosp.fails(**{"502": 1})
    asyncio.run(_many(proxy, int(size * 0.75)))
    assert metrics(proxy)["nginx_proxy_throttle_open"] == 0
    answer, request_id = proxy.send("GET", "/patients/1")
    assert answer.status_code == 502
    assert hosp.saw(request_id)["attempts"] == 1
    line = proxy.logged(request_id)
    assert line["retry_note"] == "throttled"
    assert line["throttle"] <= 0.5

    hosp.set()
    # A success puts back half of what a failure takes; the deepest that it falls to is a sixteenth below half.
    assert set(asyncio.run(_many(proxy, int(size / 8) + 2))) == {200}
    assert metrics(proxy)["nginx_proxy_throttle_open"] == 1
    hosp.fails(**{"502": 1})
    _, request_id = proxy.send("GET", "/patients/1")
    assert hosp.saw(request_id)["attempts"] > 1


def test_a_retry_waits_and_the_log_says_how_long(proxy, hosp):
    """What it says is what was drawn."""
    hosp.fails(**{"500": 1})
    with ThreadPoolExecutor(10) as pool:
        seen = list(pool.map(lambda _: proxy.send("GET", "/patients/1"), range(10)))
    lines = [proxy.logged(request_id) for _, request_id in seen]
    waits = [line["backoff_seconds"] for line in lines]
    assert len(set(waits)) > 5, "the wait is drawn anew for every request"
    assert max(waits) <= 0.2 + 0.4
    assert 0.1 < sum(waits) / len(waits) < 0.5
    assert all(line["seconds"] >= line["backoff_seconds"] for line in lines)


def test_a_route_can_do_without_the_wait(proxy, hosp):
    hosp.fails(**{"500": 1})
    _, request_id = proxy.send("GET", "/hospitals")
    line = proxy.logged(request_id)
    assert tries(line) == ["500", "500", "500"]
    assert line["backoff_seconds"] == 0


def test_a_route_has_attempts_and_time_outs_of_its_own(proxy, hosp):
    """Two tries of half a second, where another request at the same time gets three of two seconds."""
    hosp.fails(stall=1)
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda path: proxy.send("GET", path), ["/hospitals/12", "/patients/1"]))
    assert [answer.status_code for answer, _ in seen] == [504, 504]
    own, general = [proxy.logged(request_id) for _, request_id in seen]
    assert (tries(own), tries(general)) == (["504"] * 2, ["504"] * 3)
    assert [hosp.saw(request_id)["attempts"] for _, request_id in seen] == [2, 3]
    assert 0.5 <= max(tried_seconds(own)) < min(tried_seconds(general))


def tried_seconds(line: dict[str, Any]) -> list[float]:
    return [float(seconds) for seconds in re.split(" ?[,:] ", line["upstream_seconds"])]


class TestStaleAnswers:
    """GET /hospitals is kept for a second, and for longer while HOSP fails."""

    def get(self, proxy: Proxy, user: str = "nurse", **headers: str) -> httpx.Response:
        url = f"http://{PROXIES[proxy.name]}/hospitals?{self.query}"
        return httpx.get(url, auth=(user, user), headers=headers, timeout=20)

    @pytest.fixture(autouse=True)
    def own_query(self) -> None:
        self.query = uuid.uuid4().hex

    def stale(self, proxy: Proxy) -> httpx.Response:
        """The first answer that is older than its time, also when whole seconds are rounded in its favour."""

        def look() -> httpx.Response | None:
            answer = self.get(proxy)
            return answer if re.search("ttl=-[2-9]", answer.headers.get("Cache-Status", "")) else None

        return eventually(look)

    def test_a_fresh_answer_is_given_again_and_says_how_old_it_is(self, proxy):
        first = self.get(proxy)
        assert "Age" not in first.headers
        # On a slow machine it may have grown old meanwhile: then HOSP is asked again.
        again = eventually(lambda: answer if "Age" in (answer := self.get(proxy)).headers else None)
        assert (again.status_code, again.content) == (200, first.content)
        assert int(again.headers["Age"]) <= 2
        assert re.fullmatch("nginx-proxy; hit; ttl=(-1|[01])", again.headers["Cache-Status"])

    def test_while_hosp_fails_the_last_good_answer_is_given_and_then_a_new_one(self, proxy, hosp):
        first = self.get(proxy)
        for kind in ("500", "502", "reset"):
            hosp.fails(**{kind: 1})
            stale = self.stale(proxy)
            assert (stale.status_code, stale.content) == (200, first.content)
            assert int(stale.headers["Age"]) >= 3
        hosp.set()
        assert "Age" not in self.get(proxy).headers

    def test_no_user_gets_what_another_got(self, proxy, hosp):
        self.get(proxy, "nurse")
        hosp.fails(**{"500": 1})
        assert self.get(proxy, "nurse").status_code == 200
        assert self.get(proxy, "admin").status_code == 500
        wrong = httpx.get(f"http://{PROXIES[proxy.name]}/hospitals?{self.query}", auth=("nurse", "wrong"), timeout=20)
        assert wrong.status_code == 500
        assert httpx.get(f"http://{PROXIES[proxy.name]}/hospitals?{self.query}", timeout=20).status_code == 500

    def test_no_credentials_are_in_what_is_kept(self, proxy):
        self.get(proxy)
        found = proxy.host.run("grep -rlaE 'bnVyc2U6bnVyc2U|nurse:nurse' /run/nginx-proxy-stale")
        assert found.stdout == ""
        assert proxy.host.run("grep -rla KEY: /run/nginx-proxy-stale").stdout != ""

    def test_other_routes_are_asked_every_time(self, proxy, hosp):
        proxy.send("GET", "/staff")
        hosp.fails(**{"500": 1})
        assert proxy.send("GET", "/staff")[0].status_code == 500


def test_a_trace_goes_on_when_it_is_valid_and_else_begins(proxy):
    trace = uuid.uuid4().hex
    _, request_id = proxy.send("GET", "/patients/1", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert proxy.logged(request_id)["trace_id"] == trace
    for invalid in ("", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{trace.upper()}g-00f067aa0ba902b7-01", "x"):
        _, request_id = proxy.send("GET", "/patients/1", headers={"traceparent": invalid})
        line = proxy.logged(request_id)
        assert line["trace_id"] == line["request_id"]


def test_a_method_that_nobody_listed_is_tried_again_only_when_nothing_was_sent(proxy, hosp, hosp_host):
    hosp.fails(**{"502": 1})
    _, request_id = proxy.send("PURGE", "/notes/1", json=NOTE)
    assert hosp.saw(request_id)["attempts"] == 1
    hosp_host.run_test("systemctl stop hosp")
    try:
        _, request_id = proxy.send("PURGE", "/notes/1", json=NOTE)
        assert tries(proxy.logged(request_id)) == ["502", "502", "502"]
    finally:
        hosp_host.run_test("systemctl start hosp")
        eventually(lambda: proxy.http.get("/patients/1").status_code == 200)
