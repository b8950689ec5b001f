"""What the role `certificates` has put on a host. test_changes has what it replaces and refuses."""

from __future__ import annotations

import socket
import ssl

import pytest
from scenario import CHECKOUT, PROXIES

LIVE = "/etc/ssl/fleet/live"
CA = CHECKOUT / ".lab" / "molecule-ca"
NAMES = ["hosp.example.test"]


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
