"""What an operations team does to a proxy, and what befalls it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from proof import size
from scenario import NOTE, Proxy, eventually


def health(proxy: Proxy) -> httpx.Response:
    return proxy.http.get("/healthz")


def is_back(proxy: Proxy) -> bool:
    """Whether a new master serves: for a moment the workers of one that was killed answer too, and then nobody does."""
    return proxy.host.service("nginx").is_running and health(proxy).status_code == 200


def test_the_health_check_needs_no_hosp(proxy, hosp):
    hosp.fails(**{"502": 1})
    assert health(proxy).status_code == 200


def test_a_drained_proxy_fails_its_health_check_and_still_serves(proxy):
    proxy.host.run_test("touch /run/nginx-proxy.drain")
    try:
        assert health(proxy).status_code == 503
        assert proxy.send("GET", "/patients/1")[0].status_code == 200
    finally:
        proxy.host.run_test("rm /run/nginx-proxy.drain")
    assert health(proxy).status_code == 200


def test_when_the_master_is_killed_its_requests_are_finished_and_the_port_comes_back(proxy, hosp):
    hosp.set(latency_ms=[1500, 1500])
    with ThreadPoolExecutor(1) as pool:
        for _ in range(5):
            request_id = str(uuid.uuid4())
            request = pool.submit(proxy.send, "POST", "/notes", json=NOTE, headers={"X-Request-Id": request_id})
            eventually(lambda sent=request_id: hosp.saw(sent)["attempts"] == 1)
            proxy.host.run_test("kill -9 $(systemctl show --property MainPID --value nginx)")
            was_under_way = not request.done()
            answer, _ = request.result()
            eventually(lambda: is_back(proxy))
            assert answer.status_code == 201
            assert hosp.saw(request_id)["attempts"] == 1
            if was_under_way:
                return
    pytest.fail("no request was under way when the master was killed")


KILLS = """
last=
for kill in $(seq {count}); do
    # Workers of the one that was killed answer too, and it can be killed again until systemd has noticed. One that
    # systemd does not know yet is not killed: it would be waited for, while its workers serve.
    until systemctl --quiet is-active nginx && curl --silent --fail http://127.0.0.1/healthz &&
        pid=$(systemctl show --property MainPID --value nginx) && [ "$pid" -gt 0 ] && [ "$pid" != "$last" ] &&
        kill -9 "$pid"; do
        sleep 0.1
    done
    last=$pid
done
"""


def test_kills_in_a_row_do_not_keep_one_down(proxies, record_property):
    """systemd gives a unit up after five starts in ten seconds, unless told otherwise."""
    count = size(test=6, prove=50)

    def restarts(proxy: Proxy) -> int:
        return int(proxy.host.check_output("systemctl show --property NRestarts --value nginx"))

    def kill(proxy: Proxy) -> int:
        before = restarts(proxy)
        proxy.host.check_output(KILLS.format(count=count))
        # The workers of the last one that was killed may answer before the next is there.
        eventually(lambda: restarts(proxy) - before >= count and is_back(proxy))
        return restarts(proxy) - before

    with ThreadPoolExecutor(len(proxies)) as pool:
        assert min(pool.map(kill, proxies)) >= count
    record_property("measured", f"{count} kills of the master in a row, {count} starts by systemd")
