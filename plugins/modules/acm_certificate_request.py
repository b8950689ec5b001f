#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A certificate that ACM issues and renews, proved by records in the DNS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate_request
short_description: Request a certificate from ACM, proved by DNS
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Requests a certificate for names, and returns the DNS records that prove that they are yours. While these records
    are there, ACM issues and renews the certificate by itself.
  - A certificate for the same names that is issued, or waits for its records, is found again and not requested twice.
  - CloudFront takes certificates from the region C(us-east-1) only.
options:
  names:
    description: The names, the first of which is the certificate's subject. A wildcard stands for one label.
    type: list
    elements: str
    required: true
  state:
    description: >-
      V(absent) deletes all certificates for exactly these names, with keys of O(key_algorithm), and none while one of
      them is in use.
    type: str
    choices: [present, absent]
    default: present
  key_algorithm:
    description: The kind of key of a new certificate. One that is there with another key is not taken for it.
    type: str
    choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
    default: RSA_2048
  export:
    description:
      - Whether the key may be exported, for servers outside AWS. Such certificates cost money, and cannot be made so
        afterwards. One that is there and is not exportable is not taken for it.
    type: bool
    default: false
  tags:
    description: The tags of a new certificate.
    type: dict
  wait:
    description: Wait until it is issued. The records must be in the DNS by then.
    type: bool
    default: false
  wait_timeout_seconds:
    description: How long to wait at most.
    type: int
    default: 900
extends_documentation_fragment:
  - steadyfront.fleet.aws_settings
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Request a certificate for CloudFront
  steadyfront.fleet.acm_certificate_request:
    region: us-east-1
    names: [api.example.com, www.example.com]
  register: requested

- name: Prove that the names are ours
  steadyfront.fleet.route53_records:
    zone: example.com
    records: "{{ requested.certificate.records }}"

- name: Wait until it is issued
  steadyfront.fleet.acm_certificate_request:
    region: us-east-1
    names: [api.example.com, www.example.com]
    wait: true
"""

RETURN = r"""
certificate:
  description: The certificate. Empty when it is absent, and in check mode when it would be requested.
  returned: success
  type: dict
  contains:
    arn: {description: Its ARN., type: str, returned: always}
    status: {description: C(PENDING_VALIDATION) or C(ISSUED)., type: str, returned: always}
    names: {description: Its names., type: list, elements: str, returned: always}
    not_after: {description: When it expires; empty before it is issued., type: str, returned: always}
    records:
      description: The DNS records that prove the names.
      type: list
      elements: dict
      returned: always
      sample: [{name: _a1.api.example.com., type: CNAME, value: _b2.acm-validations.aws.}]
