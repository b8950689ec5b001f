"""What a check of the role takes from what apt would do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[4]
SKIPPED = {"skipped": True}


@pytest.mark.parametrize(
    ("with_lua", "alone", "is_new"),
    [
        ("Inst nginx-common (1.26)\nInst nginx (1.26)\nInst libnginx-mod-http-lua (0.10)\n", None, True),
        (None, "Inst nginx (1.26)\n", True),
        ("Inst lua-cjson (2.1)\nInst libnginx-mod-http-lua (0.10)\n", None, False),
        ("", None, False),
    ],
    ids=["a new host", "a new host without Lua", "a host with NGINX", "a host with all of it"],
)
def test_a_check_ends_where_nginx_itself_is_still_to_come(with_lua, alone, is_new):
    found = {
        name: SKIPPED if words is None else {"stdout": words}
        for name, words in (("__nginx_proxy_with_lua", with_lua), ("__nginx_proxy_alone", alone))
    }
    given = ["-e", "@roles/nginx_proxy/vars/main.yml", "-e", json.dumps(found)]
    ansible = [Path(sys.executable).with_name("ansible"), "localhost", "-m", "debug", "-a", "var=__nginx_proxy_is_new"]
    asked = subprocess.run([*ansible, *given], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert f"__nginx_proxy_is_new: {str(is_new).lower()}" in asked.stdout, asked.stdout
