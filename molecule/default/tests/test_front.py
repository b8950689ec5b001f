"""What a proxy lets in, by which way, and what it makes of what clients claim."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import uuid
from pathlib import Path

import httpx
import pytest
from scenario import PROXIES, WITH_LUA, Proxy, converge, eventually, exchange, host_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_are_for_proxies_are_refused(proxy, method):
    target = b"hosp:80" if method == "CONNECT" else b"/"
    answer = exchange(proxy, method.encode() + b" " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"405")


def test_no_answer_of_nginxs_own_tells_its_version(proxy):
    for request in (b"GET /\x00 HTTP/1.1\r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
        answer = exchange(proxy, request)
        assert b"nginx" in answer
        assert b"nginx/" not in answer


class TestTls:
    def context(self, *protocols: str) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(protocols)
        return context

    def test_requests_come_by_https_too(self, proxy):
        answer = httpx.get(f"https://{PROXIES[proxy.name]}/patients/1", auth=("nurse", "nurse"), verify=self.context())
        assert answer.status_code == 200
        assert httpx.get(f"https://{PROXIES[proxy.name]}/healthz", verify=self.context()).status_code == 200

    def test_http_2_is_spoken(self, proxy):
        with (
            socket.create_connection((PROXIES[proxy.name], 443), timeout=5) as plain,
            self.context("h2", "http/1.1").wrap_socket(plain) as connection,
        ):
            assert connection.selected_alpn_protocol() == "h2"

    def test_mozillas_intermediate_guideline_is_kept(self, proxy, tmp_path):
        """All of it but the trust in the certificate, which comes from a CA of the scenario's own."""
        sslyze = subprocess.run([ROOT / "setup" / "tool", "sslyze"], capture_output=True, text=True, check=True)
        result = subprocess.run(
            [sslyze.stdout.strip(), "--mozilla_config=intermediate", PROXIES[proxy.name]],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        verdict = result.stdout.partition("COMPLIANCE AGAINST")[2]
        complaints = [line.strip() for line in verdict.splitlines() if line.strip().startswith("*")]
        assert [line.split(":")[0] for line in complaints] == ["* certificate_path_validation"], result.stdout


@pytest.fixture(scope="class")
def guarded() -> Proxy:
    """The first proxy, with two secrets and two addresses of HOSP's; requests come from an address of the front's."""
    variables = {
        "fleet_origin_secrets": {"current": "a" * 40, "pending": "B" * 40},
        "fleet_upstream_url": "http://two-addresses.example.test",
        "nginx_proxy_client_requests_per_second": 20,
    }
    result = converge("--extra-vars", json.dumps(variables), "--limit", "proxies[0]", "--diff")
    assert result.returncode == 0, result.stdout
    assert "a" * 40 not in result.stdout
    assert "B" * 40 not in result.stdout
    with httpx.Client(base_url=f"http://{PROXIES['proxy1']}", auth=("nurse", "nurse"), timeout=20) as http:
        yield Proxy("proxy1", http, host_of("proxy1"))
    assert converge("--limit", "proxies[0]").returncode == 0


class TestOrigin:
    @pytest.mark.parametrize("secret", ["a" * 40, "B" * 40])
    def test_either_secret_opens(self, guarded, secret):
        answer, _ = guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": secret})
        assert answer.status_code == 200

    @pytest.mark.parametrize("secret", [None, "", "A" * 40, "b" * 40, "a" * 39, "a" * 41, "c" * 40])
    def test_nothing_else_does(self, guarded, hosp, secret):
        headers = {} if secret is None else {"X-Origin-Secret": secret}
        answer, request_id = guarded.send("GET", "/patients/1", headers=headers)
        assert answer.status_code == 403
        assert hosp.saw(request_id)["attempts"] == 0

    def test_the_load_balancer_needs_none(self, guarded):
        assert guarded.http.get("/healthz").status_code == 200

    def test_the_secret_is_in_no_log_and_for_root_only(self, guarded):
        guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": "a" * 40})
        assert "a" * 40 not in guarded.host.run("cat /var/log/nginx/*.log /etc/nginx/nginx.conf").stdout
        assert guarded.host.check_output("stat --format %s /etc/nginx/origin-secrets-*.conf", "%a") == "600"

    def test_addresses_that_have_failed_are_asked_again_at_once(self, guarded, hosp):
        """By one connection, and so one worker: each has a view of its own."""

        def statuses() -> set[int]:
            headers = {"X-Origin-Secret": "a" * 40}
            return {guarded.send("GET", "/patients/1", headers=headers)[0].status_code for _ in range(20)}

        hosp.fails(reset=1)
        assert statuses() == {502}
        hosp.set()
        assert statuses() == {200}

    def test_who_asks_too_much_is_told_to_come_again(self, guarded, hosp):
        seen = [guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": "a" * 40}) for _ in range(150)]
        refused = [(answer, request_id) for answer, request_id in seen if answer.status_code == 429]
        assert 0 < len(refused) < 150
        assert {answer.headers["Retry-After"] for answer, _ in refused} == {"1"}
        assert {hosp.saw(request_id)["attempts"] for _, request_id in refused} == {0}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"fleet_origin_secrets": {"current": "a" * 31}}, "of the lengths 31: allowed are at most two"),
        ({"nginx_proxy_origin_secrets": ["a" * 40] * 3}, "has 3 values"),
        ({"nginx_proxy_certificate_key_path": ""}, "allowed are both, or none for no TLS"),
        ({"nginx_proxy_certificate_key_path": "/etc/ssl/none.key"}, "/etc/ssl/none.key"),
        ({"nginx_proxy_certificate_key_path": "/etc/ssl/fleet/live/fullchain.pem"}, "fullchain.pem"),
    ],
)
def test_what_cannot_protect_is_refused_and_the_running_configuration_kept(variables, words):
    before = httpx.get(f"http://{PROXIES['proxy1']}/healthz").text
    result = converge("--extra-vars", json.dumps(variables), "--limit", "proxies[0]")
    assert result.returncode != 0
    output = " ".join(result.stdout.split())
    assert words in output, result.stdout
    assert "a" * 31 not in output
    assert httpx.get(f"http://{PROXIES['proxy1']}/healthz").text == before
    assert "ok " in before


