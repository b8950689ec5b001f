"""What a check of the role says of the agent's restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[4]
KEYS, CONFIGURATION, UNIT, SCRIPT = FILES = [
    "/opt/aws/amazon-cloudwatch-agent/etc/credentials",
    "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json",
    "/etc/systemd/system/amazon-cloudwatch-agent.service.d/50-log-shipping.conf",
    "/etc/logrotate.d/httpd-prerotate/log-shipping",
]


@pytest.mark.parametrize(
    ("options", "found", "changed", "is_unread"),
    [
        (["--check"], "", [], False),
        (["--check"], "", [CONFIGURATION], True),
        (["--check"], "", [KEYS], True),
        (["--check"], "", [UNIT], True),
        # logrotate reads it, not the agent.
        (["--check"], "", [SCRIPT], False),
        (["--check"], "/etc/read/at/start", [], True),
        # What was written before the agent was started has been read.
        ([], "", FILES, False),
        ([], "/etc/read/at/start", [], True),
    ],
)
def test_a_check_announces_the_restart_for_what_would_be_written(options, found, changed, is_unread):
    given = {
        "__log_shipping_written": {"changed_paths": changed},
        "__log_shipping_unread": {"stdout": found},
        "log_shipping_access_key": "AKID",
    }
    variables = ["-e", "@roles/log_shipping/vars/main.yml", "-e", json.dumps(given)]
    debug = ["localhost", "-m", "debug", "-a", "var=__log_shipping_is_unread", *variables, *options]
    ansible = [Path(sys.executable).with_name("ansible"), *debug]
    asked = subprocess.run(ansible, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert f"__log_shipping_is_unread: {str(is_unread).lower()}" in asked.stdout, asked.stdout
