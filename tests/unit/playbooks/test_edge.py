"""playbooks/edge.yml where a certificate waits for records that somebody else makes, which MiniStack never has."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[3]
ARN = "arn:aws:acm:us-east-1:111122223333:certificate/"


def answer(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The certificate's number is the name that it is for."""
    if operation == "ListCertificates":
        return {"CertificateSummaryList": []}
    if operation == "RequestCertificate":
        return {"CertificateArn": ARN + asked["DomainName"]}
    name = asked["CertificateArn"].removeprefix(ARN)
    record = {"Name": f"_a1.{name}.", "Type": "CNAME", "Value": "_b2.acm-validations.aws."}
    return {
        "Certificate": {
            "CertificateArn": asked["CertificateArn"],
            "DomainName": name,
            "Status": "PENDING_VALIDATION",
            "DomainValidationOptions": [{"DomainName": name, "ResourceRecord": record}],
        }
    }


class Acm(BaseHTTPRequestHandler):
    asked: list[str]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.asked.append(operation)
        body = json.dumps(answer(operation, asked)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def acm() -> Iterator[str]:
    """The address of an ACM that issues nothing."""
    Acm.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Acm) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_without_a_zone_it_stops_once_and_says_which_records_are_needed(acm):
    variables = {
        "aws_endpoint_url": acm,
        "fleet_dns_zone": "",
        "fleet_origin_secrets": {"current": "a" * 32},
        "fleet_routes": [],
        "fleet_domains": [
            {"name": "api.example.com", "plain_http": "refuse"},
            {"name": "given.example.com", "plain_http": "refuse", "certificate_arn": ARN + "given"},
            {"name": "old.example.com", "plain_http": "serve"},
        ],
    }
    run = ["ansible-playbook", "playbooks/edge.yml", "-e", json.dumps(variables)]
    result = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    output = " ".join(result.stdout.split())
    assert "Certificates wait for their DNS records. Make these, then run this again" in output
    assert "_a1.api.example.com. CNAME _b2.acm-validations.aws." in output
    assert "_a1.old.example.com. CNAME _b2.acm-validations.aws." in output
    assert Acm.asked == ["ListCertificates", "RequestCertificate", "DescribeCertificate"] * 2
