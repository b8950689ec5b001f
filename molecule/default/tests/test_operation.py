"""What an operations team does to a proxy, and what befalls it."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import yaml
from scenario import NOTE, PROXIES, SCENARIO, Proxy, converge, eventually, host_of


def health(proxy: Proxy) -> httpx.Response:
    return proxy.http.get("/healthz")


def is_back(proxy: Proxy) -> bool:
    """Whether a new master serves: for a moment the workers of one that was killed answer too, and then nobody does."""
    return proxy.host.run("test -d /proc/$(cat /run/nginx.pid)").succeeded and health(proxy).status_code == 200


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
    answers = []
    request = threading.Thread(target=lambda: answers.append(proxy.send("POST", "/notes", json=NOTE)))
    request.start()
    time.sleep(0.5)
    proxy.host.run_test("kill -9 $(cat /run/nginx.pid)")
    request.join()
    assert answers[0][0].status_code == 201
    assert hosp.saw(answers[0][1])["attempts"] == 1
    eventually(lambda: is_back(proxy))


def test_ten_kills_in_a_row_do_not_keep_one_down(proxies):
    """systemd gives a unit up after five starts in ten seconds, unless told otherwise."""

    def kill(proxy: Proxy) -> None:
        for _ in range(10):
            eventually(lambda: is_back(proxy))
            proxy.host.run("kill -9 $(cat /run/nginx.pid)")
        eventually(lambda: is_back(proxy))

    with ThreadPoolExecutor(len(proxies)) as pool:
        list(pool.map(kill, proxies))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"fleet_retry_policy": {"attempts": 0}}, ["nginx_proxy_retry_policy.attempts is 0", "1 to 5"]),
        ({"fleet_upstream_url": "http://no-such-name.invalid"}, ["nginx_proxy_upstream_url", "no-such-name.invalid"]),
        (
            {"__nginx_proxy_distributions": ["Debian 11"]},
            ["proxy1 runs Debian 13", "proxy2 runs Debian 12", "Debian 11"],
        ),
        (
            {
                "ansible_become": True,
                "ansible_become_method": "su",
                "ansible_become_user": "nobody",
                "ansible_become_flags": "-s /bin/sh",
            },
            ["proxy1 is reached as nobody", "allowed is root"],
        ),
        # The unit would change too: it must not, when NGINX refuses the configuration.
        (
            {"nginx_proxy_host_header": "x; nonsense y", "nginx_proxy_open_files": 9999},
            ['unknown directive "nonsense"'],
        ),
    ],
)
def test_what_is_wrong_is_refused_and_the_running_configuration_kept(variables, words):
    proxies = [httpx.Client(base_url=f"http://{address}") for address in PROXIES.values()]
    before = [proxy.get("/healthz").text for proxy in proxies]
    result = converge("--extra-vars", json.dumps(variables), "--limit", "proxies")
    assert result.returncode != 0
    output = " ".join(result.stdout.split())
    assert all(word in output for word in words), result.stdout
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}
    assert [proxy.get("/healthz").text for proxy in proxies] == before


def test_a_run_that_was_interrupted_is_completed_by_the_next(proxies):
    """As if it had ended between writing the configuration and taking it up, with the proxies out of the balancer."""
    served = [health(proxy).text for proxy in proxies]
    for proxy, text in zip(proxies, served, strict=True):
        proxy.host.run_test("sed -i s/${FINGERPRINT:-%s}/interrupted/ /etc/nginx/nginx.conf", text.split()[1])
        proxy.host.run_test("systemctl reload nginx && touch /run/nginx-proxy.activating")
        eventually(lambda proxy=proxy: health(proxy).text == "activating interrupted\n")
    assert converge("--limit", "proxies").returncode == 0
    assert [health(proxy).text for proxy in proxies] == served


def test_a_check_shows_the_configuration_also_where_a_package_and_the_roles_units_are_to_come():
    host = host_of("proxy1")
    host.run_test("systemctl disable --now nginx-proxy-log-space.timer")
    host.run_test("rm /etc/systemd/system/nginx-proxy-log-space.* && systemctl daemon-reload")
    host.run_test("dpkg --remove lua-cjson")
    fleet = yaml.safe_load((SCENARIO / "inventory" / "group_vars" / "all" / "fleet.yml").read_text())
    variables = {"fleet_retry_policy": {**fleet["fleet_retry_policy"], "attempts": 2}}
    try:
        checked = converge("--check", "--diff", "--limit", "proxies[0]", "--extra-vars", json.dumps(variables))
    finally:
        assert converge("--limit", "proxies[0]").returncode == 0
    assert checked.returncode == 0, checked.stdout
    # Molecule has Ansible colour its output.
    assert re.search(r"\+ +attempts = 2,", checked.stdout), checked.stdout