"""

import hashlib
import time
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded

try:
    from botocore.exceptions import WaiterError
except ImportError:
    pass  # AnsibleAWSModule says so

ALIVE = ["ISSUED", "PENDING_VALIDATION"]
# ACM shows the records some seconds after a request.
RECORDS_SECONDS = 60


class Certificates:
    """ACM's certificates for exactly these names, with this kind of key."""

    def __init__(self, client: Any, options: dict[str, Any]) -> None:
        self._client = client
        self._options = options
        self.names = [name.lower() for name in options["names"]]

    def alive(self) -> list[dict[str, Any]]:
        """What ACM says of them, the issued ones first."""
        algorithm = self._options["key_algorithm"]
        pages = self._client.get_paginator("list_certificates").paginate(
            CertificateStatuses=ALIVE, Includes={"keyTypes": [algorithm]}
        )
        arns = [
            summary["CertificateArn"]
            for page in pages
            for summary in page["CertificateSummaryList"]
            if summary["DomainName"].lower() == self.names[0]
        ]
        found = [self.describe(arn) for arn in arns]
        return sorted(filter(self._fits, found), key=lambda certificate: ALIVE.index(certificate["Status"]))

    def describe(self, arn: str) -> dict[str, Any]:
        return dict(self._client.describe_certificate(CertificateArn=arn, aws_retry=True)["Certificate"])

    def request(self) -> str:
        names, tags = self.names, self._options["tags"] or {}
        wanted = [*names, self._options["key_algorithm"], str(self._options["export"])]
        answer = self._client.request_certificate(
            DomainName=names[0],
            ValidationMethod="DNS",
            # A request that is sent again, for its answer was lost, makes no second certificate.
            IdempotencyToken=hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:32],
            KeyAlgorithm=self._options["key_algorithm"],
            Options={"Export": "ENABLED" if self._options["export"] else "DISABLED"},
            **({"SubjectAlternativeNames": names[1:]} if names[1:] else {}),
            **({"Tags": [{"Key": key, "Value": str(value)} for key, value in tags.items()]} if tags else {}),
            aws_retry=True,
        )
        return str(answer["CertificateArn"])

    def delete(self, arn: str) -> None:
        self._client.delete_certificate(CertificateArn=arn, aws_retry=True)

    def with_records(self, arn: str) -> dict[str, Any]:
        """The certificate, when ACM has made up its records."""
        end = time.monotonic() + RECORDS_SECONDS
        while True:
            certificate = self.describe(arn)
            proofs = certificate.get("DomainValidationOptions", [])
            if (proofs and all("ResourceRecord" in proof for proof in proofs)) or time.monotonic() > end:
                return certificate
            time.sleep(2)

    def wait(self, arn: str, seconds: int) -> None:
        """Until it is issued. Raises WaiterError."""
        delay = max(1, min(15, seconds))
        waiter = self._client.get_waiter("certificate_validated")
        waiter.wait(CertificateArn=arn, WaiterConfig={"Delay": delay, "MaxAttempts": max(1, seconds // delay)})

    def _fits(self, certificate: dict[str, Any]) -> bool:
        names = {name.lower() for name in certificate.get("SubjectAlternativeNames", [certificate["DomainName"]])}
        exportable = certificate.get("Options", {}).get("Export") == "ENABLED"
        asked = certificate.get("Type", "AMAZON_ISSUED") == "AMAZON_ISSUED"
        return asked and names == set(self.names) and (exportable or not self._options["export"])


def shown(certificate: dict[str, Any]) -> dict[str, Any]:
    """As it is returned. Names that are proved by one record, as a domain and its wildcard are, share it."""
    proofs = [
        proof["ResourceRecord"] for proof in certificate.get("DomainValidationOptions", []) if "ResourceRecord" in proof
    ]
    records = {(proof["Name"], proof["Type"], proof["Value"]) for proof in proofs}
    return {
        "arn": certificate["CertificateArn"],
        "status": certificate["Status"],
        "names": sorted(certificate.get("SubjectAlternativeNames", [certificate["DomainName"]])),
        "not_after": str(certificate.get("NotAfter", "")),
        "records": [{"name": name, "type": type_, "value": value} for name, type_, value in sorted(records)],
    }


def present(module: AnsibleAWSModule, certificates: Certificates) -> None:
    found = certificates.alive()[:1]
    names = {"names": sorted(certificates.names)}
    result = {"changed": not found, "diff": {"before": names if found else {}, "after": names}}
    if not found and module.check_mode:
        module.exit_json(**result, certificate={})
    arn = found[0]["CertificateArn"] if found else certificates.request()
    if module.params["wait"] and not module.check_mode:
        seconds = module.params["wait_timeout_seconds"]
        try:
            certificates.wait(arn, seconds)
        except WaiterError as error:
            module.fail_json_aws(
                error,
                msg=f"{arn} is not issued after wait_timeout_seconds ({seconds}): are its records in the DNS?",
                certificate=shown(certificates.describe(arn)),
            )
    module.exit_json(**result, certificate=shown(certificates.with_records(arn)))


def absent(module: AnsibleAWSModule, certificates: Certificates) -> None:
    found = certificates.alive()
    used = [certificate["CertificateArn"] for certificate in found if certificate.get("InUseBy")]
    if used:
        module.fail_json(msg=f"{', '.join(used)} is in use: take it away from what uses it first")
    if not module.check_mode:
        for certificate in found:
            certificates.delete(certificate["CertificateArn"])
    names = {"names": sorted(certificates.names)} if found else {}
    module.exit_json(changed=bool(found), certificate={}, diff={"before": names, "after": {}})


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "key_algorithm": {
                "type": "str",
                "choices": ["RSA_2048", "EC_prime256v1", "EC_secp384r1"],
                "default": "RSA_2048",
            },
            "export": {"type": "bool", "default": False},
            "tags": {"type": "dict"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout_seconds": {"type": "int", "default": 900},
        },
        supports_check_mode=True,
    )
    if not module.params["names"]:
        module.fail_json(msg="names is empty: a certificate needs at least one")
    ensure = absent if module.params["state"] == "absent" else present
    guarded(module, "acm", lambda client: ensure(module, Certificates(client, module.params)))


if __name__ == "__main__":
    main()