# What gixy says and does not hold here.
WAIVED = {
    "hsts_header": "said by whoever has the public name: CloudFront",
    "missing_resolver": "the variable names an upstream of the configuration's own, and no host",
    "host_spoofing": "the API gets the Host that the client sent; no location is chosen by it",
}


# It cannot read the possessive quantifier of what NGINX alone needs.
@pytest.mark.parametrize("proxy", WITH_LUA, indirect=True)
def test_no_known_fault_of_configuration_is_found(proxy, tmp_path):
    """gixy-ng, medium severity and above."""
    rendered = tmp_path / "nginx.conf"
    rendered.write_text(proxy.host.check_output("cat /etc/nginx/nginx.conf"))
    gixy = ROOT / ".venv" / "bin" / "gixy"
    result = subprocess.run(
        [gixy, "-ll", "--skips", ",".join(WAIVED), "--format", "json", rendered],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(result.stdout) == []


class TestLogs:
    def test_rotation_under_load_loses_no_line(self, proxy):
        marker = uuid.uuid4().hex
        for number in range(200):
            if number % 50 == 25:
                proxy.host.run_test("logrotate --force /etc/logrotate.d/nginx")
            proxy.http.get(f"/patients/{number}", headers={"User-Agent": marker})
        count = f"zcat --force /var/log/nginx/access.log* | grep --text --fixed-strings --count {marker}"
        eventually(lambda: int(proxy.host.run(count).stdout) == 200)

    def test_a_disk_without_room_is_an_alarm_until_it_has_room_again(self, proxy):
        unit = "nginx-proxy-log-space.service"
        drop_in = f"/run/systemd/system/{unit}.d/full.conf"
        proxy.host.run_test(f"mkdir -p {drop_in.rpartition('/')[0]}")
        proxy.host.run_test(f"printf '[Service]\\nEnvironment=LEAST_FREE_MEGABYTES=999999999\\n' > {drop_in}")
        try:
            proxy.host.run(f"systemctl daemon-reload; systemctl start {unit}")
            assert proxy.host.run(f"systemctl is-failed {unit}").stdout.strip() == "failed"
            assert "MB left" in proxy.host.run(f"journalctl -u {unit} --no-pager; systemctl status {unit}").stdout
        finally:
            proxy.host.run(f"rm {drop_in}; systemctl daemon-reload; systemctl start {unit}")
        assert proxy.host.run(f"systemctl is-failed {unit}").stdout.strip() == "inactive"
        assert proxy.host.service("nginx-proxy-log-space.timer").is_running
