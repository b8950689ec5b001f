"""Certificates from an ACME server and from ACM, on two proxies: got, renewed, refused, and never shown."""

from __future__ import annotations

import base64
import json
import re
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import scenario
import yaml
from aws_in_memory import Aws
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from scenario import ADDRESSES, CHECKOUT, PREFIX, PROXIES, SCENARIO, host_of
from self_signed import make

FILES = CHECKOUT / ".lab" / "molecule-acme"
FLEET = yaml.safe_load((SCENARIO / "inventory" / "group_vars" / "all" / "fleet.yml").read_text())
CERTIFICATES = FLEET["fleet_certificates"]
ACME = ADDRESSES["acme"]
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/1"
LIVE = "/etc/ssl/fleet/live"
CHALLENGES = "/var/lib/acme-challenges"
WRONG_KEY = CERTIFICATES["eab_key"][::-1]
ISSUER = "Pebble Intermediate"


def put_file(path: str, name: str, target: str) -> None:
    """Into a file that may be there, with its mode."""
    with Path(path).open("rb") as content:
        command = [scenario.PODMAN, "exec", "-i", f"{PREFIX}-{name}", "sh", "-c", 'cat >"$1"', "sh", target]
        subprocess.run(command, stdin=content, check=True)


def served(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((PROXIES[name], 443)).encode())


