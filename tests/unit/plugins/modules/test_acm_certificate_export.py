from __future__ import annotations

import functools

import pytest
from ansible_collections.steadyfront.fleet.plugins.modules import acm_certificate_export
from aws_in_memory import CHAIN, error
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/1"


@pytest.fixture
def aws(aws):
    aws.run = functools.partial(aws.run, acm_certificate_export.main, arn=ARN)
    aws.has_certificate(ARN, "api.example.com", Options={"Export": "ENABLED"})
    return aws


def test_it_comes_with_its_chain_and_its_key(aws):
    key = aws.issue(ARN)
    result = aws.run()
    assert result["changed"]
    assert result["certificate"] == f"{aws.issued[ARN][0]}\n{CHAIN}\n"
    exported = load_pem_private_key(result["private_key"].encode(), password=None)
    assert exported.private_numbers() == key.private_numbers()


def test_every_export_has_a_passphrase_of_its_own(aws):
    aws.issue(ARN)
    used = []
    for _ in range(2):
        aws.run()
        used += [given["Passphrase"] for name, given in aws.calls if name == "ExportCertificate"]
    assert len({*used}) == 2
    assert min(map(len, used)) > 40


@pytest.mark.parametrize("write", [str, str.upper, lambda sha256: sha256.replace(":", "")])
def test_the_one_that_is_known_is_not_exported(aws, write):
    aws.issue(ARN)
    sha256 = aws.run()["sha256"]
    again = aws.run(known_sha256=write(sha256))
    assert not again["changed"]
    assert again["diff"] == {"before": sha256, "after": sha256}
    assert "private_key" not in again
    assert [name for name, _ in aws.calls] == ["GetCertificate"]


def test_a_renewed_one_is_exported(aws):
    aws.issue(ARN)
    known = aws.run()["sha256"]
    aws.issue(ARN)
    checked = aws.run(check=True, known_sha256=known)
    assert checked["changed"]
    assert "private_key" not in checked
    assert aws.writes() == []
    result = aws.run(known_sha256=known)
    assert result["changed"]
    assert result["diff"] == {"before": known, "after": checked["sha256"]} == checked["diff"]


def test_one_that_is_not_issued_yet_or_not_exportable_is_refused(aws):
    question = f"ACM did not export {ARN}: is it issued, and requested with export?"
    assert question in aws.run()["msg"]
    aws.issue(ARN)
    aws.certificates[ARN]["Options"]["Export"] = "DISABLED"
    assert question in aws.run()["msg"]


def test_throttling_is_waited_for(aws):
    aws.issue(ARN)
    faults = [error("ThrottlingException", "GetCertificate")]

    def interfere(operation, parameters):
        if faults:
            raise faults.pop()

    aws.interfere = interfere
    assert aws.run()["changed"]
    assert [name for name, _ in aws.calls] == ["GetCertificate", "GetCertificate", "ExportCertificate"]
