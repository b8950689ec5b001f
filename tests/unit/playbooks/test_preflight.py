"""What playbooks/preflight.yml refuses; it needs no hosts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[3]
VERIFIED = {
    "path": "/notes",
    "methods": ["POST"],
    "class": "verified",
    "verify": {"match": ["title"], "list": "/notes?patient_id=1"},
}


@pytest.mark.parametrize(
    ("address", "is_refused"), [("10.20.1.11", False), ("2001:db8::11", True), ("proxy2.clinic.example", True)]
)
def test_proxies_that_look_for_writes_know_one_another_by_ipv4_addresses(address, is_refused):
    given = {"fleet_routes": [VERIFIED], "fleet_proxy_addresses": {"proxy1": "10.20.0.11", "proxy2": address}}
    run = ["ansible-playbook", "-i", "inventories/staging", "playbooks/preflight.yml", "-e", json.dumps(given)]
    result = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    output = " ".join(result.stdout.split())
    assert ("is a mapping with the IPv4 address of each, proxy1, proxy2" in output) == is_refused, output
    assert (result.returncode != 0) == is_refused, output
