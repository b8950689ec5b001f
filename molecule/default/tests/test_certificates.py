"""What the role `certificates` puts on a host, and what it refuses."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from scenario import PROXIES, SCENARIO, converge, host_of
from self_signed import make

LIVE = "/etc/ssl/fleet/live"
CA = SCENARIO.parents[1] / ".lab" / "molecule-ca"
NAMES = ["hosp.example.test"]


def served(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((PROXIES[name], 443)).encode())


def changed(**variables: object) -> subprocess.CompletedProcess[str]:
    return converge("--extra-vars", json.dumps(variables), "--limit", "proxies[0]", "--diff", "-vv")


def test_it_is_trusted_by_who_trusts_the_ca(proxy):
    address = (PROXIES[proxy.name], 443)
    trusting, distrusting = ssl.create_default_context(cafile=CA / "ca.pem"), ssl.create_default_context()
    with (
        socket.create_connection(address) as plain,
        trusting.wrap_socket(plain, server_hostname=NAMES[0]) as connection,
    ):
        assert connection.version() == "TLSv1.3"
    with socket.create_connection(address) as plain, pytest.raises(ssl.SSLCertVerificationError):
        distrusting.wrap_socket(plain, server_hostname=NAMES[0])


def test_keys_are_for_their_owner_only(proxy):
    assert proxy.host.check_output(f"stat --dereference --format '%a %U' {LIVE}/privkey.pem") == "600 root"
    assert (CA / "ca.key").stat().st_mode & 0o777 == 0o600


class TestRenewal:
    def test_one_with_most_of_its_life_before_it_stays(self):
        before = served("proxy1").serial_number
        assert "changed=0" in changed().stdout
        assert served("proxy1").serial_number == before

    def test_others_are_put_into_use_each_in_its_turn(self, tmp_path):
        """One for other names, one from elsewhere, the same with a longer chain, and in the end the scenario's own."""
        other = {"provider": "private_ca", "names": ["a.example.test", "*.b.example.test"], "ca_directory": str(CA)}
        assert changed(fleet_certificates=other).returncode == 0
        names = served("proxy1").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["*.b.example.test", "a.example.test"]

        certificate, key = make(tmp_path, "old", NAMES, days=10)
        old = {"provider": "files", "names": NAMES, "certificate": certificate, "key": key}
        assert changed(fleet_certificates=old).returncode == 0
        before = served("proxy1")
        assert before.not_valid_after_utc - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=10)

        # The same certificate, but another file.
        with Path(certificate).open("a") as chain:
            chain.write((CA / "ca.pem").read_text())
        assert changed(fleet_certificates=old).returncode == 0
        assert host_of("proxy1").check_output(f"grep -c BEGIN {LIVE}/fullchain.pem") == "2"

        result = changed()
        assert result.returncode == 0, result.stdout
        assert "PRIVATE KEY" not in result.stdout
        after = served("proxy1")
        assert after.serial_number != before.serial_number
        assert after.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=80)
        # Nothing is kept of those before.
        assert len(host_of("proxy1").check_output("ls /etc/ssl/fleet").split()) == 2

    def test_a_bad_one_is_refused_and_the_one_in_use_stays(self, tmp_path):
        before = served("proxy1").serial_number
        certificate, _ = make(tmp_path, "bad", ["other.example.test"], since_days=90, days=-1)
        _, key = make(tmp_path, "another", NAMES)
        files = {"provider": "files", "names": NAMES, "certificate": certificate, "key": key}
        result = changed(fleet_certificates=files)
        assert result.returncode != 0
        output = " ".join(result.stdout.split())
        assert "is not for hosp.example.test: it has other.example.test" in output, result.stdout
        assert "has expired" in output
        assert "does not belong to its key" in output
        assert Path(key).read_text().splitlines()[1] not in result.stdout
        assert served("proxy1").serial_number == before


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        (
            {"provider": "none", "names": ["a.example.test"]},
            "certificates_provider is none: allowed are acm_export, acme, files, private_ca",
        ),
        ({"provider": "files", "names": []}, "allowed are one or more full domain names"),
        ({"provider": "private_ca", "names": ["a.example.test"]}, "certificates_ca_directory is empty"),
        ({"provider": "files", "names": ["a.example.test"]}, "certificates_source_certificate is ''"),
    ],
)
def test_what_no_certificate_can_be_made_of_is_refused(certificates, words):
    result = changed(fleet_certificates=certificates)
    assert result.returncode != 0
    assert words in " ".join(result.stdout.split()), result.stdout
