from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import acm_certificate_request
from aws_in_memory import error

NAMES = ["api.example.com", "*.api.example.com"]


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, acm_certificate_request.main)
    return aws


def issued(aws) -> None:
    for certificate in aws.certificates.values():
        certificate["Status"] = "ISSUED"


def test_it_is_requested_once_with_the_records_that_prove_it(aws):
    assert aws.run(check=True, names=NAMES)["changed"]
    assert aws.writes() == []
    first = aws.run(names=NAMES, tags={"service": "api"})
    assert first["changed"]
    assert first["certificate"]["status"] == "PENDING_VALIDATION"
    assert first["certificate"]["records"] == [
        {"name": "_a.api.example.com.", "type": "CNAME", "value": "_b.acm-validations.aws."}
    ]
    again = aws.run(names=[NAMES[0], NAMES[1].upper()])
    assert not again["changed"]
    assert again["certificate"]["arn"] == first["certificate"]["arn"]


def test_one_that_is_issued_is_taken_before_one_that_waits(aws):
    aws.has_certificate("arn:aws:acm:eu-central-1:1:certificate/waits", *NAMES)
    aws.has_certificate("arn:aws:acm:eu-central-1:1:certificate/issued", *NAMES, Status="ISSUED")
    assert aws.run(names=NAMES, wait=True)["certificate"]["arn"].endswith("/issued")


@pytest.mark.parametrize(
    "other",
    [
        {"names": [*NAMES, "www.example.com"]},
        {"names": NAMES, "key_algorithm": "EC_prime256v1"},
        {"names": NAMES, "export": True},
    ],
)
def test_one_for_other_names_or_with_another_key_is_another(aws, other):
    aws.run(names=NAMES)
    assert aws.run(**other)["changed"]
    assert len(aws.certificates) == 2


def test_imported_ones_are_let_be(aws):
    aws.has_certificate("arn:aws:acm:eu-central-1:1:certificate/x", *NAMES, Status="ISSUED", Type="IMPORTED")
    assert aws.run(names=NAMES)["changed"]


def test_a_wait_without_records_says_what_to_do(aws):
    result = aws.run(names=NAMES, wait=True, wait_timeout_seconds=30)
    assert result["failed"]
    assert "not issued after wait_timeout_seconds (30): are its records in the DNS?" in result["msg"]
    assert result["certificate"]["records"]


def test_those_that_are_in_use_are_not_deleted(aws):
    aws.run(names=NAMES)
    (certificate,) = aws.certificates.values()
    aws.has_certificate("arn:aws:acm:eu-central-1:1:certificate/unused", *NAMES)
    certificate["InUseBy"] = ["arn:aws:cloudfront::1:distribution/E1"]
    assert "is in use" in aws.run(names=NAMES, state="absent")["msg"]
    assert aws.writes() == []
    certificate["InUseBy"] = []
    assert aws.run(names=NAMES, state="absent")["changed"]
    assert aws.certificates == {}
    assert not aws.run(names=NAMES, state="absent")["changed"]


def test_throttling_is_waited_out(aws):
    left = ["DescribeCertificate", "RequestCertificate"]

    def throttle(operation, given):
        if left and left[-1] == operation:
            raise error("ThrottlingException", left.pop())

    aws.interfere = throttle
    assert aws.run(names=NAMES)["changed"]
    assert left == []


def test_no_names_are_refused(aws):
    assert "names is empty" in aws.run(names=[])["msg"]
