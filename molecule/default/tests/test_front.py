"""What a proxy lets in, by which way, and what it makes of what clients claim."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import uuid

import httpx
import pytest
from proof import size
from scenario import CHECKOUT, KINDS_WITH_LUA, PROXIES, eventually, exchange


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
            socket.create_connection((PROXIES[proxy.name], 443), timeout=30) as plain,
            self.context("h2", "http/1.1").wrap_socket(plain) as connection,
        ):
            assert connection.selected_alpn_protocol() == "h2"

    def test_mozillas_intermediate_guideline_is_kept(self, proxy, tmp_path):
        """All of it but the trust in the certificate, which comes from a CA of the scenario's own."""
        sslyze = subprocess.run([CHECKOUT / "setup" / "tool", "sslyze"], capture_output=True, text=True, check=True)
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


# What gixy says and does not hold here.
WAIVED = {
    "hsts_header": "said by whoever has the public name: CloudFront",
    "missing_resolver": "the variable names an upstream of the configuration's own, and no host",
    "host_spoofing": "the API gets the Host that the client sent; no location is chosen by it",
}


# It cannot read the possessive quantifier of what NGINX alone needs.
@pytest.mark.parametrize("proxy", KINDS_WITH_LUA, indirect=True)
def test_no_known_fault_of_configuration_is_found(proxy, tmp_path):
    """gixy-ng, medium severity and above."""
    rendered = tmp_path / "nginx.conf"
    rendered.write_text(proxy.host.check_output("cat /etc/nginx/nginx.conf"))
    gixy = CHECKOUT / ".venv" / "bin" / "gixy"
    result = subprocess.run(
        [gixy, "-ll", "--skips", ",".join(WAIVED), "--format", "json", rendered],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(result.stdout) == []


class TestLogs:
    def test_rotation_under_load_loses_no_line(self, proxy, record_property):
        marker, requests = uuid.uuid4().hex, size(test=60, prove=1000)
        for number in range(requests):
            if number % 50 == 25:
                proxy.host.run_test("logrotate --force /etc/logrotate.d/nginx")
            proxy.http.get(f"/patients/{number}", headers={"User-Agent": marker})
        count = f"zcat --force /var/log/nginx/access.log* | grep --text --fixed-strings --count {marker}"
        eventually(lambda: int(proxy.host.run(count).stdout) == requests)
        record_property("measured", f"{requests} requests over {(requests + 24) // 50} rotations, each logged once")

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
