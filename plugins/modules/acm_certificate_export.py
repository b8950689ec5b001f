#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A certificate of ACM with its key, for a server outside AWS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate_export
short_description: Export a certificate from ACM, with its key
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Returns a certificate of ACM with its chain and its key, for a server that is not in AWS.
  - Asks for the certificate first, which anybody may see, and exports it only when it is not the one that is known.
  - The key is in the result. Use C(no_log) on the task, and on those that use what it registers.
options:
  arn:
    description:
      - The ARN of the certificate, which must be exportable. M(steadyfront.fleet.acm_certificate_request) requests such
        ones with O(steadyfront.fleet.acm_certificate_request#module:export=true).
    type: str
    required: true
  known_sha256:
    description:
      - The SHA-256 of the certificate that the server has, in hexadecimal digits, perhaps with colons. Of
        M(community.crypto.x509_certificate_info), RV(community.crypto.x509_certificate_info#module:fingerprints).
      - While ACM has the same one nothing is exported.
    type: str
attributes:
  check_mode:
    description: Asks AWS which certificate there is. Exports nothing, so there is no key in the result.
    support: full
  diff_mode:
    description: Shows the SHA-256 of both certificates.
    support: full
requirements: [cryptography]
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Request a certificate that may be exported
  steadyfront.fleet.acm_certificate_request:
    names: [api.example.com]
    export: true
    wait: true
  register: requested

- name: Look at the one that the server has
  community.crypto.x509_certificate_info:
    path: /etc/ssl/api/fullchain.pem
  register: known

- name: Export it when ACM has another
  steadyfront.fleet.acm_certificate_export:
    arn: "{{ requested.certificate.arn }}"
    known_sha256: "{{ known.fingerprints.sha256 }}"
  delegate_to: localhost
  no_log: true
  register: exported

- name: Give the server its key
  ansible.builtin.copy:
    content: "{{ exported.private_key }}"
    dest: /etc/ssl/api/privkey.pem
    mode: "0600"
  no_log: true
  when: exported is changed
"""

RETURN = r"""
certificate:
  description: The certificate, and the chain behind it, in PEM.
  returned: success
  type: str
sha256:
  description: The certificate's SHA-256, in hexadecimal digits with colons.
  returned: success
  type: str
private_key:
  description: Its key in PEM (PKCS 8), without a passphrase.
  returned: when it was exported
  type: str
"""

import secrets
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import connect

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule says so
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False


def digest(certificate: str) -> str:
    """The SHA-256 of the first certificate in PEM text, as ``known_sha256`` is given."""
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex(":")


def with_chain(answer: dict[str, Any]) -> str:
    parts = [answer["Certificate"], answer.get("CertificateChain", "")]
    return "".join(f"{part.strip()}\n" for part in parts if part)


def exported_key(client: Any, arn: str) -> tuple[str, str]:
    """The certificate with its chain, and its key without the passphrase that it came under."""
    passphrase = secrets.token_urlsafe(32).encode()
    answer = client.export_certificate(CertificateArn=arn, Passphrase=passphrase, aws_retry=True)
    key = serialization.load_pem_private_key(answer["PrivateKey"].encode(), passphrase)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return with_chain(answer), plain.decode()


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={"arn": {"type": "str", "required": True}, "known_sha256": {"type": "str"}},
        supports_check_mode=True,
    )
    if not HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography"))
    arn, known = module.params["arn"], (module.params["known_sha256"] or "").lower()
    try:
        client = connect(module, "acm")
        certificate = with_chain(client.get_certificate(CertificateArn=arn, aws_retry=True))
        result = {"changed": digest(certificate).replace(":", "") != known.replace(":", "")}
        if result["changed"] and not module.check_mode:
            certificate, result["private_key"] = exported_key(client, arn)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"ACM did not export {arn}: is it issued, and requested with export?")
    sha256 = digest(certificate)
    diff = {"before": known if result["changed"] else sha256, "after": sha256}
    module.exit_json(**result, certificate=certificate, sha256=sha256, diff=diff)


if __name__ == "__main__":
    main()
