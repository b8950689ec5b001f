"""What runs of the playbooks make of a proxy. Each shows many things: another configuration and certificate on one
proxy, what is refused meanwhile, and one run that puts all of it right again."""

from __future__ import annotations

import datetime
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography import x509
from proof import size
from scenario import CHECKOUT, KINDS, PROXIES, SCENARIO, Hosp, Proxy, converge, eventually, host_of, reached
from self_signed import make

LIVE = "/etc/ssl/fleet/live"
CA = CHECKOUT / ".lab" / "molecule-ca"
NAMES = ["hosp.example.test"]
CURRENT, PENDING = "a" * 40, "B" * 40


def changed(*options: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """A run on the first proxy."""
    return converge("--extra-vars", json.dumps(variables), "--limit", "proxies[0]", "--diff", "-vv", *options)


def words(result: subprocess.CompletedProcess[str]) -> str:
    return " ".join(result.stdout.split())


def healths() -> dict[str, str]:
    """What every proxy says of itself; the configuration that it serves is part of it."""
    return {name: httpx.get(f"http://{address}/healthz", timeout=30).text for name, address in PROXIES.items()}


def configurations() -> dict[str, str]:
    """What every proxy serves, without the mark that its certificate is part of; else what it says of itself."""
    found = {}
    for name, health in healths().items():
        state, mark = health.split()
        text = host_of(name).check_output("cat /etc/nginx/nginx.conf")
        found[name] = text.replace(mark, "") if state == "ok" and mark in text else health
    return found


def served(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((PROXIES[name], 443)).encode())


def kept(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(host_of(name).check_output(f"cat {LIVE}/fullchain.pem").encode())


def names_of(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


@pytest.fixture(scope="module")
def settled() -> dict[str, str]:
    return configurations()


@pytest.fixture(scope="module")
def from_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A certificate that is given."""
    certificate, key = make(tmp_path_factory.mktemp("elsewhere"), "given", NAMES, days=10)
    return {"provider": "files", "names": NAMES, "certificate": certificate, "key": key}


@pytest.fixture(scope="module")
def guarded(settled: dict[str, str], from_elsewhere: dict[str, Any]) -> Iterator[Proxy]:
    """The first proxy with two secrets, two addresses of HOSP's, a limit and a certificate from elsewhere."""
    result = changed(
        fleet_origin_secrets={"current": CURRENT, "pending": PENDING},
        fleet_upstream_url="http://two-addresses.example.test",
        fleet_certificates=from_elsewhere,
        nginx_proxy_client_requests_per_second=20,
    )
    assert result.returncode == 0, result.stdout
    assert [word for word in (CURRENT, PENDING, "PRIVATE KEY") if word in result.stdout] == []
    with reached("proxy1") as proxy:
        yield proxy
    if configurations() != settled:
        assert changed().returncode == 0


class TestOrigin:
    @pytest.mark.parametrize("secret", [CURRENT, PENDING])
    def test_either_secret_opens(self, guarded: Proxy, secret: str):
        answer, _ = guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": secret})
        assert answer.status_code == 200

    @pytest.mark.parametrize("secret", [None, "", "A" * 40, "b" * 40, "a" * 39, "a" * 41, "c" * 40])
    def test_nothing_else_does(self, guarded: Proxy, hosp: Hosp, secret: str | None):
        headers = {} if secret is None else {"X-Origin-Secret": secret}
        answer, request_id = guarded.send("GET", "/patients/1", headers=headers)
        assert answer.status_code == 403
        assert hosp.saw(request_id)["attempts"] == 0

    def test_the_load_balancer_needs_none(self, guarded: Proxy):
        assert guarded.http.get("/healthz").status_code == 200

    def test_the_secret_is_in_no_log_and_for_root_only(self, guarded: Proxy):
        guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": CURRENT})
        assert CURRENT not in guarded.host.run("cat /var/log/nginx/*.log /etc/nginx/nginx.conf").stdout
        assert guarded.host.check_output("stat --format %s /etc/nginx/origin-secrets-*.conf", "%a") == "600"

    def test_addresses_that_have_failed_are_asked_again_at_once(self, guarded: Proxy, hosp: Hosp):
        """By one connection, and so one worker: each has a view of its own."""

        def statuses() -> set[int]:
            headers = {"X-Origin-Secret": CURRENT}
            return {guarded.send("GET", "/patients/1", headers=headers)[0].status_code for _ in range(6)}

        hosp.fails(reset=1)
        assert statuses() == {502}
        hosp.set()
        assert statuses() == {200}

    def test_who_asks_too_much_is_told_to_come_again(self, guarded: Proxy, hosp: Hosp):
        def send(_: int) -> tuple[httpx.Response, str]:
            return guarded.send("GET", "/patients/1", headers={"X-Origin-Secret": CURRENT})

        with ThreadPoolExecutor(30) as pool:
            seen = list(pool.map(send, range(150)))
        refused = {request_id: answer for answer, request_id in seen if answer.status_code == 429}
        assert 0 < len(refused) < 150
        assert {answer.headers["Retry-After"] for answer in refused.values()} == {"1"}
        assert not refused.keys() & hosp.ledger()["requests"].keys()


class TestRefusal:
    """What the role refuses by itself is in tests/unit/roles/nginx_proxy; here that nothing was touched."""

    @pytest.mark.parametrize(
        ("variables", "said"),
        size(
            test=[({"__nginx_proxy_distributions": ["Debian 11"]}, [*(f"{name} runs Debian" for name in PROXIES)])],
            prove=[
                ({"__nginx_proxy_distributions": ["Debian 11"]}, [*(f"{name} runs Debian" for name in PROXIES)]),
                ({"fleet_retry_policy": {"attempts": 0}}, ["nginx_proxy_retry_policy.attempts is 0", "1 to 5"]),
                ({"fleet_upstream_url": "http://no-such-name.invalid"}, ["nginx_proxy_upstream_url"]),
                (
                    {
                        "ansible_become": True,
                        "ansible_become_method": "su",
                        "ansible_become_user": "nobody",
                        "ansible_become_flags": "-s /bin/sh",
                    },
                    ["proxy1 is reached as nobody", "allowed is root"],
                ),
            ],
        ),
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_what_is_wrong_is_refused_before_a_host_is_touched(self, variables: dict[str, object], said: list[str]):
        before = healths()
        result = converge("--extra-vars", json.dumps(variables), "--limit", "proxies")
        assert result.returncode != 0
        output = words(result)
        assert all(part in output for part in said), result.stdout
        assert set(re.findall(r"changed=(\d+)", output)) == {"0"}
        assert healths() == before

    @pytest.mark.parametrize(
        ("variables", "said"),
        [
            # The unit would change too: it must not, when NGINX refuses the configuration.
            (
                {"nginx_proxy_host_header": "x; nonsense y", "nginx_proxy_open_files": 9999},
                'unknown directive "nonsense"',
            ),
            *size(
                test=[],
                prove=[
                    ({"nginx_proxy_certificate_key_path": "/etc/ssl/none.key"}, "/etc/ssl/none.key"),
                    ({"nginx_proxy_certificate_key_path": f"{LIVE}/fullchain.pem"}, "fullchain.pem"),
                ],
            ),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_what_nginx_refuses_leaves_the_running_configuration(self, variables: dict[str, object], said: str):
        before = healths()
        result = converge("--extra-vars", json.dumps(variables), "--limit", "proxies[1]", "--tags", "nginx_proxy")
        assert result.returncode != 0
        assert said in words(result), result.stdout
        assert "changed=0" in words(result), result.stdout
        assert healths() == before
        assert "ok " in before["proxy2"]

    def test_a_bad_certificate_is_refused_and_the_one_in_use_stays(self, tmp_path: Path):
        before = kept("proxy1").serial_number
        certificate, _ = make(tmp_path, "bad", ["other.example.test"], since_days=90, days=-1)
        _, key = make(tmp_path, "another", NAMES)
        files = {"provider": "files", "names": NAMES, "certificate": certificate, "key": key}
        result = changed("--tags", "certificates", fleet_certificates=files)
        assert result.returncode != 0
        output = words(result)
        assert "is not for hosp.example.test: it has other.example.test" in output, result.stdout
        assert "has expired" in output
        assert "does not belong to its key" in output
        assert Path(key).read_text().splitlines()[1] not in result.stdout
        assert kept("proxy1").serial_number == before


class TestCertificate:
    """Each by a run that brings it; that it is also taken up the first shows, and the last."""

    @pytest.mark.usefixtures("guarded")
    def test_one_from_elsewhere_is_served(self):
        assert served("proxy1").serial_number == kept("proxy1").serial_number
        assert served("proxy1").not_valid_after_utc - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=10)

    def test_the_same_one_with_a_longer_chain_is_another_file(self, guarded: Proxy, from_elsewhere: dict[str, Any]):
        before = kept("proxy1").serial_number
        with Path(from_elsewhere["certificate"]).open("a") as chain:
            chain.write((CA / "ca.pem").read_text())
        assert changed("--tags", "certificates", fleet_certificates=from_elsewhere).returncode == 0
        assert kept("proxy1").serial_number == before
        assert guarded.host.check_output(f"grep -c BEGIN {LIVE}/fullchain.pem") == "2"

    @pytest.mark.usefixtures("guarded")
    def test_one_for_other_names_replaces_it(self):
        other = {"provider": "private_ca", "names": ["a.example.test", "*.b.example.test"], "ca_directory": str(CA)}
        assert changed("--tags", "certificates", fleet_certificates=other).returncode == 0
        assert names_of(kept("proxy1")) == ["*.b.example.test", "a.example.test"]


@dataclass
class Mended:
    """What a check said of proxies on which much was missing, and what the run said that followed."""

    checked: subprocess.CompletedProcess[str]
    result: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def mended(guarded: Proxy) -> Mended:
    """One proxy of each kind as if a run had ended between writing the configuration and taking it up, out of the
    balancer; and the first, which has another configuration anyhow, without a package and the role's units."""
    for name in KINDS:
        fingerprint = healths()[name].split()[1]
        host_of(name).run_test("sed -i s/${FINGERPRINT:-%s}/interrupted/ /etc/nginx/nginx.conf", fingerprint)
        host_of(name).run_test("systemctl reload nginx && touch /run/nginx-proxy.activating")
        eventually(lambda name=name: healths()[name] == "activating interrupted\n")
    guarded.host.run_test("systemctl disable --now nginx-proxy-log-space.timer")
    guarded.host.run_test("rm /etc/systemd/system/nginx-proxy-log-space.* && systemctl daemon-reload")
    guarded.host.run_test("dpkg --remove lua-cjson")
    fleet = yaml.safe_load((SCENARIO / "inventory" / "group_vars" / "all" / "fleet.yml").read_text())
    checked = changed("--check", fleet_retry_policy={**fleet["fleet_retry_policy"], "attempts": 2})
    return Mended(checked, converge("--limit", ",".join(KINDS), "--diff", "-vv"))


class TestMended:
    def test_a_check_shows_the_configuration_also_where_a_package_and_the_roles_units_are_to_come(self, mended: Mended):
        assert mended.checked.returncode == 0, mended.checked.stdout
        # Molecule has Ansible colour its output.
        assert re.search(r"\+ +attempts = 2,", mended.checked.stdout), mended.checked.stdout

    def test_a_run_that_was_interrupted_is_completed_by_the_next(self, mended: Mended, settled: dict[str, str]):
        assert mended.result.returncode == 0, mended.result.stdout
        assert configurations() == settled

    def test_what_was_missing_is_there_again(self, mended: Mended, guarded: Proxy):
        assert mended.result.returncode == 0
        assert guarded.host.service("nginx-proxy-log-space.timer").is_running
        assert guarded.host.package("lua-cjson").is_installed

    def test_its_own_certificate_is_served_again_and_nothing_is_shown_or_kept(self, mended: Mended, guarded: Proxy):
        assert "PRIVATE KEY" not in mended.result.stdout
        now = served("proxy1")
        assert names_of(now) == NAMES
        assert now.serial_number == kept("proxy1").serial_number
        assert now.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=80)
        assert len(guarded.host.check_output("ls /etc/ssl/fleet").split()) == 2