def names_of(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def kept(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(host_of(name).check_output(f"cat {LIVE}/fullchain.pem").encode())


def converge(*options: str, **certificates: Any) -> subprocess.CompletedProcess[str]:
    """The scenario's playbook, with other settings of ``fleet_certificates``."""
    settings = json.dumps({"fleet_certificates": {**CERTIFICATES, **certificates}})
    return scenario.converge("--extra-vars", settings, *options)


def get(*options: str, proxy: int = 0, **certificates: Any) -> subprocess.CompletedProcess[str]:
    """Only the certificate, on one proxy; nobody takes it up."""
    return converge("--limit", f"proxies[{proxy}]", "--tags", "certificates", *options, **certificates)


def words(result: subprocess.CompletedProcess[str]) -> str:
    return " ".join(result.stdout.split())


@pytest.fixture
def old(tmp_path) -> Callable[[str], x509.Certificate]:
    """``old(proxy)`` puts one with little life left into the place of a proxy's own."""

    def put(name: str) -> x509.Certificate:
        files = make(tmp_path, name, ["hosp.example.test"], since_days=80, days=10)
        for path, target in zip(files, ("fullchain", "privkey"), strict=True):
            put_file(path, name, f"{LIVE}/{target}.pem")
        return kept(name)

    return put


@pytest.mark.parametrize("name", PROXIES)
class TestIssued:
    def test_it_is_the_servers_and_is_served(self, name):
        certificate = served(name)
        assert ISSUER in certificate.issuer.rfc4514_string()
        assert names_of(certificate) == ["hosp.example.test"]
        assert certificate.serial_number == kept(name).serial_number
        assert host_of(name).check_output(f"grep -c BEGIN {LIVE}/fullchain.pem") == "2"

    def test_its_key_is_this_hosts_own_and_for_root_only(self, name):
        host = host_of(name)
        assert host.check_output(f"stat --dereference --format '%a %U' {LIVE}/privkey.pem") == "600 root"
        keys = {host_of(proxy).check_output(f"sha256sum <{LIVE}/privkey.pem") for proxy in PROXIES}
        assert len(keys) == len(PROXIES)

    def test_nothing_is_left_of_the_proof(self, name):
        host = host_of(name)
        assert host.check_output(f"ls -A {CHALLENGES}") == ""
        assert not host.service("acme-challenges").is_running


def test_the_accounts_key_is_for_its_owner_only():
    assert (FILES / "account" / "account.key").stat().st_mode & 0o777 == 0o600
    assert (FILES / "account").stat().st_mode & 0o777 == 0o700


def test_who_asks_for_a_proof_needs_no_secret_and_is_not_logged():
    host = host_of("proxy1")
    folder = f"{CHALLENGES}/.well-known/acme-challenge"
    host.check_output(f"mkdir -p {folder} && echo a-proof >{folder}/a-token")
    answer = httpx.get(f"http://{PROXIES['proxy1']}/.well-known/acme-challenge/a-token")
    host.check_output(f"rm -r {CHALLENGES}/.well-known")
    assert (answer.status_code, answer.text) == (200, "a-proof\n")
    assert httpx.get(f"http://{PROXIES['proxy1']}/.well-known/acme-challenge/a-token").status_code == 404
    assert httpx.get(f"http://{PROXIES['proxy1']}/.well-known/").status_code == 403
    assert "a-token" not in host.check_output("cat /var/log/nginx/access.log")


class TestRefusal:
    """Each on a proxy of its own, side by side: they have nothing in common."""

    @pytest.fixture(scope="class")
    @classmethod
    def refused(cls, tmp_path_factory) -> tuple[dict[str, int], list[subprocess.CompletedProcess[str]]]:
        """The serial numbers in use before, and what became of an order for a name that leads nowhere and of one with a
        binding that the server does not know."""
        before = {name: kept(name).serial_number for name in PROXIES}
        with ThreadPoolExecutor(2) as pool:
            nowhere = pool.submit(get, names=["nowhere.example.test"])
            unknown = pool.submit(
                get,
                proxy=1,
                names=["other.example.test"],
                account_directory=str(tmp_path_factory.mktemp("account")),
                eab_key=WRONG_KEY,
            )
        return before, [nowhere.result(), unknown.result()]

    def test_a_name_that_cannot_be_proved_leaves_the_one_in_use(self, refused):
        before, (result, _) = refused
        assert result.returncode != 0
        # The server's own words, which come sooner or later in the order.
        assert re.search("dns:nowhere.example.test.*could not resolve URL", words(result)), result.stdout
        assert kept("proxy1").serial_number == before["proxy1"]
        assert host_of("proxy1").check_output(f"ls -A {CHALLENGES}") == ""

    def test_a_binding_that_the_server_does_not_know_leaves_the_one_in_use(self, refused):
        before, (_, result) = refused
        assert result.returncode != 0
        assert "externalAccountBinding" in words(result) or "external account" in words(result).lower(), result.stdout
        assert WRONG_KEY not in result.stdout
        assert kept("proxy2").serial_number == before["proxy2"]

    def test_without_a_challenge_only_what_the_server_knows_is_got(self):
        result = get(names=["other.example.test"], challenge="none")
        assert result.returncode != 0
        assert "The following authorizations are pending: dns:other.example.test" in words(result), result.stdout


def test_a_wildcard_is_proved_by_route_53():
    result = get(names=["example.test", "*.example.test"], challenge="dns-01")
    assert result.returncode == 0, result.stdout
    assert ISSUER in kept("proxy1").issuer.rfc4514_string()
    assert names_of(kept("proxy1")) == ["*.example.test", "example.test"]
    account = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab", "region_name": "eu-central-1"}
    route53 = boto3.client("route53", endpoint_url=f"http://{ACME}:4566", **account)
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    left = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert {"A"} <= {record["Type"] for record in left} <= {"A", "NS", "SOA"}


class TestAcm:
    @pytest.fixture(scope="class")
    @classmethod
    def acm(cls) -> Iterator[Aws]:
        """ACM on this machine, with an exportable certificate that is issued. ``url`` is where."""
        memory = Aws()
        memory.has_certificate(ARN, "hosp.example.test", Options={"Export": "ENABLED"})
        memory.issue(ARN)

        class Acm(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                operation = self.headers["X-Amz-Target"].partition(".")[2]
                given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                memory.calls.append((operation, given))
                if "Passphrase" in given:
                    given["Passphrase"] = base64.b64decode(given["Passphrase"])
                answer = json.dumps(getattr(memory, f"_{operation}")(None, **given)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Acm) as server:
            memory.url = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever).start()
            yield memory
            server.shutdown()

    def run(self, acm: Aws, *options: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        """What a run said, and what it asked of ACM."""
        acm.calls.clear()
        result = get("-e", f"aws_endpoint_url={acm.url}", *options, provider="acm_export", arn=ARN)
        return result, [operation for operation, _ in acm.calls]

    def test_it_is_exported_with_its_key_and_nothing_is_shown(self, acm):
        result, asked = self.run(acm, "-vvv", "--diff")
        assert result.returncode == 0, result.stdout
        assert (set(asked[:-1]), asked[-1]) == ({"GetCertificate"}, "ExportCertificate")
        assert kept("proxy1").public_bytes(Encoding.PEM).decode().strip() == acm.issued[ARN][0]
        host = host_of("proxy1")
        assert host.check_output(f"stat --dereference --format '%a %U' {LIVE}/privkey.pem") == "600 root"
        assert host.check_output(f"cat {LIVE}/privkey.pem").splitlines()[1] not in result.stdout
        assert "PRIVATE KEY" not in result.stdout
        assert f"arn: {ARN}" in result.stdout
        assert f"not_after: '{kept('proxy1').not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}'" in result.stdout

    def test_the_same_one_is_exported_once(self, acm):
        result, asked = self.run(acm)
        assert "changed=0 " in result.stdout, result.stdout
        assert set(asked) == {"GetCertificate"}

    def test_one_that_acm_has_renewed_replaces_it_and_in_a_check_does_not(self, acm):
        before = kept("proxy1").serial_number
        acm.issue(ARN)
        result, asked = self.run(acm, "--check")
        assert (result.returncode, set(asked)) == (0, {"GetCertificate"}), result.stdout
        assert kept("proxy1").serial_number == before
        result, _ = self.run(acm)
        assert result.returncode == 0, result.stdout
        assert kept("proxy1").serial_number != before

    def test_an_error_is_shown(self, acm):
        del acm.issued[ARN]
        acm.certificates[ARN]["Status"] = "PENDING_VALIDATION"
        result, _ = self.run(acm)
        assert result.returncode != 0
        assert f"ACM did not export {ARN}" in words(result), result.stdout


@pytest.fixture
def shown(tmp_path) -> str:
    """What a run says of a proxy on which something puts another file into place when NGINX has read the first."""
    other, _ = make(tmp_path, "other", ["hosp.example.test"], since_days=80, days=10)
    host = host_of("proxy1")
    put_file(other, "proxy1", "/root/other.pem")
    unit = "/etc/systemd/system/nginx.service.d/99-test.conf"
    host.check_output(f"printf '[Service]\\nExecStartPost=cp /root/other.pem {LIVE}/fullchain.pem\\n' >{unit}")
    result = converge("--limit", "proxies[0]", challenge="dns-01")
    host.check_output(f"rm {unit}")
    assert result.returncode != 0, result.stdout
    return words(result)


class TestRenewal:
    """The last of all, by a run that puts right what the tests before it have left."""

    def test_a_check_orders_nothing(self, old):
        before = old("proxy1").serial_number
        result = get("--check", "--diff")
        assert result.returncode == 0, result.stdout
        assert "changed=1 " in result.stdout
        assert kept("proxy1").serial_number == before

    def test_a_proxy_that_shows_another_certificate_than_it_should_fails_the_run(self, shown):
        assert "proxy1 shows on port 443 the certificate with the serial number" in shown

    def test_one_near_its_end_is_replaced_served_and_never_shown(self, old):
        before = {name: old(name).serial_number for name in PROXIES}
        result = converge("-vvv", "--diff")
        assert result.returncode == 0, result.stdout
        for name in PROXIES:
            assert ISSUER in served(name).issuer.rfc4514_string()
            assert served(name).serial_number == kept(name).serial_number != before[name]
            key = host_of(name).check_output(f"cat {LIVE}/privkey.pem")
            assert key.splitlines()[1] not in result.stdout
            assert host_of(name).check_output(f"ls -A {CHALLENGES}") == ""
        account = (FILES / "account" / "account.key").read_text()
        assert account.splitlines()[1] not in result.stdout
        assert "PRIVATE KEY" not in result.stdout
        assert CERTIFICATES["eab_key"] not in result.stdout
