"""What a check of the role says of the agent's restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[4]
FILES = ["common", "keys", "configured", "unit"]


@pytest.mark.parametrize(
    ("options", "found", "changed", "is_unread"),
    [
        (["--check"], "", [], False),
        (["--check"], "", ["configured"], True),
        (["--check"], "", ["keys"], True),
        (["--check"], "/etc/read/at/start", [], True),
        # What was written before the agent was started has been read.
        ([], "", FILES, False),
        ([], "/etc/read/at/start", [], True),
    ],
)
def test_a_check_announces_the_restart_for_what_would_be_written(options, found, changed, is_unread):
    results = {f"__log_shipping_{name}": {"changed": name in changed} for name in FILES}
    given = {**results, "__log_shipping_unread": {"stdout": found}}
    variables = ["-e", "@roles/log_shipping/vars/main.yml", "-e", json.dumps(given)]
    debug = ["localhost", "-m", "debug", "-a", "var=__log_shipping_is_unread", *variables, *options]
    ansible = [Path(sys.executable).with_name("ansible"), *debug]
    asked = subprocess.run(ansible, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert f"__log_shipping_is_unread: {str(is_unread).lower()}" in asked.stdout, asked.stdout
