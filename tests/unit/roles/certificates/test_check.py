"""What the role refuses before it does anything: each fault alone, by one run of the role's own check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from role_checks import check

pytestmark = pytest.mark.slow

KEY = "a-binding-key-that-nobody-may-see"
ACME = {
    "certificates_provider": "acme",
    "certificates_names": ["api.example.com"],
    "certificates_acme_directory_url": "https://acme.example.com/directory",
    "certificates_acme_account_directory": "/somewhere",
    "certificates_acme_contact": "operations@example.com",
}
BY_DNS = {**ACME, "certificates_acme_challenge": "dns-01", "certificates_acme_zone": "example.com"}
ACM = {
    "certificates_provider": "acm_export",
    "certificates_names": ["api.example.com"],
    "certificates_acm_arn": "arn:aws:acm:eu-central-1:111122223333:certificate/1",
}
GOOD = [
    ACME,
    {**BY_DNS, "certificates_names": ["*.Example.com", "example.com"]},
    {**ACME, "certificates_acme_challenge": "none", "certificates_names": ["*.example.com"]},
    {**ACME, "certificates_acme_eab_key_id": "kid", "certificates_acme_eab_key": KEY},
    ACM,
]
BAD = [
    ({**ACME, "certificates_provider": "none"}, "certificates_provider is none: allowed are acm_export, acme, files"),
    ({**ACME, "certificates_names": []}, "certificates_names is : allowed are one or more full domain names"),
    (
        {**ACME, "certificates_acme_directory_url": "http://acme.example.com"},
        "certificates_acme_directory_url is 'http://acme.example.com': allowed is the https URL",
    ),
    (
        {**ACME, "certificates_acme_directory_ca": "/no/file"},
        "certificates_acme_directory_ca is '/no/file': allowed is a",
    ),
    (
        {**ACME, "certificates_acme_account_directory": ""},
        "certificates_acme_account_directory is '': allowed is a folder",
    ),
    (
        {**ACME, "certificates_acme_contact": "somebody"},
        "certificates_acme_contact is 'somebody': allowed is an e-mail",
    ),
    ({**ACME, "certificates_acme_contact": ""}, "certificates_acme_contact is '': allowed is an e-mail address"),
    ({**ACME, "certificates_acme_eab_key": KEY}, "certificates_acme_eab_key_id is '': allowed is one together with"),
    ({**ACME, "certificates_acme_eab_key_id": "kid"}, "certificates_acme_eab_key_id is 'kid': allowed is one together"),
    (
        {**ACME, "certificates_acme_challenge": "tls-alpn-01"},
        "certificates_acme_challenge is 'tls-alpn-01': allowed is one of dns-01, http-01, none",
    ),
    (
        {**ACME, "certificates_names": ["a.example.com", "*.example.com"]},
        "certificates_acme_challenge is 'http-01': allowed is dns-01 or none for *.example.com",
    ),
    ({**BY_DNS, "certificates_acme_zone": ""}, "certificates_acme_zone is '': allowed is the hosted zone"),
    (
        {**BY_DNS, "certificates_names": ["api.notexample.com"]},
        "certificates_acme_zone is 'example.com': allowed is the hosted zone in Route 53 that all of",
    ),
    (
        {"certificates_provider": "private_ca", "certificates_names": ["api.example.com"]},
        "certificates_ca_directory is empty",
    ),
    (
        {"certificates_provider": "files", "certificates_names": ["api.example.com"]},
        "certificates_source_certificate is '': allowed is a PEM file on the controller",
    ),
    ({**ACM, "certificates_acm_arn": "certificate/1"}, "certificates_acm_arn is 'certificate/1': allowed is the ARN"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return check("certificates", tmp_path_factory.mktemp("said"), GOOD, [case for case, _ in BAD], KEY)


@pytest.mark.parametrize("n", range(len(GOOD)))
def test_what_can_be_done_is_let_through(said, n):
    assert said(f"good{n}") == ""


@pytest.mark.parametrize("n", range(len(BAD)), ids=[words.partition(" is ")[0] for _, words in BAD])
def test_a_fault_is_refused_with_variable_value_and_what_is_allowed(said, n):
    assert BAD[n][1] in said(f"bad{n}")
