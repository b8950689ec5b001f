"""What the role refuses before it does anything: each fault alone, by one run of the role's own check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from role_checks import check

pytestmark = pytest.mark.slow

KEY = "a-secret-key-that-nobody-may-see"
FILE = {"path": "/var/log/nginx/access.log", "group": "/hosp/proxies", "stream": "proxy1"}
SHIPPED = {
    "log_shipping_package_url": "https://agent.example.com/1.2/amazon-cloudwatch-agent.deb",
    "log_shipping_package_checksum": f"sha256:{'0a' * 32}",
    "log_shipping_region": "eu-central-1",
    "log_shipping_files": [FILE],
}
GOOD = [
    SHIPPED,
    {**SHIPPED, "log_shipping_package_checksum": "sha256:https://agent.example.com/1.2/SHA256SUMS"},
    {**SHIPPED, "log_shipping_access_key": "AKID", "log_shipping_secret_key": KEY},
    {**SHIPPED, "log_shipping_files": [{**FILE, "retention_days": 400, "timezone": "UTC", "timestamp_format": "%Y"}]},
]
BAD = [
    ({**SHIPPED, "log_shipping_files": []}, "log_shipping_files is []: allowed is a list with at least one file"),
    (
        {**SHIPPED, "log_shipping_files": [{**FILE, "retention_days": 31}]},
        "log_shipping_files[0].retention_days is 31: allowed are 1, 3, 5",
    ),
    ({**SHIPPED, "log_shipping_region": "Frankfurt"}, "log_shipping_region is 'Frankfurt': allowed is the name of a"),
    (
        {**SHIPPED, "log_shipping_endpoint_url": "logs"},
        "log_shipping_endpoint_url is 'logs': allowed is http://HOST:PORT or https://HOST",
    ),
    (
        {**SHIPPED, "log_shipping_package_url": "amazon-cloudwatch-agent.deb"},
        "log_shipping_package_url is 'amazon-cloudwatch-agent.deb': allowed is the URL of a Debian package",
    ),
    (
        {**SHIPPED, "log_shipping_package_checksum": "md5:00"},
        "log_shipping_package_checksum is 'md5:00': allowed is sha256 with a colon and 64 hexadecimal digits",
    ),
    ({**SHIPPED, "log_shipping_secret_key": KEY}, "log_shipping_secret_key is set alone: allowed are"),
    ({**SHIPPED, "log_shipping_access_key": "AKID"}, "log_shipping_access_key is set alone: allowed are"),
    ({**SHIPPED, "log_shipping_flush_seconds": 0}, "log_shipping_flush_seconds is 0 and"),
    ({**SHIPPED, "log_shipping_groups": ["adm; x"]}, "log_shipping_groups is adm; x: allowed are whole seconds"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return check("log_shipping", tmp_path_factory.mktemp("said"), GOOD, [case for case, _ in BAD], KEY)


@pytest.mark.parametrize("n", range(len(GOOD)))
def test_what_can_be_shipped_is_let_through(said, n):
    assert said(f"good{n}") == ""


@pytest.mark.parametrize("n", range(len(BAD)))
def test_a_fault_is_refused_with_variable_value_and_what_is_allowed(said, n):
    assert BAD[n][1] in said(f"bad{n}")
