"""What playbooks/proxies.yml says before it reaches a host: here nobody can be reached."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[3]
UNREACHABLE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
MISSING = "fleet_origin_secrets is empty, though fleet_origin_secrets_path is /nowhere/secrets.yml: bring that file"
NO_HTTPS = "fleet_certificates is set and nginx_proxy_certificate_path is not: proxy1 speaks no HTTPS."
FILES = {"provider": "files", "names": ["api.example.com"]}
TLS = {"nginx_proxy_certificate_path": "/etc/ssl/fleet/live/fullchain.pem"}


def said(**given: Any) -> str:
    variables = ["-e", json.dumps({**UNREACHABLE, **given})]
    run = ["ansible-playbook", "-i", "inventories/staging", "playbooks/proxies.yml", *variables]
    result = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    return " ".join(result.stdout.split())


def test_without_the_file_with_the_origin_secrets_no_host_is_touched():
    output = said(fleet_origin_secrets_path="/nowhere/secrets.yml")
    assert MISSING in output
    assert "unreachable=0" in output


@pytest.mark.parametrize(
    ("given", "is_warned"),
    [({}, False), ({"fleet_certificates": FILES}, True), ({"fleet_certificates": FILES, **TLS}, False)],
    ids=["no certificates", "forgotten", "named"],
)
def test_certificates_that_no_proxy_would_show_are_a_warning(given, is_warned):
    output = said(**given)
    assert (NO_HTTPS in output) == is_warned
    assert "unreachable=1" in output
